"""How the package hangs together."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import lrcourse

PACKAGE = Path(lrcourse.__file__).parent
# Each module may import those that stand before it.
ORDER = [
    "arguments",
    "versions",
    "progress",
    "files",
    "checkpoints",
    "shapes10",
    "sources",
    "fetch",
    "data",
    "models",
    "schedules",
    "rules",
    "rules_adam",
    "adaptive",
    "claims",
    "traces",
    "recording",
    "training",
    "range_test",
    "sweeps",
    "plots",
    "explore",
    "explore_traces",
    "explore_factors",
    "explore_paths",
    "scheduler_controls",
    "explore_schedules",
    "answers",
    "exercises",
    "cli",
    "__init__",
]


def imported(module):
    for node in ast.walk(ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "lrcourse":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module.startswith("lrcourse."):
            yield node.module.split(".")[1]


def test_the_order_names_every_module():
    assert sorted(ORDER) == sorted(path.stem for path in PACKAGE.glob("*.py"))


@pytest.mark.parametrize("module", ORDER)
def test_imports_only_go_down(module):
    assert set(imported(module)) <= set(ORDER[: ORDER.index(module)])


def test_training_and_recording_do_not_know_each_other():
    assert "recording" not in imported("training")
    assert "training" not in imported("recording")


def test_importing_lrcourse_does_not_wait_for_slow_packages():
    code = "import sys, lrcourse; print([m for m in ('matplotlib', 'ipywidgets', 'torchvision') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_public_names_are_sorted_and_there():
    assert lrcourse.__all__ == sorted(lrcourse.__all__)
    assert all(hasattr(lrcourse, name) for name in lrcourse.__all__)
    with pytest.raises(AttributeError, match="no attribute 'fitt'"):
        _ = lrcourse.fitt


@pytest.mark.parametrize("name", lrcourse.__all__)
def test_every_public_name_is_documented_by_an_example(name):
    assert ">>>" in getattr(lrcourse, name).__doc__
