"""How careful must one be with the lr? The expected best of k random trials."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from experiments.report.both import BEGIN_SMALL, CELL, OPTIMIZERS
from experiments.report.reading import DATA, read
from experiments.report.section import Said, Section
from lrcourse.plots import COLOURS

SHOWN = ("constant", "step", "plateau", "cosine", "one cycle", "warm-up + cosine")
TRIALS = range(1, 7)


def best_of(accuracies: np.ndarray, trials: int) -> float:
    """Return the expected best of so many draws, with replacement, from the accuracies.

    Source: Dodge et al. 2019, "Show Your Work", arXiv:1909.03004.

    >>> best_of(np.array([0.0, 1.0]), 2)
    0.75
    """
    ordered, count = np.sort(accuracies), len(accuracies)
    at_most = (np.arange(count + 1) / count) ** trials
    return float((np.diff(at_most) * ordered).sum())


def curves(rows) -> dict:
    """Return, by optimizer and schedule, the expected best validation accuracy after 1, 2, ... trials."""
    pools = rows.groupby(CELL[:2]).val_accuracy.apply(np.asarray)
    return {pair: [best_of(pool, k) for k in TRIALS] for pair, pool in pools.items()}


def section() -> Section:
    """Return the curves of both data sets."""
    tables = {data: table.seeds_in_all(CELL) for data, table in read("10").items()}
    curve = {data: curves(table.rows) for data, table in tables.items()}
    rows = [
        [o, s, *(f"{100 * curve[data][o, s][k - 1]:.1f}" for data in DATA for k in (1, 3, 6))]
        for o in OPTIMIZERS
        for s in SHOWN
    ]
    return Section(
        "careful",
        "How careful must one be with the lr?",
        tables,
        sentences(curve),
        draw=lambda figure: draw(figure, curve),
        size=(11, 5),
        alt="Expected best validation accuracy over the number of random lrs tried, for four optimizers on both data"
        " sets, a line for each schedule.",
        head=[
            "optimizer",
            "schedule",
            *(f"{name}: {k} tr{'y' if k == 1 else 'ies'}" for name in DATA.values() for k in (1, 3, 6)),
        ],
        rows=rows,
        note="Expected best validation accuracy, in %, of so many runs whose lr (of the five or six of the grid, which"
        " spans a factor of 100 to 300) and seed are drawn at random.",
        cannot="The curves are those of this grid: a wider one makes one try worse, with any schedule. They are"
        " in-sample:"
        " the best is scored on the images by which it was found. Computed from the table above, no runs of its own.",
        question="10",
    )


def draw(figure: Figure, curve) -> None:
    """Draw the curves, an optimizer a column, a data set a row."""
    axes = figure.subplots(2, 4, sharex=True, sharey="row")
    for line, (data, pairs) in zip(axes, curve.items(), strict=True):
        for ax, optimizer in zip(line, OPTIMIZERS, strict=True):
            for place, (schedule, marker) in enumerate(zip(SHOWN, "osv^Dx", strict=True)):
                values = [100 * value for value in pairs[optimizer, schedule]]
                ax.plot(TRIALS, values, marker + "-", color=COLOURS[place], label=schedule, markersize=3)
            ax.set_title(f"{optimizer}, {DATA[data]}", fontsize="medium")
            ax.grid(alpha=0.3)
        line[0].set_ylabel("best validation accuracy, %", fontsize="small")
    for ax in axes[1]:
        ax.set(xlabel="random lrs tried", xticks=list(TRIALS))
    axes[0, 3].legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))


def sentences(curve) -> list[Said]:
    """Return what the curves say of a single try."""
    one = {data: {p: values[0] for p, values in pairs.items()} for data, pairs in curve.items()}
    lead = {
        data: [
            np.mean([v[o, s] for s in BEGIN_SMALL]) - max(v[o, s] for s in SHOWN if s not in BEGIN_SMALL)
            for o in OPTIMIZERS
        ]
        for data, v in one.items()
    }
    least = [100 * min(lead[data]) for data in DATA]
    six, three = (
        [curve[data][o, "one cycle"][0] - curve[data][o, other][k - 1] for data in DATA for o in OPTIMIZERS]
        for other, k in (("constant", 6), ("cosine", 3))
    )
    return [
        Said(
            "Whoever tries one lr at random is best off with a schedule that begins small: one cycle and warm-up +"
            " cosine"
            f" lie, on average, at least {least[0]:.1f} points (CIFAR-10) and {least[1]:.1f} points (Shapes-10) above"
            f" the"
            " best of the four that begin at the full lr, with each optimizer.",
            min(least) > 0,
        ),
        Said(
            "One try with one cycle is expected to be as good as the best of six with a constant lr, and as the best of"
            " three with a cosine, with each optimizer, on both.",
            min(six) > -0.002 and min(three) > -0.002,
        ),
    ]
