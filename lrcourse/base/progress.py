"""Progress bars, in one place, so that one environment variable turns them all off."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from lrcourse.base.settings import setting

if TYPE_CHECKING:
    from tqdm import tqdm


def bar(steps: Iterable, *, what: str, shown: bool = True, total: int | None = None) -> tqdm:
    """Return ``steps`` to iterate over, under a progress bar with rate and remaining time.

    ``LRCOURSE_PROGRESS=0`` in the environment hides every bar: the tests set it, because a bar would
    stand in the output of a notebook's cell and never be the same twice.
    """
    from tqdm.auto import tqdm  # looks for IPython, and with it for ipywidgets

    shown = shown and setting("LRCOURSE_PROGRESS") != "0"
    return tqdm(steps, desc=what, disable=not shown, leave=False, total=total)
