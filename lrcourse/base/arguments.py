"""Check arguments, in one place, so that each error names the argument, what it got and what it wants."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral, Real

import numpy as np


def check_whole(name: str, number: object, *, least: int = 1, unit: str = "") -> None:
    """Raise a ``ValueError`` unless ``number`` is a whole number from ``least``; ``True`` is none.

    >>> check_whole("epochs", 2.5)
    Traceback (most recent call last):
    ValueError: epochs must be a whole number from 1, got 2.5
    """
    if isinstance(number, bool) or not isinstance(number, Integral) or number < least:
        raise ValueError(f"{name} must be a whole number{unit and f' of {unit},'} from {least}, got {number!r}")


def check_number(name: str, number: object, *, least: float = 0) -> None:
    """Raise a ``ValueError`` unless ``number`` is a finite number from ``least``.

    >>> check_number("lr", "0.1")
    Traceback (most recent call last):
    ValueError: lr must be a finite number from 0, got '0.1'
    """
    real = isinstance(number, Real) and not isinstance(number, bool)
    if not (real and math.isfinite(number) and number >= least):
        raise ValueError(f"{name} must be a finite number from {least}, got {number!r}")


def check_series(name: str, numbers: Sequence[float], advice: str) -> list[float]:
    """Return the numbers as a list; raise a ``ValueError`` with the advice unless they are finite, one for each step.

    >>> check_series("metrics", [], "pass history.val_loss")
    Traceback (most recent call last):
    ValueError: metrics must be finite numbers, one for each step, got []: pass history.val_loss
    """
    try:
        series = np.asarray(numbers, dtype=float)
    except (TypeError, ValueError):
        series = np.empty(0)
    if series.ndim != 1 or not len(series) or not np.isfinite(series).all():
        raise ValueError(f"{name} must be finite numbers, one for each step, got {numbers!r:.80}: {advice}")
    return series.tolist()


def check_is(name: str, value: object, kind: type, advice: str) -> None:
    """Raise a ``TypeError`` with the advice unless ``value`` is of the kind.

    >>> check_is("model", 3, dict, "pass a dict")
    Traceback (most recent call last):
    TypeError: model must be of type dict, got int: pass a dict
    """
    if not isinstance(value, kind):
        got = f"the class {value.__name__} itself" if isinstance(value, type) else type(value).__name__
        raise TypeError(f"{name} must be of type {kind.__name__}, got {got}: {advice}")
