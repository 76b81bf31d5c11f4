"""Write docs/questions.md: each of the questions that people really ask, its answer, and the cell that measures it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import NamedTuple

import nbformat

ROOT = Path(__file__).resolve().parent.parent
QUESTIONS = ROOT / "docs" / "questions.jsonl"
PAGE = ROOT / "docs" / "questions.md"
HEAD = """# Questions that people ask, and where the course measures the answer

Each was asked in a forum or an issue tracker; the link at its end leads there. The link to the notebook leads to the
cell that measures the answer, with the torch that `constraints.txt` names. This page is written by `make index`, from
`questions.jsonl` and from the metadata of the cells (`"lrcourse": {"answers": [...]}`).
"""


class Place(NamedTuple):
    """A cell that answers a question."""

    notebook: str
    heading: str
    cell: str
    source: str

    @property
    def link(self) -> str:
        lesson = self.notebook.removesuffix(".ipynb").replace("_", " ")
        return f"[{lesson}: {self.heading}](../notebooks/{self.notebook}#cell-id={self.cell})"


def questions() -> list[dict]:
    return [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]


def places() -> dict[str, list[Place]]:
    """Return the cells that answer each question, by its id."""
    found: dict[str, list[Place]] = {}
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        heading = ""
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "markdown":
                titles = [line.lstrip("# ") for line in cell.source.splitlines() if line.startswith("#")]
                heading = titles[-1] if titles else heading
            for name in cell.metadata.get("lrcourse", {}).get("answers", []):
                found.setdefault(name, []).append(Place(path.name, heading, cell["id"], cell.source))
    return found


def plain(text: str) -> str:
    """Return text in which Markdown finds no marks."""
    for mark in "\\*_<[`":
        text = text.replace(mark, f"\\{mark}")
    return text.strip()


def page() -> str:
    """Return the page."""
    topics: dict[str, list[dict]] = {}
    for question in questions():
        topics.setdefault(question["topic"], []).append(question)
    found, lines = places(), [HEAD]
    for topic, asked in topics.items():
        lines.append(f"## {topic.replace('-', ' ').capitalize()}\n")
        for question in asked:
            measured = "; ".join(place.link for place in found.get(question["id"], []))
            source = question["source"]
            asked_at = f"[Asked here](<{source}>)" if source.startswith("http") else "Asked at a place not kept"
            lines.append(f"### {question['id']}: {plain(question['question'])}\n")
            lines.append(f"{plain(question['answer'])}\n")
            lines.append(f"{asked_at}. Measured in {measured}.\n")
    return "\n".join(lines)


def main() -> int:
    missing = [question["id"] for question in questions() if question["id"] not in places()]
    print("without an answer:", ", ".join(missing) or "none")
    PAGE.write_text(page(), encoding="utf-8")
    return int(bool(missing))


if __name__ == "__main__":
    sys.exit(main())
