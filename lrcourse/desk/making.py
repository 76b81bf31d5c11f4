"""Make a desk, or bring it up to date: the one way that ``lrcourse lab`` and others take."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path

from lrcourse.base import MARK, find_desk, read_answers, set_aside_damaged
from lrcourse.desk.course import DeskError, find_course, is_clone
from lrcourse.desk.laying import Item, Laid, check_folder, item, lay
from lrcourse.desk.pages import items_of, overview, titled
from lrcourse.desk.progress import progress_of
from lrcourse.desk.state import State

WHY = {
    errno.ENOSPC: "the disk is full: make room",
    errno.EDQUOT: "your share of the disk is used up: make room",
    errno.EROFS: "it may only be read: name another folder, such as ~/my_lessons",
    errno.EACCES: "it may not be written to: name a folder of your own, such as ~/my_lessons",
    errno.EPERM: "it may not be written to: name a folder of your own, such as ~/my_lessons",
}


def default_folder(course: Path) -> Path:
    """Return where the desk is if nobody says: ``my_lessons`` in the clone, or at home if pip installed the course."""
    return (course if is_clone(course) else Path.home()) / "my_lessons"


def make_desk(folder: Path | None = None, course: Path | None = None) -> tuple[Path, Laid]:
    """Make the desk in ``folder``, or bring it up to date; return its path and what was done.

    Raises:
        DeskError: it cannot be done; the sentence says why and what to do. What was there is as it was.
    """
    course = course or find_course()
    folder = folder or default_folder(course)
    try:
        desk = check_folder(folder)
        State(desk)  # that of a newer lrcourse is refused before anything is changed
        items = items_of(course, desk)
        words = set_aside_damaged(desk)
        laid = lay(desk, items | _index(course, desk, items))
        if laid.new or laid.beside:  # of which the overview did not know
            lay(desk, items | _index(course, desk, items))
        laid.words = "\n".join(filter(None, [words, laid.words]))
    except TimeoutError:  # of the lock
        raise DeskError(f"Another `lrcourse lab` is at work on {folder} and did not end: try again.") from None
    except OSError as error:
        why = WHY.get(error.errno or 0, f"{error.strerror or error}")
        raise DeskError(f"{folder} could not be brought up to date, {why}. Nothing of yours was changed.") from error
    return desk, laid


def _index(course: Path, desk: Path, items: Mapping[str, Item]) -> dict[str, Item]:
    try:
        rows, standing = progress_of(desk), ""
    except ValueError as error:  # a newer one's answers
        rows, standing = [], f"What you answered cannot be shown: {error}. "
    pages = [path for path in items if path.startswith("docs/") or path == "README.md"]
    new = sorted(path.name for path in desk.glob("*.new*.ipynb"))
    # A version that stays: nobody wants a new overview beside one that they wrote in.
    return {"index.md": item(overview(titled(course), rows, pages, new, standing), version="overview")}


def desk_problems(folder: Path | None = None) -> list[str]:
    """Return what is wrong with a desk, one sentence each, with what to do; [] if all is well or no desk is there."""
    try:
        desk = (folder or find_desk() or default_folder(find_course())).expanduser()
        if not desk.exists():
            return []
        if State(check_folder(desk)).damaged:
            return [f"{desk / MARK} is damaged: `lrcourse lab` makes it anew, and leaves each of your copies as it is."]
        read_answers(desk)
    except (DeskError, ValueError) as error:
        return [f"{str(error).rstrip('.')}."]
    except OSError as error:
        return [f"{folder} cannot be read: {error.strerror}."]
    return [] if os.access(desk, os.W_OK) else [f"{desk} may not be written to: nothing that you do there is kept."]
