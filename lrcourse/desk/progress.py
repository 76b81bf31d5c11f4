"""How far a learner is, lesson by lesson: read from the copies and from the answers, and never changed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lrcourse.base import MARK, count_answered, lesson_of, read_answers, read_cells
from lrcourse.desk.copies import OURS

HEADINGS = ("cells run", "predictions right", "made", "exercises passed")


@dataclass(frozen=True)
class Progress:
    """What is done of a lesson, or of several: each with what there is to do."""

    lesson: str
    ran: int = 0
    cells: int = 0
    right: int = 0
    made: int = 0
    questions: int = 0
    passed: int = 0
    exercises: int = 0

    def shown(self) -> list[str]:
        """Return a row of the table: ``3/40``, or nothing where there is nothing to do."""
        pairs = [(self.ran, self.cells), (self.right, self.questions), (self.made, self.questions)]
        return [f"{done}/{of}" if of else "" for done, of in [*pairs, (self.passed, self.exercises)]]


def progress_of(desk: Path) -> list[Progress]:
    """Return what is done, lesson by lesson. Of several copies of a lesson, the one counts that was run the most.

    Raises:
        ValueError: the answers cannot be read; the message says why.
    """
    answers, best = read_answers(desk), {}
    for path in sorted(desk.glob("*.ipynb"), key=lambda path: (len(path.name), path.name)):
        number = lesson_of(path)
        if number and (cells := read_cells(path)):
            one = _of_copy(path.stem, number, cells, answers)
            if number not in best or one.ran > best[number].ran:
                best[number] = one
    return [best[number] for number in sorted(best)]


def _of_copy(name: str, number: str, cells: list[dict], answers: dict[str, dict[str, dict]]) -> Progress:
    code = [cell for cell in cells if cell.get("cell_type") == "code" and not str(cell.get("id")).startswith(OURS)]
    code = [cell for cell in code if cell["source"].strip()]
    ran = sum(cell.get("execution_count") is not None for cell in code)
    return Progress(name, ran, len(code), **count_answered(code, number, answers))


def total(name: str, rows: Sequence[Progress]) -> Progress:
    """Return the sum of what is done.

    >>> total("all", [Progress("01", ran=1, cells=3), Progress("02", ran=2, cells=4)]).shown()
    ['3/7', '', '', '']
    """
    numbers = [field for field in Progress.__dataclass_fields__ if field != "lesson"]
    return Progress(name, **{field: sum(getattr(row, field) for row in rows) for field in numbers})


def find_desks(folders: Iterable[Path]) -> list[Path]:
    """Return the folders that are desks, and of others the desks in them: ``ann``, or ``ann/my_lessons``."""
    found = {}
    for folder in folders:
        marks = (
            [folder / MARK] if (folder / MARK).is_file() else [*folder.glob(f"*/{MARK}"), *folder.glob(f"*/*/{MARK}")]
        )
        for desk in sorted(mark.parents[1] for mark in marks if mark.is_file()):
            found.setdefault(desk.resolve(), desk)
    return list(found.values())


def names_of(desks: Sequence[Path]) -> list[str]:
    """Return what tells the desks apart: the end of each path, without what all paths end with.

    >>> names_of([Path("/class/ann/my_lessons"), Path("/class/bob/my_lessons")])
    ['ann', 'bob']
    >>> names_of([Path("/class/ann/my_lessons"), Path("/class/bob")])
    ['my_lessons', 'bob']
    """
    paths = [desk.resolve().parts for desk in desks]
    while len(paths) > 1 and len({path[-1] for path in paths}) == 1:
        paths = [path[:-1] for path in paths]
    longest = max(map(len, paths), default=0)
    ends = (["/".join(path[-count:]) for path in paths] for count in range(1, 1 + longest))
    return next((names for names in ends if len(set(names)) == len(names)), [])


def as_text(rows: Sequence[Progress], first: str) -> str:
    """Return a table for the console."""
    lines = [[first, *HEADINGS], *([row.lesson, *row.shown()] for row in rows)]
    wide = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    texts = ["  ".join([line[0].ljust(wide[0]), *map(str.rjust, line[1:], wide[1:])]) for line in lines]
    return "\n".join(text.rstrip() for text in texts)


def as_csv(rows: Iterable[tuple[str, Progress]]) -> str:
    """Return the rows, each with its learner, as numbers for a spreadsheet."""
    text = io.StringIO()
    names = list(Progress.__dataclass_fields__)
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["learner", *names])
    table.writerows([learner, *(getattr(row, name) for name in names)] for learner, row in rows)
    return text.getvalue()
