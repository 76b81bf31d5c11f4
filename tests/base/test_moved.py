"""What copies of the first edition's lessons import is found, and where it stands now is said."""

import subprocess
import sys
from importlib import import_module

import pytest

from lrcourse.base.moved import MOVED, Moved, find_what_moved

IMPORTED = ["exercises.check_number", "data.Data", "data.Split", "sources.load_pool", "traces.Series", "adaptive.rule"]


@pytest.mark.parametrize("old", MOVED)
def test_an_old_module_is_the_one_of_today(old):
    sys.modules.pop(f"lrcourse.{old}", None)
    with pytest.warns(DeprecationWarning, match=f"^lrcourse.{old} is lrcourse.{MOVED[old]} now") as warned:
        found = import_module(f"lrcourse.{old}")
    assert found is import_module(f"lrcourse.{MOVED[old]}")
    assert found.__name__ == found.__spec__.name == f"lrcourse.{MOVED[old]}"
    assert len(warned) == 1


@pytest.mark.parametrize("name", IMPORTED)
def test_what_the_first_edition_imported_is_there(name):
    old, name = name.split(".")
    code = f"from lrcourse.{old} import {name}; print({name}.__module__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("lrcourse.") and "<string>:1: DeprecationWarning" in done.stderr


def test_what_never_was_there_is_not_found():
    with pytest.raises(ModuleNotFoundError, match="No module named 'lrcourse.dataa'"):
        import_module("lrcourse.dataa")


def test_what_moved_is_looked_for_once_and_after_everything_else(monkeypatch):
    before = [finder for finder in sys.meta_path if not isinstance(finder, Moved)]
    monkeypatch.setattr(sys, "meta_path", [*before])
    for _ in range(2):
        find_what_moved()
        assert sys.meta_path[:-1] == before and isinstance(sys.meta_path[-1], Moved)


@pytest.mark.parametrize("name", ["data", "torch.data", "lrcourse", "lrcourse.steps", "lrcourse.data.deep"])
def test_only_what_moved_out_of_lrcourse_is_found(name):
    assert Moved().find_spec(name) is None
