"""Check arguments, in one place, so that each error names the argument, what it got and what it wants."""

from __future__ import annotations

from numbers import Integral


def check_whole(name: str, number: object, *, least: int = 1, unit: str = "") -> None:
    """Raise a ``ValueError`` unless ``number`` is a whole number from ``least``; ``True`` is none.

    >>> check_whole("epochs", 2.5)
    Traceback (most recent call last):
    ValueError: epochs must be a whole number from 1, got 2.5
    """
    if isinstance(number, bool) or not isinstance(number, Integral) or number < least:
        raise ValueError(f"{name} must be a whole number{unit and f' of {unit},'} from {least}, got {number!r}")
