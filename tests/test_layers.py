"""How the package hangs together."""

import ast
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import lrcourse

PACKAGE = Path(lrcourse.__file__).parent
# The floors of the house, from the ground up: imports go down only, and rooms on one floor do not know each other.
FLOORS = [
    {"base"},
    {"images", "steps", "schedules"},
    {"training", "integrations"},
    {"plots"},
    {"lessons", "explorers"},
    {"desk"},
    {"doctor"},
    {"cli", "__init__"},
]
ROOMS = sorted(set().union(*FLOORS))
UNKNOWN = {("training", "steps"), ("steps", "training")}  # they meet at optimizer.step(), and nowhere else


def modules(room):
    """Return the files of a folder, or of a module that stands alone."""
    return sorted((PACKAGE / room).glob("*.py")) or [PACKAGE / f"{room}.py"]


def imported(path):
    """Yield the full names that a module imports from lrcourse: ``base.check_is``, ``steps.rules.rule``."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "lrcourse":
            yield from (f"{node.module}.{alias.name}".removeprefix("lrcourse.") for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (a.name.removeprefix("lrcourse.") for a in node.names if a.name.startswith("lrcourse"))
        assert not (isinstance(node, ast.ImportFrom) and node.level), f"{path.name}: write the whole name"


def arrows(room):
    """Return which other rooms a room imports from."""
    return {name.split(".")[0] for path in modules(room) for name in imported(path)} - {room}


def floor(room):
    return next(i for i, rooms in enumerate(FLOORS) if room in rooms)


def test_the_floors_name_every_folder_and_module():
    there = {path.stem for path in PACKAGE.glob("*.py")}
    assert set(ROOMS) == there | {path.parent.name for path in PACKAGE.glob("*/__init__.py")}


@pytest.mark.parametrize("room", ROOMS)
def test_imports_only_go_down(room):
    assert all(floor(other) < floor(room) and (room, other) not in UNKNOWN for other in arrows(room))


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_takes_from_a_folder_what_its_door_names(room):
    for path in modules(room):
        for name in imported(path):
            other, _, inside = name.partition(".")
            if other != room and (PACKAGE / other).is_dir():
                assert inside in import_module(f"lrcourse.{other}").__all__, f"{path.name} takes {name}"


@pytest.mark.parametrize("room", [room for room in ROOMS if (PACKAGE / room).is_dir()])
def test_a_door_names_nothing_that_nobody_uses(room):
    taken = {name for other in ROOMS if other != room for path in modules(other) for name in imported(path)}
    taken |= {f"{room}.{name}" for name in lrcourse.__all__}
    root = PACKAGE.parent
    pages = [*root.glob("*.md"), *root.glob("docs/*.md"), *root.glob("notebooks/**/*.ipynb"), *root.glob("tools/*.py")]
    pages += [path for other in ROOMS if other != room for path in modules(other)]  # their examples
    text = "\n".join(path.read_text(encoding="utf-8") for path in pages)
    named = import_module(f"lrcourse.{room}").__all__
    assert [n for n in named if f"{room}.{n}" not in taken and not re.search(rf"\b{n}\b", text)] == []


def test_tests_stand_where_what_they_test_stands():
    tests = Path(__file__).parent
    folders = {path.name for path in tests.iterdir() if path.is_dir() and not path.name.startswith("__")}
    assert {path.parent.name for path in PACKAGE.glob("*/__init__.py")} <= folders


def test_importing_lrcourse_does_not_wait_for_slow_packages():
    slow = {"torch", "matplotlib", "ipywidgets", "torchvision"}
    code = f"import sys, lrcourse; print({slow} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"


def test_public_names_are_sorted_and_there():
    assert lrcourse.__all__ == sorted(lrcourse.__all__)
    assert all(hasattr(lrcourse, name) for name in lrcourse.__all__)
    assert set(lrcourse.__all__) <= set(dir(lrcourse))  # what Tab offers
    with pytest.raises(AttributeError, match="no attribute 'fitt'"):
        _ = lrcourse.fitt


@pytest.mark.parametrize("name", lrcourse.__all__)
def test_every_public_name_is_documented_by_an_example(name):
    assert ">>>" in getattr(lrcourse, name).__doc__
