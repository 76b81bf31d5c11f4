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
        DeskError: Jupyter takes another environment's kernel of this name.
        OSError: the environment may not be written to.
    """
    from ipykernel.kernelspec import install
    from jupyter_client.kernelspec import KernelSpecManager

    there = install(prefix=sys.prefix, env=dict(OPENMP))
    taken = KernelSpecManager().get_kernel_spec("python3")
    if not is_patient(taken.env):
        raise DeskError(f"Jupyter takes the kernel python3 of {taken.resource_dir}, not of {there}: rename the first.")
    return there
