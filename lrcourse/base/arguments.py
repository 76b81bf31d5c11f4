"""Check arguments, in one place, so that each error names the argument, what it got and what it wants.

A number may be Python's, NumPy's, one out of a table of pandas, or a tensor without dimensions. A truth value is none.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Set
from numbers import Integral, Real


def as_python(value: object) -> object:
    """Return a number of NumPy or torch as Python's; anything else as it is.

    >>> import numpy as np
    >>> as_python(np.int64(3)), as_python("three")
    (3, 'three')
    """
    # By its shape and not by its class: neither library need be imported for it.
    return value.item() if getattr(value, "shape", None) == () and hasattr(value, "item") else value


def check_whole(name: str, number: object, *, least: int = 1, unit: str = "") -> int:
    """Return ``number`` as Python's; raise a ``ValueError`` unless it is a whole number from ``least``.

    >>> check_whole("epochs", 2.5)
    Traceback (most recent call last):
    ValueError: epochs must be a whole number from 1, got 2.5
    """
    plain = as_python(number)
    if isinstance(plain, bool) or not isinstance(plain, Integral) or plain < least:
        raise ValueError(f"{name} must be a whole number{unit and f' of {unit},'} from {least}, got {number!r}")
    return int(plain)


def check_number(name: str, number: object, *, least: float = 0) -> float:
    """Return ``number`` as Python's; raise a ``ValueError`` unless it is finite and from ``least``.

    >>> check_number("lr", "0.1")
    Traceback (most recent call last):
    ValueError: lr must be a finite number from 0, got '0.1'
    """
    plain = as_python(number)
    if not (_is_real(plain) and math.isfinite(plain) and plain >= least):
        raise ValueError(f"{name} must be a finite number from {least}, got {number!r}")
    return float(plain)


def check_series(
    name: str, numbers: Iterable[float], advice: str, *, least: int = 1, finite: bool = True
) -> list[float]:
    """Return the numbers as a list; raise a ``ValueError`` with the advice unless there are ``least``, in some order.

    With ``finite=False`` they may be infinite or NaN, as the losses of a training that went astray.

    >>> check_series("metrics", [], "pass history.val_loss")
    Traceback (most recent call last):
    ValueError: metrics must be finite numbers, one for each step, got []: pass history.val_loss
    """
    series = [as_python(number) for number in _listed(numbers)]
    real = all(_is_real(number) and (math.isfinite(number) or not finite) for number in series)
    if len(series) < least or not real:
        what = "finite numbers" if finite else "numbers"
        raise ValueError(f"{name} must be {what}, one for each step, got {numbers!r:.80}: {advice}")
    return [float(number) for number in series]


def check_is(name: str, value: object, kind: type, advice: str) -> None:
    """Raise a ``TypeError`` with the advice unless ``value`` is of the kind.

    >>> check_is("model", 3, dict, "pass a dict")
    Traceback (most recent call last):
    TypeError: model must be of type dict, got int: pass a dict
    """
    if not isinstance(value, kind):
        got = f"the class {value.__name__} itself" if isinstance(value, type) else type(value).__name__
        raise TypeError(f"{name} must be of type {kind.__name__}, got {got}: {advice}")


def _is_real(number: object) -> bool:
    return isinstance(number, Real) and not isinstance(number, bool)


def _listed(numbers: Iterable) -> list:
    """Return what stands in an array, a tensor, a series or a list; of what has no order or is text, itself alone."""
    listed = numbers.tolist() if hasattr(numbers, "tolist") else numbers
    ordered = isinstance(listed, Iterable) and not isinstance(listed, (str, bytes, Mapping, Set))
    return list(listed) if ordered else [[numbers]]
