"""How a notebook or a page of the course becomes the copy on a desk, and how a touched copy is told from an untouched.

A lesson's copy has no outputs, so that no answer stands below its question, and leads to the lessons before and after.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re

from lrcourse.desk.course import is_lesson, place

OURS = "lrcourse-"  # begins the ids of the cells that only the copies have
DONE = "from lrcourse.lessons import so_far\n\nso_far()"  # the last line of a lesson
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s#:]+\.(?:md|ipynb|png|svg|csv|py|cff))(#[^)\s]*)?\)")
SOLUTIONS = re.compile(r"(\]\(solutions/[^)]+\.ipynb\))")


def fingerprint(data: bytes) -> str:
    """Return what stays the same as long as nobody worked in a copy: neither wrote in it nor ran it.

    JupyterLab writes to the metadata of a notebook that is only looked at, so they do not count.
    """
    try:
        cells = [_work_in(cell) for cell in json.loads(data)["cells"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):  # no notebook, or a damaged one
        return hashlib.sha256(data).hexdigest()[:24]
    return _digest(cells)


def version_of(data: bytes) -> str:
    """Return what changes if the lesson itself does, and not if only the way to the next one."""
    try:
        cells = [cell for cell in json.loads(data)["cells"] if not str(cell.get("id")).startswith(OURS)]
        return _digest([[cell["cell_type"], _text(cell["source"])] for cell in cells])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return fingerprint(data)


def _work_in(cell: dict) -> list:
    ran = [cell.get("outputs") or [], cell.get("execution_count") is not None]
    return [cell["cell_type"], _text(cell["source"]), cell.get("attachments") or {}, *_joined(ran)]


def _joined(value: object) -> object:
    """Return the value with each text in one piece, which a notebook may hold as a list of lines."""
    if isinstance(value, dict):
        return {key: _joined(part) for key, part in value.items() if key not in ("metadata", "execution_count")}
    if isinstance(value, list):
        whole = bool(value) and all(isinstance(part, str) for part in value)
        return "".join(value) if whole else [_joined(part) for part in value]
    return value


def _text(source: str | list[str]) -> str:
    return source if isinstance(source, str) else "".join(source)


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:24]


def title_of(notebook: dict) -> str:
    """Return the first heading of a notebook."""
    for cell in notebook["cells"]:
        if found := re.search(r"^# (.+)$", _text(cell["source"]), re.MULTILINE):
            return found[1].strip()
    return ""


def copy_notebook(path: str, notebook: dict, *, before: str = "", after: str = "") -> bytes:
    """Return the copy of a notebook: a lesson without its outputs and between the links ``before`` and ``after``."""
    cells = [{**cell, "source": _text(cell["source"])} for cell in notebook["cells"]]
    for cell in cells:
        if cell["cell_type"] == "markdown":
            cell["source"] = relink(cell["source"], path)
            if is_lesson(path):
                cell["source"] = SOLUTIONS.sub(r"\1 ([when they open](solutions/README.md))", cell["source"])
        elif cell["cell_type"] == "code" and is_lesson(path):
            cell |= {"outputs": [], "execution_count": None}
    if is_lesson(path):
        way = " · ".join(filter(None, [before, f"[Contents]({'../' * (path.count('/') - 1)}index.md)", after]))
        cells = [_own("top", "markdown", way), *cells, _own("done", "code", DONE), _own("end", "markdown", way)]
    return (json.dumps({**notebook, "cells": cells}, indent=1, ensure_ascii=False) + "\n").encode()


def _own(name: str, kind: str, source: str) -> dict:
    cell = {"cell_type": kind, "id": OURS + name, "metadata": {}, "source": source}
    hidden = {"jupyter": {"source_hidden": True}}
    return cell if kind == "markdown" else cell | {"metadata": hidden, "outputs": [], "execution_count": None}


def relink(text: str, path: str) -> str:
    """Return the text of a file of the course with its links as they lead on a desk; what is not there loses its link.

    >>> relink("[terms](../docs/glossary.md), [how](../pyproject.py)", "notebooks/05_two_clocks.ipynb")
    '[terms](docs/glossary.md), how'
    """

    def moved(link: re.Match) -> str:
        mark, words, target, anchor = link.groups()
        there = place(posixpath.normpath(posixpath.join(posixpath.dirname(path), target)))
        if there is None:
            return words
        here = posixpath.dirname(place(path) or "")
        return f"{mark}[{words}]({posixpath.relpath(there, here or '.')}{anchor or ''})"

    return LINK.sub(moved, text)
