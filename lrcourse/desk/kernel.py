"""The kernel of a JupyterLab that a person starts without ``lrcourse lab``: it gets the same settings of OpenMP."""

from __future__ import annotations

import sys

from lrcourse.base import OPENMP, is_patient
from lrcourse.desk.course import DeskError


def set_up_kernel() -> str:
    """Let the kernel ``python3`` of this environment, which the lessons ask for, begin with these settings.

    Jupyter's own record of the kernel is written, in the environment alone: a kernel is an environment's, and so is
    what it begins with. Return the folder that holds the record.

    Raises:
        DeskError: the environment may not be written to, or Jupyter takes another's kernel of this name.
    """
    from ipykernel.kernelspec import install
    from jupyter_client.kernelspec import KernelSpecManager

    try:
        there = install(prefix=sys.prefix, env=dict(OPENMP))
    except OSError as error:
        settings = " and ".join(map("=".join, OPENMP.items()))
        why = f"{error.filename}: {error.strerror}"
        raise DeskError(f"This could not be kept ({why}): set {settings} yourself, before JupyterLab starts.") from None
    taken = KernelSpecManager().get_kernel_spec("python3")
    if not is_patient(taken.env):
        raise DeskError(f"Jupyter takes the kernel python3 of {taken.resource_dir}, not of {there}: rename the first.")
    return there
