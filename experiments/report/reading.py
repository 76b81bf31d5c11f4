"""Read the tables, and compare what is paired."""

from __future__ import annotations

import importlib
import math
from dataclasses import dataclass

import pandas as pd

from experiments import budgets
from experiments.__main__ import NOTEBOOKS, RESULTS, lesson

DATA = {"cifar10": "CIFAR-10", "shapes10": "Shapes-10"}


def beyond_luck(pairs: int) -> float:
    """Return how many standard errors a mean of so many differences lies from 0 in one case of 20, by luck alone.

    Student's t, from a table, and beyond it to 0.02.

    >>> beyond_luck(3), round(beyond_luck(30), 2)
    (4.3, 2.05)
    """
    return {2: 12.71, 3: 4.30, 4: 3.18, 5: 2.78, 6: 2.57}.get(pairs, 1.96 + 2.6 / (pairs - 1))


@dataclass(frozen=True)
class Table:
    """The runs of a question on one data set, and how many are planned."""

    rows: pd.DataFrame
    planned: int

    def seeds_in_all(self, cell: list[str]) -> Table:
        """Return only the seeds that every cell of the table has, so that all comparisons are paired."""
        per_seed = self.rows.groupby("seed").size()
        cells = len(self.rows[cell].drop_duplicates())
        return Table(self.rows[self.rows.seed.isin(per_seed[per_seed == cells].index)], self.planned)

    @property
    def seeds(self) -> int:
        """How many seeds it has."""
        return self.rows.seed.nunique()


def planned(question: str, data: str) -> int:
    """Return how many runs a question has on a data set."""
    if question == "budgets":
        return len(budgets.EPOCHS[data]) * len(budgets.cells(8)) * 6
    if question.isdigit():
        (notebook,) = NOTEBOOKS.glob(f"{question}_*.ipynb")
        return len(lesson(notebook)["configs"])
    return len(importlib.import_module(f"experiments.{question}").configs())


def read(question: str) -> dict[str, Table]:
    """Return the tables of a question, by data set; where nothing was run, there is none."""
    paths = {data: RESULTS / f"{question.replace('_', '-')}-{data}.csv" for data in DATA}
    there = {data: path for data, path in paths.items() if path.exists()}
    return {data: Table(pd.read_csv(path), planned(question, data)) for data, path in there.items()}


@dataclass(frozen=True)
class Difference:
    """The mean of paired differences, with its standard error (NaN of a single pair)."""

    mean: float
    error: float
    pairs: int

    @property
    def clear(self) -> bool:
        """Whether it is further from 0 than luck would take it in 1 case of 20, at this number of pairs."""
        return self.pairs > 1 and abs(self.mean) > beyond_luck(self.pairs) * self.error

    def text(self, digits: int = 1, unit: float = 100) -> str:
        """Return it for a table, in points unless another unit is given; bold where it is clear."""
        mean = f"{unit * self.mean:+.{digits}f}".replace("-", "−")
        words = mean if math.isnan(self.error) else f"{mean} ± {unit * self.error:.{digits}f}"
        return f"**{words}**" if self.clear else words


def differences(one: pd.Series, other: pd.Series) -> Difference:
    """Return the mean difference of two series of runs, paired by their index, the seed."""
    pairs = (one - other).dropna()
    return Difference(pairs.mean(), pairs.std() / math.sqrt(len(pairs)), len(pairs))


def numbers(texts: pd.Series) -> pd.DataFrame:
    """Return the values by epoch that stand in a column as text, a row for each run."""
    return texts.astype(str).str.split(expand=True).astype(float)
