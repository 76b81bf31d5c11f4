"""What everybody stands on: arguments that are checked, protocols, files written whole, settings, what is printed.

Each name is imported when it is first used (PEP 562): `lrcourse doctor` has to run also where torch does not.
"""

from importlib import import_module

_HOME = {
    "DISTURBING": "surroundings",
    "MARK": "desks",
    "OPENMP": "surroundings",
    "Outermost": "stepping",
    "PRIVATE": "desks",
    "Reachable": "reachable",
    "acts_on": "protocols",
    "as_python": "arguments",
    "bar": "progress",
    "check_is": "arguments",
    "check_number": "arguments",
    "check_scheduler": "protocols",
    "check_series": "arguments",
    "check_whole": "arguments",
    "checks_in": "asked",
    "count_answered": "asked",
    "find_desk": "desks",
    "find_what_moved": "moved",
    "folder_beside": "files",
    "free_name": "memory",
    "is_optimizer": "protocols",
    "is_patient": "surroundings",
    "is_scheduler": "protocols",
    "lesson_of": "desks",
    "moved_by_step": "stepping",
    "note": "versions",
    "now": "memory",
    "open_solutions": "desks",
    "optimizers_in": "protocols",
    "put_in_place": "files",
    "read_answers": "memory",
    "read_cells": "asked",
    "recall": "memory",
    "remember": "memory",
    "remember_steps": "counting",
    "set_aside_damaged": "memory",
    "setting": "settings",
    "settle": "surroundings",
    "step_hooks": "stepping",
    "steps_inside": "stepping",
    "steps_made": "counting",
    "switch_mode": "protocols",
    "takes_metric": "protocols",
    "tell": "console",
    "tell_once": "versions",
    "write_whole": "files",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f"lrcourse.base.{_HOME[name]}"), name)
    raise AttributeError(f"module 'lrcourse.base' has no attribute {name!r}")
