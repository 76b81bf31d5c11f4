"""What a person has set for Python, IPython and matplotlib that changes how a lesson looks or runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from lrcourse.base import DISTURBING
from lrcourse.doctor.installed import notebook_folders

if TYPE_CHECKING:
    from lrcourse.doctor.report import Report

INLINE = ("inline", "module://matplotlib_inline.backend_inline")
# Of IPython's settings, those that reach a kernel and what a cell shows.
SHELL = ("InteractiveShell", "ZMQInteractiveShell", "InteractiveShellApp", "IPKernelApp", "IPythonKernel")
SHELL += ("InlineBackend", "DisplayFormatter", "PlainTextFormatter")
CONFIGS = ("ipython_config", "ipython_kernel_config")
OF_OURS = {"torch", "torchvision", "numpy", "pandas", "matplotlib", "ipywidgets", "IPython", "tqdm", "joblib", "PIL"}


def variables(report: Report) -> None:
    """Tell which variables of the environment change what a lesson shows."""
    for name, what in DISTURBING.items():
        value = os.environ.get(name)
        if value and not (name == "MPLBACKEND" and value in INLINE):
            report.disturb(name, f"{name}={value}: {what}. Unset it before Jupyter starts")


def profile_of_ipython(report: Report) -> None:
    """Tell what IPython's settings, and files that it runs at its start, change in each kernel."""
    from IPython.core.application import ENV_CONFIG_DIRS, SYSTEM_CONFIG_DIRS
    from IPython.paths import get_ipython_dir

    profile = Path(get_ipython_dir(), "profile_default")
    folders = [*map(Path, [*SYSTEM_CONFIG_DIRS, *ENV_CONFIG_DIRS]), profile]
    step = "Start the course with IPYTHONDIR set to an empty folder to leave that out"
    for file in (folder / f"{name}{suffix}" for folder in folders for name in CONFIGS for suffix in (".py", ".json")):
        if file.is_file() and (found := ", ".join(_settings(file))):
            report.disturb("IPython's settings", f"{file} sets {found}. {step}")
    runs = sorted(path.name for path in (profile / "startup").glob("*.[ip]*y"))
    if runs:
        report.disturb("IPython's settings", f"each kernel runs {', '.join(runs)} of {profile / 'startup'}. {step}")


def matplotlibrc(report: Report) -> None:
    """Tell which settings of matplotlib a file of the person's changes."""
    import matplotlib

    # In the order in which matplotlib looks; where a kernel runs comes first.
    beside = [folder / "matplotlibrc" for folder in notebook_folders()]
    given, usual = os.environ.get("MATPLOTLIBRC"), Path(matplotlib.get_configdir(), "matplotlibrc")
    own = [*([Path(given), Path(given, "matplotlibrc")] if given else []), usual]
    found = [path for path in beside if path.is_file()] or [path for path in own if path.is_file()][:1]
    for path in found:
        read, default = matplotlib.rc_params_from_file(path, use_default_template=False), matplotlib.rcParamsDefault
        changed = [key for key in read if key != "backend" and read[key] != default[key]]  # Jupyter sets its own
        step = "rename it" if path in beside else "start the course with MATPLOTLIBRC set to an empty file"
        if changed:
            report.disturb("matplotlibrc", f"{path} changes the pictures ({', '.join(changed)}): {step}")


def files_that_hide_modules(report: Report) -> None:
    """Tell which files beside the lessons Python would import in place of a package."""
    for folder in notebook_folders():
        for path in sorted(folder.glob("*.py")):
            if path.stem in sys.stdlib_module_names | OF_OURS:
                report.disturb(path.name, f"{path} is imported in place of the module {path.stem}: rename it")


def _settings(file: Path) -> Iterator[str]:
    """Yield what one of IPython's files sets, read as IPython reads it."""
    from traitlets.config.loader import JSONFileConfigLoader, PyFileConfigLoader

    loader = JSONFileConfigLoader if file.suffix == ".json" else PyFileConfigLoader
    config = loader(file.name, path=str(file.parent)).load_config()
    for name in SHELL:
        yield from (f"{name}.{key} = {value!r}" for key, value in config.get(name, {}).items())
