"""Which torch the course was verified with."""

from __future__ import annotations

import importlib.metadata
import logging
import os

from lrcourse.base.settings import setting

TORCH = "2.14.1"  # what the committed outputs were made with; constraints.txt names the rest


def note() -> str | None:
    """Return a sentence for whoever has a torch of another minor version, else ``None``.

    Read from what is installed: torch is not imported.
    """
    try:
        here = importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return None
    if not here or here.split(".")[:2] == TORCH.split(".")[:2]:  # none at all where its metadata is damaged
        return None
    return (
        f"lrcourse was verified with torch {TORCH}, here is {here}. It should work, and a claim that does not hold here"
        f" will say so; for the same outputs, install torch=={TORCH}"
    )


def tell_once() -> None:
    """Log the note as a warning, once, also if processes that this one starts import lrcourse again.

    ``LRCOURSE_PROGRESS=0`` keeps it back like the progress bars: in a cell's output it would be a difference.
    """
    if setting("LRCOURSE_PROGRESS") != "0" and "LRCOURSE_NOTED" not in os.environ and (words := note()):
        os.environ["LRCOURSE_NOTED"] = "1"
        logging.getLogger("lrcourse").warning(words)
