"""The course as it is delivered: where its lessons are, and what of it lies on a desk, at which place."""

from __future__ import annotations

import importlib.metadata
import re
from dataclasses import dataclass
from pathlib import Path

PAGES = (".md", ".png", ".svg")
BESIDE = ("results", "figures")  # what lessons read and show
ROW = re.compile(
    r"^\| \[(\w+)\]\(notebooks/\w+\.ipynb\) \| (.+) \| (\d+) \|\s*$", re.MULTILINE
)  # of the README's table


class DeskError(Exception):
    """Something that the learner can mend, said in one sentence."""


@dataclass(frozen=True)
class Lesson:
    """A lesson: the name of its notebook without the ending, its title, the question it answers, and its minutes."""

    name: str
    title: str
    question: str
    minutes: str


def find_course() -> Path:
    """Return the folder with ``notebooks``, ``docs`` and ``README.md``: the clone, or where pip has put them.

    Raises:
        DeskError: there is none.
    """
    clone = Path(__file__).resolve().parents[2]
    if (clone / "pyproject.toml").is_file() and any((clone / "notebooks").glob("*.ipynb")):
        return clone
    try:
        files = importlib.metadata.files("lrcourse") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.parts[-4:-1] == ("share", "lrcourse", "notebooks") and file.suffix == ".ipynb":
            return Path(file.locate()).resolve().parents[1]
    raise DeskError(f"The lessons were not found, neither in {clone} nor where pip puts them: install lrcourse again.")


def is_clone(course: Path) -> bool:
    """Tell whether the course is a clone of its repository."""
    return (course / "pyproject.toml").is_file()


def place(path: str) -> str | None:
    """Return where a file of the course lies on a desk; ``None`` if it does not.

    >>> place("notebooks/05_two_clocks.ipynb"), place("docs/glossary.md"), place("pyproject.toml")
    ('05_two_clocks.ipynb', 'docs/glossary.md', None)
    """
    folder, _, rest = path.partition("/")
    if folder == "notebooks" and (path.endswith(".ipynb") or rest.startswith(BESIDE)):
        return rest
    return path if path == "README.md" or (folder == "docs" and path.endswith(PAGES)) else None


def files_of(course: Path) -> list[str]:
    """Return what of the course lies on a desk, as paths within the course, lessons first."""
    found = [path for folder in ("notebooks", "docs") for path in (course / folder).rglob("*") if path.is_file()]
    found += [path for path in [course / "README.md"] if path.is_file()]
    names = sorted(path.relative_to(course).as_posix() for path in found)
    names = [name for name in names if not any(part.startswith(".") for part in name.split("/"))]
    return sorted((name for name in names if place(name)), key=lambda name: not is_lesson(name))


def is_lesson(path: str) -> bool:
    """Tell whether a file of the course is a notebook to work in, in any language: no solution, no reference."""
    return re.fullmatch(r"notebooks/([a-z]{2}/)?\d\d_\w+\.ipynb", path) is not None


def lessons_of(course: Path, titles: dict[str, str]) -> list[Lesson]:
    """Return the lessons with what the README's table says of each; ``titles`` are those of the notebooks."""
    try:
        rows = ROW.findall((course / "README.md").read_text(encoding="utf-8"))
    except OSError:  # the lessons do without it
        rows = []
    said = {name: (question.replace("**", ""), minutes) for name, question, minutes in rows}
    return [Lesson(name, title, *said.get(name, ("", ""))) for name, title in titles.items()]
