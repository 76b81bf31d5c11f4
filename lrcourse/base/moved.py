"""Modules of the first edition that stand in a folder now, under their old names.

A learner's own copy of a lesson is never changed by an update, so what it imports must still be found.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.util
import sys
import warnings
from importlib.machinery import ModuleSpec
from types import ModuleType

MOVED = {
    "adaptive": "steps",
    "answers": "lessons",
    "claims": "lessons",
    "data": "images.data",
    "exercises": "lessons",
    "range_test": "training",
    "recording": "steps",
    "rules": "steps",
    "sources": "images.sources",
    "sweeps": "training",
    "traces": "steps",
}


class Moved(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds ``lrcourse.data`` where it stands now, and says so. Asked only for what is found nowhere else."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Return where a module is that stands elsewhere now; ``None`` for any other."""
        package, _, old = name.partition(".")
        return importlib.util.spec_from_loader(name, self) if package == "lrcourse" and old in MOVED else None

    def create_module(self, spec: ModuleSpec) -> None:
        """Leave it to Python to make an empty one, which ``exec_module`` replaces."""

    def exec_module(self, module: ModuleType) -> None:
        """Put the module of today in the place of the empty one."""
        new = f"lrcourse.{MOVED[module.__name__.partition('.')[2]]}"
        message = f"{module.__name__} is {new} now: write `from {new} import ...`"
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        sys.modules[module.__name__] = importlib.import_module(new)


def find_what_moved() -> None:
    """Let the old names be found, once."""
    if not any(isinstance(finder, Moved) for finder in sys.meta_path):
        sys.meta_path.append(Moved())
