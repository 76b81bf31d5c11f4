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

TITLES = {
    "adaptive-vs-scheduler": "Adaptive optimizers and schedulers",
    "effective-lr": "The effective lr",
    "optimizer-internals": "Inside optimizers",
    "debugging-divergence": "NaN and divergence",
    "step-order": "The order of the calls",
    "get_lr-vs-get_last_lr": "get_lr and get_last_lr",
    "per-batch-vs-epoch": "Per batch or per epoch",
    "cosine-restarts": "Cosine and warm restarts",
    "warmup": "Warm-up",
    "steplr-multistep": "StepLR and MultiStepLR",
    "bugs-in-torch": "Bugs in torch",
    "cyclic": "CyclicLR",
    "resume-checkpoint": "Going on from a checkpoint",
    "onecycle": "OneCycleLR",
    "plateau": "ReduceLROnPlateau",
    "data-parallel": "Several processes",
    "param-groups": "Param groups",
    "sequential-chained": "Joining schedulers",
    "custom-lambda": "LambdaLR",
    "lr-finder": "The range test",
    "weight-decay": "Weight decay",
    "momentum": "Momentum",
    "batch-size-scaling": "Batch size",
    "amp/grad-scaler": "Mixed precision",
    "grad-clipping": "Clipping",
    "lr-logging": "Logging the lr",
    "choosing": "Choosing",
}


class Place(NamedTuple):
    """A cell that answers a question."""

    notebook: str
    heading: str
    cell: str
    source: str

    @property
    def title(self) -> str:
        return f"{self.notebook.removesuffix('.ipynb').replace('_', ' ')}: {self.heading}"

    def link(self, text: str) -> str:
        return f"[{text}](../notebooks/{self.notebook}#cell-id={self.cell})"


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


def anchor(heading: str) -> str:
    """Return where GitHub puts a heading."""
    return "".join(c for c in heading.lower().replace(" ", "-") if c.isalnum() or c in "-_")


def links(answers: list[Place]) -> str:
    """Return a link to each cell: the first of a section by its title, the others by number."""
    by_title: dict[str, list[Place]] = {}
    for place in answers:
        by_title.setdefault(place.title, []).append(place)
    return "; ".join(
        ", ".join(place.link(str(i) if i > 1 else title) for i, place in enumerate(cells, 1))
        for title, cells in by_title.items()
    )


def page() -> str:
    """Return the page."""
    topics: dict[str, list[dict]] = {}
    for question in questions():
        topics.setdefault(question["topic"], []).append(question)
    found, lines = places(), [HEAD]
    lines.append("Topics: " + " · ".join(f"[{plain(TITLES[t])}](#{anchor(TITLES[t])})" for t in topics) + "\n")
    for topic, asked in topics.items():
        lines.append(f"## {plain(TITLES[topic])}\n")
        for question in asked:
            source = question["source"]
            asked_at = f"[Asked here](<{source}>)" if source.startswith("http") else "Its source is not verified"
            lines.append(f"### {question['id']}: {plain(question['question'])}\n")
            lines.append(f"{plain(question['answer'])}\n")
            lines.append(f"{asked_at}. Measured in {links(found.get(question['id'], []))}.\n")
    return "\n".join(lines)


def main() -> int:
    missing = [question["id"] for question in questions() if question["id"] not in places()]
    print("without an answer:", ", ".join(missing) or "none")
    PAGE.write_text(page(), encoding="utf-8")
    return int(bool(missing))


if __name__ == "__main__":
    sys.exit(main())
