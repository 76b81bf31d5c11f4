"""What a kernel inherits from whoever starts it, and what of that changes a lesson."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from lrcourse.base.settings import setting

# Variables that a kernel heeds, and what they do to a lesson.
DISTURBING = {
    "MPLBACKEND": "pictures do not appear below their cells",
    "PYTHONWARNINGS": "other warnings are shown, or become errors",
    "PYTHONSTARTUP": "each kernel runs that file first",
    "PYTHONOPTIMIZE": "asserts are left out",
    "PYTHONDEVMODE": "warnings appear that are not for learners",
    "PYTHONVERBOSE": "every import is told",
    "PYTHONPROFILEIMPORTTIME": "every import is told",
}
# By default a waiting OpenMP thread spins for milliseconds. On a busy machine it spins on the core that the thread it
# waits for needs, of this kernel or of another: seen with one other process on two cores, training then took twelve
# times as long as with these. GNU's OpenMP, which torch has on Linux, then spins for some microseconds before it
# sleeps, because sleeping at once costs half as much again on an idle machine.
OPENMP = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "3000"}
PRINTING = ("PYTHONIOENCODING", "FORCE_COLOR", "PY_COLORS", "CLICOLOR_FORCE", "PYTEST_ADDOPTS")


def is_patient(environment: Mapping[str, str]) -> bool:
    """Tell whether an environment lets the waiting threads of OpenMP sleep.

    >>> is_patient(OPENMP), is_patient({"OMP_WAIT_POLICY": "active"}), is_patient({})
    (True, False, False)
    """
    return environment.get("OMP_WAIT_POLICY", "").strip().upper() == "PASSIVE"


def settle() -> None:
    """Make what the processes started from here inherit alike on every machine: for tests, and for outputs to keep.

    A person's settings of Python, IPython, matplotlib and Jupyter are left out. ``LRCOURSE_CIFAR10`` and
    ``LRCOURSE_CACHE`` stay, as whole paths, because kernels run in another folder.
    """
    for name in (*DISTURBING, *PRINTING):
        os.environ.pop(name, None)
    for name in ("LRCOURSE_CIFAR10", "LRCOURSE_CACHE"):
        path = os.path.abspath(os.path.expanduser(setting(name)))
        if setting(name) and (os.path.exists(path) or name == "LRCOURSE_CACHE"):
            os.environ[name] = path
    # A progress bar in a cell's output would never be the same twice.
    os.environ["LRCOURSE_PROGRESS"] = "0"
    for name, value in OPENMP.items():
        os.environ.setdefault(name, value)
    _give_own_folders(Path(tempfile.mkdtemp(prefix="lrcourse-")))


def _give_own_folders(own: Path) -> None:
    """Let IPython, matplotlib and Jupyter look into a folder in which nobody has set anything."""
    atexit.register(shutil.rmtree, own, ignore_errors=True)
    (own / "matplotlibrc").touch()
    kernel = own / "jupyter" / "kernels" / "python3" / "kernel.json"  # found before one of another Python's
    kernel.parent.mkdir(parents=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    kernel.write_text(json.dumps({"argv": command, "display_name": "Python 3", "language": "python"}), encoding="utf-8")
    os.environ["IPYTHONDIR"] = str(own / "ipython")
    os.environ["MATPLOTLIBRC"] = str(own / "matplotlibrc")
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [str(own / "jupyter"), os.environ.get("JUPYTER_PATH")]))
    os.environ["JUPYTER_RUNTIME_DIR"] = str(own / "runtime")
