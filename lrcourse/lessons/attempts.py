"""Run what a learner wrote, and tell what became of it in words that help."""

from __future__ import annotations

import sysconfig
import traceback
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from lrcourse.base import tell
from lrcourse.lessons.memory import keep_check

FAILED = object()  # what an attempt gives whose error has been told
PLACES = [str(Path(__file__).parents[1]), *(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib"))]
MOST_DIGITS = 17  # tell any two numbers apart


def say(right: bool, hint: str) -> None:
    """Print what the learner needs next, and keep that the exercise was tried."""
    tell("✓ Right." if right else f"✗ Not yet. {hint}")
    if words := keep_check(right):
        tell(words)


def not_answered(hint: str = "") -> None:
    """Print that the answer is still missing, and what else may be seen of it."""
    tell("Not answered yet: replace the ... with your answer and run the cell again.")
    if hint:
        tell(hint)


def attempt(function: Callable, *args: object) -> object:
    """Return what the learner's function returns; ``FAILED`` if it raised an error, which is told then.

    >>> attempt(lambda x: 2 * x, 3)
    6
    >>> attempt(3) is FAILED
    ✗ Not yet. Give a function; 3 is a int.
    True
    """
    if function is ...:
        return ...
    if not callable(function):
        say(False, f"Give a function; {function!r:.60} is a {type(function).__name__}.")
        return FAILED
    try:
        return function(*args)
    except Exception as error:
        say(False, f"Your code stops with {type(error).__name__}: {error}")
        tell_where(error)
        return FAILED


def tell_where(error: Exception) -> None:
    """Print those lines of the traceback that are the learner's own; nothing, if none of them is."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if is_learners(frame)]
    if frames:
        lines = map(name_cell, frames, traceback.format_list(frames))
        tell(f"Your lines that lead there:\n{''.join(lines).rstrip()}")


def name_cell(frame: traceback.FrameSummary, lines: str) -> str:
    """Return lines of a traceback with the cell that they stand in, as IPython has it, and not a file of its own."""
    from IPython import get_ipython

    shell = get_ipython()
    cell = shell.compile.format_code_name(frame.filename) if shell else None
    return lines.replace(f'File "{frame.filename}"', " ".join(cell)) if cell else lines


def is_learners(frame: traceback.FrameSummary) -> bool:
    """Tell whether a line was written by the learner, and not here, in torch or in Python itself."""
    return not any(Path(frame.filename).is_relative_to(place) for place in PLACES)


def apart(first: object, second: object, show: Callable[[object, int], object], digits: int) -> tuple[object, object]:
    """Return two things as ``show(thing, digits)`` does, with as many digits as tell them apart.

    >>> apart(0.1, 0.1000001, lambda number, digits: f"{number:.{digits}g}", 3)
    ('0.1', '0.1000001')
    """
    for more in range(digits, MOST_DIGITS):
        if show(first, more) != show(second, more):
            return show(first, more), show(second, more)
    return show(first, MOST_DIGITS), show(second, MOST_DIGITS)


def significant(number: float, digits: int) -> str:
    """Return a number with so many digits, zeros at its end left out."""
    return f"{number:.{digits}g}"


def rounded(tensor: Tensor, digits: int) -> list[float]:
    """Return the elements of a tensor with so many digits."""
    return [float(significant(number, digits)) for number in tensor.tolist()]


def to_places(tensor: Tensor, places: int) -> list[float]:
    """Return the elements of a tensor with so many digits after the point."""
    return [round(number, places) for number in tensor.tolist()]


def close(answer: Tensor, right: Tensor, *, rtol: float, atol: float = 0.0) -> bool:
    """Tell whether an answer is right but for rounding, which for other types than float64 is coarser."""
    rtol = rtol if answer.dtype == torch.float64 else 1e-5
    return torch.allclose(answer.detach().double(), right, rtol=rtol, atol=atol)
