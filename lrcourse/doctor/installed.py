"""What is installed: Python, the packages, lrcourse itself, Jupyter's kernel and widgets."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import platform
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from lrcourse.base import find_desk, note

if TYPE_CHECKING:
    from packaging.requirements import Requirement

    from lrcourse.doctor.report import Report

HERE = Path(__file__).resolve().parents[1]
WIDGETS = "@jupyter-widgets/jupyterlab-manager"


def python(report: Report) -> None:
    """Tell which Python this is."""
    here = platform.python_version()
    report.line("Python", f"{here} on {platform.system()} {platform.machine()}")
    from packaging.specifiers import SpecifierSet

    wanted = _project().get("requires-python") or importlib.metadata.metadata("lrcourse")["Requires-Python"]
    if not SpecifierSet(wanted).contains(here, prereleases=True):
        report.problem(f"Python {here} is not {wanted}: install another one, and lrcourse with it")


def packages(report: Report) -> None:
    """Tell the version of each package that lrcourse needs, and which are missing, broken or too old."""
    for requirement in _wanted("dependencies"):
        if fault := _fault(requirement):
            report.problem(fault)
        report.line(requirement.name, _version(requirement.name) or "missing")
    faults = [fault for requirement in _wanted("test") if (fault := _fault(requirement))]
    report.notes += [f"{fault} (the lessons run without, the tests do not)" for fault in faults]


def torch_and_torchvision(report: Report) -> None:
    """Tell whether the two go together: torchvision names the one torch that it was built for."""
    from packaging.requirements import Requirement

    here = _version("torch")
    needed = importlib.metadata.requires("torchvision") if here and _version("torchvision") else None
    for requirement in map(Requirement, needed or []):
        if requirement.name == "torch" and not requirement.specifier.contains(here, prereleases=True):
            report.problem(
                f"torchvision {_version('torchvision')} was built for torch{requirement.specifier}, here is {here}:"
                " install the pair in constraints.txt"
            )


def lrcourse_itself(report: Report) -> None:
    """Tell which lrcourse this is, and whether Python would find another one too."""
    report.line("lrcourse", f"{importlib.import_module('lrcourse').__version__} in {HERE}")
    for place in dict.fromkeys(os.path.abspath(path) for path in [*sys.path, "", *notebook_folders()]):
        for name in ("lrcourse/__init__.py", "lrcourse.py"):
            other = Path(place, name)
            if other.is_file() and other.resolve().parent != HERE:
                text = f"{other} is another lrcourse: uninstall or rename it, or take it off Python's path"
                report.disturb("another lrcourse", text)


def verified_torch(report: Report) -> None:
    """Tell of a torch that is not the verified one."""
    if words := note():
        report.notes.append(words)


def kernel(report: Report) -> None:
    """Tell whether the kernel that the lessons ask for, ``python3``, is this Python."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        spec = KernelSpecManager().get_kernel_spec("python3")
    except NoSuchKernel:
        report.problem("Jupyter has no kernel python3: call `python -m ipykernel install --sys-prefix`")
        return
    program = spec.argv[0]
    # Jupyter takes a bare name for the Python that it runs on itself.
    bare = program in ("python", "python3", f"python3.{sys.version_info[1]}")
    if not bare and os.path.realpath(os.path.dirname(program)) != os.path.realpath(os.path.dirname(sys.executable)):
        report.problem(
            f"Jupyter's kernel python3 is {program}, which is not {sys.executable}: rename {spec.resource_dir}"
        )


def widgets(report: Report) -> None:
    """Tell whether JupyterLab can show sliders and buttons."""
    from jupyter_core.paths import jupyter_config_path, jupyter_path

    if not any(Path(folder, WIDGETS, "package.json").is_file() for folder in jupyter_path("labextensions")):
        text = f"JupyterLab's extension {WIDGETS} is missing: pip install --force-reinstall jupyterlab_widgets"
        report.disturb("widgets", text)
    for folder in jupyter_config_path():
        page = Path(folder, "labconfig", "page_config.json")
        if page.is_file() and WIDGETS in json.loads(page.read_text(encoding="utf-8")).get("disabledExtensions", ()):
            report.disturb("widgets", f"{page} turns {WIDGETS} off: call `jupyter labextension enable {WIDGETS}`")


def notebook_folders() -> list[Path]:
    """Return the folders in which the lessons' kernels run, and Python looks first."""
    clone = HERE.parent / "notebooks"
    folders = [find_desk(), find_desk(HERE.parent / "my_lessons"), clone, clone / "solutions"]
    return [folder for folder in dict.fromkeys(folders) if folder and folder.is_dir()]


def _wanted(group: str) -> list[Requirement]:
    """Return what is needed to run, or to test: of pyproject.toml in a clone, which an update may just have changed."""
    from packaging.requirements import Requirement

    if project := _project():
        return list(map(Requirement, {**project, **project["optional-dependencies"]}[group]))
    every = map(Requirement, importlib.metadata.requires("lrcourse") or [])
    extra = "" if group == "dependencies" else group
    return [one for one in every if (one.marker.evaluate({"extra": extra}) if one.marker else not extra)]


def _project() -> dict:
    path = HERE.parent / "pyproject.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))["project"] if path.is_file() else {}


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name) or "of no version"  # where its metadata is damaged
    except importlib.metadata.PackageNotFoundError:
        return None


def _fault(requirement: Requirement) -> str:
    """Return what is wrong with a package and what to do; nothing if it is right."""
    name, here = requirement.name, _version(requirement.name)
    if here is None:
        return f"{name} is missing: pip install {name}"
    if here == "of no version":
        return f"{name} is damaged: pip install --force-reinstall {name}"
    if not requirement.specifier.contains(here, prereleases=True):
        return f'{name} {here} is not {requirement.specifier}: pip install "{name}{requirement.specifier}"'
    return ""
