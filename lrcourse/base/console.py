"""Print on any console: one of Windows has no check mark, and one in the C locale no umlaut."""

from __future__ import annotations

import sys

MARKS = {"✓": "ok", "✗": "no"}


def tell(text: object) -> None:
    """Print ``text``; what the console cannot show is written in ASCII, a check mark as ``ok``.

    >>> tell("✓ one is one")
    ✓ one is one
    """
    text = str(text)
    # A text in memory, as in tests, has no encoding and takes everything.
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        for mark, word in MARKS.items():
            text = text.replace(mark, word)
        text = text.encode(encoding, "backslashreplace").decode(encoding)
    print(text)
