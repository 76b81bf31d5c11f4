"""What lies on a desk: the lessons with the way between them, the pages, and an overview."""

from __future__ import annotations

import json
from pathlib import Path

from lrcourse.base import PRIVATE
from lrcourse.desk.copies import copy_notebook, relink, title_of
from lrcourse.desk.course import DeskError, Lesson, files_of, is_clone, is_lesson, lessons_of, place
from lrcourse.desk.laying import Item, item
from lrcourse.desk.progress import Progress

WHEN_THEY_OPEN = """# Solutions

The solutions of a lesson are laid here as soon as each of its exercises has been tried: when its check has looked at an
answer, right or wrong.

To have them at once, here for lesson 05, run this in a cell, or without the `!` in a terminal (*File*, *New*,
*Terminal*):

    !lrcourse solution 05
"""
OVERVIEW = """# The course

Each lesson here is a copy for you: write in it, run it. What you did stays as it is. Your predictions and the exercises
that you passed are kept, too.

{table}

{standing}This page is as new as the last start of `lrcourse lab`; `lrcourse progress` in a terminal (*File*, *New*,
*Terminal*) says it as it is now.

- To begin a lesson afresh, rename your copy of it and call `lrcourse lab` again.
- An update never changes a copy that you worked in: it lays the new version beside it, with `.new` in its name{beside}.
- To look things up: {pages}.
- [Solutions](solutions/README.md): when they open, and how to see them at once.
"""


def items_of(course: Path, desk: Path) -> dict[str, Item]:
    """Return what is to be laid onto the desk, by path within it; all but the overview.

    Raises:
        DeskError: a notebook of the course cannot be read.
    """
    notebooks = {path: _read(course / path) for path in files_of(course) if path.endswith(".ipynb")}
    ways = _ways({path: title_of(notebooks[path]) for path in notebooks if is_lesson(path)})
    items = {"solutions/README.md": item(WHEN_THEY_OPEN.encode())}
    for path in files_of(course):
        there = str(place(path))
        if path in notebooks:
            data = copy_notebook(path, notebooks[path], **ways.get(path, {}))
        elif path.endswith(".md"):
            data = relink((course / path).read_text(encoding="utf-8"), path).encode()
        else:
            data = (course / path).read_bytes()
        if there.startswith("solutions/"):
            items[f"{PRIVATE}/{there}"] = item(data)
            if not (desk / there).exists():
                continue
        items[there] = item(data)
    if is_clone(course) and course in desk.parents:
        items[".gitignore"] = item(b"*\n")
    return items


def titled(course: Path) -> list[Lesson]:
    """Return the lessons in their order, those in English."""
    paths = [path for path in files_of(course) if is_lesson(path) and path.count("/") == 1]
    return lessons_of(course, {Path(path).stem: title_of(_read(course / path)) for path in paths})


def overview(lessons: list[Lesson], rows: list[Progress], pages: list[str], new: list[str], standing: str) -> bytes:
    """Return the page that names the lessons, what each answers, what is done of it, and which lie there anew."""
    done = {row.lesson[:2]: row for row in rows}
    lines = ["| lesson | the question it answers | minutes | cells run | predictions right | exercises passed |"]
    lines.append("|---|---|---|---|---|---|")
    for lesson in lessons:
        ran, right, _, passed = done.get(lesson.name[:2], Progress("")).shown()
        link = f"[{lesson.title or lesson.name}]({lesson.name}.ipynb)"
        lines.append(f"| {link} | {lesson.question} | {lesson.minutes} | {ran} | {right} | {passed} |")
    links = ", ".join(f"[{Path(page).stem.replace('_', ' ')}]({page})" for page in pages if page.endswith(".md"))
    beside = ", ".join(f"[{Path(name).stem}]({name})" for name in new)
    beside = beside and f": {beside}"
    return OVERVIEW.format(table="\n".join(lines), pages=links, beside=beside, standing=standing).encode()


def _ways(titles: dict[str, str]) -> dict[str, dict[str, str]]:
    """Return the links to the lessons before and after each, among those in one folder."""
    ways = {}
    for path in titles:
        folder = [other for other in titles if Path(other).parent == Path(path).parent]
        at = folder.index(path)
        before, after = folder[at - 1 : at] if at else [], folder[at + 1 : at + 2]
        ways[path] = {
            "before": "".join(f"[← {titles[other]}]({Path(other).name})" for other in before),
            "after": "".join(f"[{titles[other]} →]({Path(other).name})" for other in after),
        }
    return ways


def _read(path: Path) -> dict:
    try:
        notebook = json.loads(path.read_bytes())
        if isinstance(notebook, dict) and isinstance(notebook.get("cells"), list):
            return notebook
    except ValueError:
        pass
    raise DeskError(f"{path} is no notebook, perhaps after a merge in git: restore it, then call this again.")
