"""Which exercise a check belongs to, and what is kept of it: in a desk, and nowhere else."""

from __future__ import annotations

import linecache
import os
import sys
from pathlib import Path
from types import FrameType

from lrcourse.base import (
    checks_in,
    count_answered,
    find_desk,
    lesson_of,
    now,
    open_solutions,
    read_cells,
    recall,
    remember,
    tell,
)


def keep_check(right: bool) -> str:
    """Keep that an exercise was tried, and whether it was passed; return what the learner should know, or "".

    Called by a check. Which exercise it is, the call of the check says, as it stands in the learner's cell.
    """
    desk, notebook, frame = find_desk(), open_notebook(), sys._getframe()
    if desk is None or notebook is None:
        return ""
    while frame is not None and frame.f_globals.get("__name__") != "__main__":  # the learner's cell
        frame = frame.f_back
    call, lesson = call_at(frame), lesson_of(notebook)
    if not call or not lesson:
        return ""
    known = recall("exercises").get(f"{lesson} {call}", {})
    facts = {fact: now() for fact in ["tried", *["passed"] * right] if fact not in known}
    if not facts:
        return ""
    words = [remember("exercises", f"{lesson} {call}", **facts)]
    if all_tried(notebook, lesson):
        opened = open_solutions(desk, lesson)
        words += [f"The solutions are open now: {path.relative_to(desk).as_posix()}" for path in opened]
    return "\n".join(filter(None, words))


def so_far() -> None:
    """Say what is done of this lesson and what is next: the last line of a learner's copy. Elsewhere it says nothing.

    >>> so_far()
    """
    notebook = open_notebook()
    if find_desk() is None or notebook is None or not lesson_of(notebook):
        return
    answers = {kind: recall(kind) for kind in ("predictions", "exercises")}
    done = count_answered(read_cells(notebook), lesson_of(notebook), answers)
    left = done["questions"] - done["made"]
    to_make = f", {left} not made yet" if left else ""
    parts = []
    if done["questions"]:
        parts.append(f"Predictions: {done['right']} of {done['questions']} right{to_make}.")
    if done["exercises"]:
        parts.append(f"Exercises: {done['passed']} of {done['exercises']} passed.")
    tell(" ".join([*parts, what_is_next(notebook, done["exercises"] - done["passed"])]))


def what_is_next(notebook: Path, left: int) -> str:
    """Return what to do behind the end of a lesson, of which so many exercises are left."""
    later = sorted(path.stem for path in notebook.parent.glob("*.ipynb") if lesson_of(path) > lesson_of(notebook))
    here = [f"{left} exercise{'s' if left > 1 else ''}"] if left else []
    steps = [*here, *later[:1]]
    return f"Next: {', then '.join(steps)}." if steps else "That was the last lesson."


def open_notebook() -> Path | None:
    """Return the notebook of this kernel, as JupyterLab tells it; ``None`` elsewhere, and for one of solutions."""
    name = os.environ.get("JPY_SESSION_NAME", "")
    return Path(name) if name and Path(name).parent.name != "solutions" else None


def call_at(frame: FrameType | None) -> str:
    """Return the call of a check that a frame is at, written in one way; "" if there is none."""
    if frame is None:
        return ""
    source = "".join(linecache.getlines(frame.f_code.co_filename))
    return next((call for call, lines in checks_in(source).items() if frame.f_lineno in lines), "")


def all_tried(notebook: Path, lesson: str) -> bool:
    """Tell whether each exercise of a notebook has been tried, as it was last saved."""
    known = recall("exercises")
    checks = [check for cell in read_cells(notebook) for check in checks_in(cell["source"])]
    return bool(checks) and all(f"{lesson} {check}" in known for check in checks)
