"""Sentences of the course that are checked each time a notebook runs."""

from __future__ import annotations

import math

from lrcourse.base import tell


def expect(claim: str, holds: object) -> None:
    """Print ``✓ claim`` if the claim holds, and stop the notebook if it does not.

    Args:
        claim: the sentence, in the words of the explanation it belongs to.
        holds: the measurement: a ``bool``, or a NumPy or torch value with one truth value.

    Raises:
        AssertionError: the claim does not hold; its message is the claim.
        TypeError: ``holds`` is not a truth value. A list, a function or a string is always true, so a
            claim on it would check nothing.

    >>> expect("one half and one half make one", 0.5 + 0.5 == 1)
    ✓ one half and one half make one
    """
    one_bool = str(getattr(holds, "dtype", "")).endswith("bool") and math.prod(holds.shape) == 1
    if not (isinstance(holds, bool) or one_bool):
        raise TypeError(f"holds must be True or False, got {holds!r}: compare it with something")
    if not bool(holds):
        raise AssertionError(claim)
    tell(f"✓ {claim}")
