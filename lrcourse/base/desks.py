"""A desk: the folder of a learner's own copies of the lessons. ``lrcourse lab`` makes one."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from lrcourse.base.files import write_whole

PRIVATE = ".lrcourse"  # what the desk keeps for itself; JupyterLab does not show it
MARK = f"{PRIVATE}/desk.json"


def find_desk(start: str | os.PathLike = "") -> Path | None:
    """Return the desk that holds the folder ``start``, by default the current one; ``None`` outside of any.

    >>> find_desk("/") is None
    True
    """
    try:
        here = Path(start).resolve()
    except OSError:  # the current folder has been removed
        return None
    return next((folder for folder in (here, *here.parents) if (folder / MARK).is_file()), None)


def lesson_of(notebook: str | os.PathLike) -> str:
    """Return the number that names the lesson in a notebook's name, also in a copy's; "" if there is none.

    >>> lesson_of("05_two_clocks.new.ipynb"), lesson_of("05_two_clocks-Copy1.ipynb"), lesson_of("Untitled.ipynb")
    ('05', '05', '')
    """
    number = re.match(r"\d\d(?!\d)", Path(notebook).name)
    return number[0] if number else ""


def open_solutions(desk: Path, lesson: str) -> list[Path]:
    """Lay the solutions of a lesson into the desk, where they are not yet; return those that are new there."""
    opened = []
    for kept in sorted((desk / PRIVATE / "solutions").glob("*.ipynb")):
        path = desk / "solutions" / kept.name
        if lesson_of(kept) == lesson and not path.exists():
            path.parent.mkdir(exist_ok=True)
            with open(kept, "rb") as source, write_whole(path) as file:
                shutil.copyfileobj(source, file)
            opened.append(path)
    return opened
