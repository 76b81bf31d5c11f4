"""How many seeds does it take to show one point?"""

import itertools
import math

import pandas as pd
from matplotlib.figure import Figure

from experiments.report.both import CELL, OPTIMIZERS
from experiments.report.reading import DATA, RESULTS, beyond_luck, read
from experiments.report.section import Said, Section
from lrcourse.plots import COLOURS

MOSTLY = 0.84  # standard errors more than luck would give, to see a true difference in 4 of 5 comparisons
LESSON_12 = {"cifar10": "12-cifar10-4085-cpu.csv", "shapes10": "12-shapes10-9000-cpu.csv"}


def runs_needed(spread: float, points: float = 1.0) -> int:
    """Return how many pairs of runs show a difference of so many points, from the spread of the paired differences.

    >>> runs_needed(0.01), runs_needed(0.02)
    (10, 34)
    """
    enough = (n for n in itertools.count(2) if (beyond_luck(n) + MOSTLY) * 100 * spread <= points * math.sqrt(n))
    return next(enough)


def spreads(one: pd.DataFrame, other: pd.DataFrame) -> tuple[float, float, float]:
    """Return the spreads over seeds (a column each) of one, of the other, and of the differences."""
    return tuple(float(frame.var(axis=1).mean() ** 0.5) for frame in (one, other, one.reset_index(drop=True) - other))


def eight_epochs(rows: pd.DataFrame) -> tuple[float, float, float]:
    """Return the spreads of a constant lr and of one cycle, each optimizer at its best lr, pooled over the four."""
    runs = rows.pivot(index=CELL, columns="seed", values="val_accuracy")
    best = runs.mean(axis=1).groupby(CELL[:2]).idxmax()
    constant, cycle = (
        runs.loc[[best[o, s] for o in OPTIMIZERS]].reset_index(drop=True) for s in ("constant", "one cycle")
    )
    return spreads(cycle, constant)


def capstone(data: str) -> tuple[float, float, float]:
    """Return the same of the two designs of the last lesson, which have five seeds."""
    runs = pd.read_csv(RESULTS / LESSON_12[data]).pivot(index="design", columns="seed", values="val_accuracy")
    return spreads(runs.loc[["one cycle"]], runs.loc[["plain Adam"]].reset_index(drop=True))


def section() -> Section:
    """Return the spreads, and what follows from them."""
    tables = {data: table.seeds_in_all(CELL) for data, table in read("10").items()}
    found = {("8 epochs, four optimizers", data): eight_epochs(t.rows) for data, t in tables.items() if t.seeds > 1}
    found |= {("lesson 12, five seeds", data): capstone(data) for data in DATA}
    rows = [
        [
            what,
            DATA[data],
            *(f"{100 * spread:.1f}" for spread in values),
            *(str(runs_needed(values[2], p)) for p in (1, 2, 5)),
        ]
        for (what, data), values in found.items()
    ]
    needed = [runs_needed(values[2]) for values in found.values()]
    five = [runs_needed(values[2], 5) for values in found.values()]
    unpaired = {key: (values[0] ** 2 + values[1] ** 2) ** 0.5 for key, values in found.items()}
    smaller = [values[2] < unpaired[key] for key, values in found.items()]
    return Section(
        "seeds",
        "How many seeds does it take?",
        tables,
        [
            Said(
                f"To show a difference of one point takes {min(needed)} to {max(needed)} pairs of runs; three show"
                f" one of"
                " five points, if anything.",
                min(needed) > 5 and min(five) >= 3,
            ),
            Said(
                f"Pairing by seed makes the spread of the differences smaller in {sum(smaller)} of {len(smaller)}"
                f" comparisons: it"
                " costs nothing, and cannot be relied on to help.",
                0 < sum(smaller) < len(smaller),
            ),
        ],
        draw=lambda figure: draw(figure, found),
        size=(7.5, 3.4),
        alt="How many pairs of runs it takes over the difference that is to be shown, on log axes, a line for each"
        " spread.",
        head=["runs", "images", "one cycle", "constant", "difference", "1 point", "2 points", "5 points"],
        rows=rows,
        note="Standard deviation over seeds of the validation accuracy, in points, of the two designs and of their"
        " paired"
        " difference; and how many pairs of runs it takes to see a true difference of so many points in four of five"
        " cases.",
        cannot="How large the spreads are, to better than a factor of two: of one that was measured with three seeds,"
        " the"
        " true one lies anywhere from half of it to six times as much (95 %); with five, from 0.6 to 2.9 times. All"
        " runs"
        " share one set of validation images, whose own luck no number of seeds removes.",
        question="10",
    )


def draw(figure: Figure, found) -> None:
    """Draw the number of pairs over the difference."""
    ax = figure.subplots()
    points = [0.5, 1, 2, 3, 4, 5, 7, 10]
    for place, ((what, data), values) in enumerate(found.items()):
        pairs = [runs_needed(values[2], p) for p in points]
        ax.plot(points, pairs, "o^sD"[place % 4] + "-", color=COLOURS[place], label=f"{what}, {DATA[data]}")
    ax.axhline(3, color="black", linestyle=":", label="three pairs")
    ax.set(xscale="log", yscale="log", xlabel="true difference, points", ylabel="pairs of runs", xticks=points)
    ax.set_xticklabels([f"{p:g}" for p in points])
    ax.minorticks_off()
    ax.grid(alpha=0.3)
    ax.legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))
