"""What a person has set in the environment, as it was meant."""

from __future__ import annotations

import os


def setting(name: str) -> str:
    """Return a variable of the environment without the quotes that some shells keep; "" where it is not set.

    ``set NAME="value"`` on Windows, ``%env NAME="value"`` in a notebook and a line of a ``.env`` file keep them.

    >>> os.environ["LRCOURSE_EXAMPLE"] = ' "my images" '
    >>> setting("LRCOURSE_EXAMPLE"), setting("LRCOURSE_NOT_SET")
    ('my images', '')
    """
    value = os.environ.get(name, "").strip()
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1].strip() if quoted else value
