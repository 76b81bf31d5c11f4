"""A section of the page: sentences that are held to their tables, a picture, numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from matplotlib.figure import Figure

from experiments.report.reading import DATA, Table


@dataclass(frozen=True)
class Said:
    """A sentence, and whether the tables bear it out."""

    text: str
    holds: bool


@dataclass
class Section:
    """What is said of a question.

    Attributes:
        name: of its picture.
        title: the question.
        tables: what it is computed from, by data set.
        said: two or three sentences.
        draw: fills a figure.
        size: of the figure, in inches.
        alt: what is to be seen on it, for who cannot see it.
        head: of the table of numbers.
        rows: of the table of numbers.
        cannot: what the data cannot say.
        note: how to read the numbers, where that is not plain.
    """

    name: str
    title: str
    tables: Mapping[str, Table]
    said: list[Said] = field(default_factory=list)
    draw: Callable[[Figure], None] | None = None
    size: tuple[float, float] = (9, 3.6)
    alt: str = ""
    head: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    cannot: str = ""
    note: str = ""
    question: str = ""

    def counts(self) -> str:
        """Return how many of the planned runs there are, where some are missing."""
        parts = []
        for data, name in DATA.items():
            table = self.tables.get(data)
            if table is None:
                parts.append(f"{name}: no runs yet")
            elif len(table.rows) < table.planned:
                parts.append(f"{name}: {len(table.rows)} of {table.planned} runs")
        if not parts:
            return ""
        return f"*{'; '.join(parts)}. `make experiments ARGS={self.question or self.name}` goes on.*\n\n"

    def markdown(self) -> str:
        """Return the section as text."""
        wrong = [said.text for said in self.said if not said.holds]
        if wrong:
            raise ValueError(f"the tables contradict these sentences of {self.title!r}, write what they say: {wrong}")
        parts = [f"## {self.title}\n\n{self.counts()}"]
        if self.said:
            parts.append(" ".join(said.text for said in self.said) + "\n\n")
        if self.draw:
            parts.append(f"![{self.alt}](results/{self.name}.svg)\n\n")
        if self.rows:
            parts.append(f"{self.note}\n\n" if self.note else "")
            lines = [self.head, ["---"] * len(self.head), *self.rows]
            parts.append("".join(f"| {' | '.join(cells)} |\n" for cells in lines) + "\n")
        return "".join(parts) + (f"**What this cannot say.** {self.cannot}\n" if self.cannot else "")
