"""How long should a warm-up be, and who needs one?"""

import pandas as pd
from matplotlib.figure import Figure

from experiments.report.reading import DATA, differences, read
from experiments.report.section import Said, Section
from experiments.warm_up import HIGH, LENGTHS, MODERATE
from lrcourse.plots import COLOURS

CELL = ["optimizer", "lr", "warm_up"]


def section() -> Section:
    """Return what the lengths say."""
    tables = read("warm_up")
    runs = {data: table.rows.set_index([*CELL, "seed"]).sort_index() for data, table in tables.items()}
    rows = [
        row(runs, name, lr, steps) for name, lr in (*HIGH, *MODERATE) for steps in LENGTHS if has(runs, name, lr, steps)
    ]
    return Section(
        "warm-up",
        "How long should a warm-up be, and who needs one?",
        tables,
        sentences(runs),
        draw=lambda figure: draw(figure, runs),
        size=(10, 5.6),
        alt="Four panels over the length of the warm-up: above, the highest loss of the first epoch, below, the"
        " training"
        " loss of the eighth, on both data sets, a line for each optimizer and lr.",
        head=[
            "optimizer, lr",
            "warm-up",
            *(f"{name}: {what}" for name in DATA.values() for what in ("peak", "end", "gain")),
        ],
        rows=rows,
        note=f"{min(table.index.unique('seed').size for table in runs.values())} paired seeds. *peak*: the highest"
        f" batch loss of epoch 1. *end*: the mean training loss of epoch 8. *gain*: by how much"
        " that is lower than without a warm-up, paired by seed.",
        cannot="The lr stays where the warm-up brings it: with a schedule that falls afterwards a bad start may count"
        " for"
        " less. One small network with batch norm, 256 steps in all; how the best length grows with the run was not"
        " tried.",
        question="warm_up",
    )


def has(runs, name, lr, steps) -> bool:
    """Return whether a cell was run."""
    return all((name, lr, steps) in table.index.droplevel("seed") for table in runs.values())


def end(runs: pd.DataFrame, name: str, lr: float, steps: int, value: str = "train_loss") -> pd.Series:
    """Return what the runs of a cell came to, by seed."""
    return runs.loc[name, lr, steps][value]


def row(runs, name, lr, steps) -> list[str]:
    """Return a line of the table."""
    cells = []
    for table in runs.values():
        here = end(table, name, lr, steps)
        gain = differences(end(table, name, lr, 0), here).text(2, 1) if steps else ""
        cells += [f"{end(table, name, lr, steps, 'peak_loss').mean():.1f}", f"{here.mean():.2f}", gain]
    return [f"{name}, {lr:g}", f"{steps} steps" if steps else "none", *cells]


def draw(figure: Figure, runs) -> None:
    """Draw peak and end over the length, both data sets beside each other."""
    axes = figure.subplots(2, 2, sharex=True, sharey="row")
    at = {steps: place for place, steps in enumerate(LENGTHS)}
    for column, (data, table) in zip(axes.T, runs.items(), strict=True):
        for i, (name, lr) in enumerate((*HIGH, *MODERATE)):
            look = {"color": COLOURS[i], "linestyle": "-" if (name, lr) in HIGH else ":", "marker": "os^Dvx+"[i]}
            lengths = [steps for steps in LENGTHS if has({data: table}, name, lr, steps)]
            for ax, value in zip(column, ("peak_loss", "train_loss"), strict=True):
                means = [end(table, name, lr, steps, value).mean() for steps in lengths]
                ax.plot([at[steps] for steps in lengths], means, label=f"{name} {lr:g}", markersize=4, **look)
                ax.grid(alpha=0.3)
        column[0].set(title=DATA[data], yscale="log", yticks=(2.5, 5, 10, 20), yticklabels=("2.5", "5", "10", "20"))
        column[0].minorticks_off()
        column[1].set(xlabel="steps of warm-up", xticks=list(at.values()), xticklabels=[str(steps) for steps in at])
    axes[0, 0].set_ylabel("highest loss of epoch 1 (log)")
    axes[1, 0].set_ylabel("training loss of epoch 8")
    axes[0, 1].legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))


def sentences(runs) -> list[Said]:
    """Return what the tables say of who needs a warm-up, of how long, and of who does not."""

    def both(what, name, lr, steps=0):
        return [what(table, name, lr, steps) for table in runs.values()]

    def peak(table, name, lr, steps):
        return end(table, name, lr, steps, "peak_loss").mean()

    def gain(table, name, lr, steps):
        return differences(end(table, name, lr, 0), end(table, name, lr, steps)).mean

    def share(name, lr, steps):
        most = [max(gain(table, name, lr, n) for n in LENGTHS[1:]) for table in runs.values()]
        return [g / top for g, top in zip(both(gain, name, lr, steps), most, strict=True)]

    def points(table, name, lr, steps):
        return differences(*(end(table, name, lr, n, "val_accuracy") for n in (steps, 0)))

    high, right = both(points, "Adam", 0.01, 20), both(points, "Adam", 0.003, 20)
    adam, sgd, radam = both(peak, "Adam", 0.01), both(peak, "SGD", 0.1), both(peak, "RAdam", 0.01)
    costs = [-g for g in both(gain, "RAdam", 0.01, 200)]
    moderate = [g for steps in (20, 200) for g in both(gain, "Adam", 0.001, steps)]
    return [
        Said(
            f"A start at a high lr is not Adam's trouble alone: the loss of the first epoch rises to {adam[0]:.0f} and"
            f" {adam[1]:.0f} (CIFAR-10, Shapes-10) with Adam at 0.01, and to {sgd[0]:.0f} and {sgd[1]:.0f} with SGD"
            f" at 0.1.",
            min(sgd) > max(adam) > min(adam) > 5,
        ),
        Said(
            f"Twenty steps bring Adam at 0.01 {share('Adam', 0.01, 20)[0]:.0%} and {share('Adam', 0.01, 20)[1]:.0%}"
            f" of what"
            f" any length brings; SGD at 0.1 needs 60 of them, and at 0.3 more than 60.",
            min(share("Adam", 0.01, 20)) > 0.85
            and max(share("SGD", 0.1, 20)) < 0.85 < min(share("SGD", 0.1, 60))
            and max(share("SGD", 0.3, 60)) < 0.85,
        ),
        Said(
            f"Where there is nothing to cure a warm-up costs: RAdam at 0.01, whose loss never rises above"
            f" {max(radam):.1f}, ends"
            f" {costs[0]:.2f} and {costs[1]:.2f} higher after 200 of 256 steps of it, and Adam at 0.001 gains by no"
            f" length.",
            max(radam) < 3 and min(costs) > 0.1 and max(moderate) < 0.02,
        ),
        Said(
            f"All this is training loss. In validation accuracy after eight epochs twenty steps bring Adam"
            f" {high[0].text()} and"
            f" {high[1].text()} points at 0.01, and at 0.003, its best lr, {right[0].text()} and {right[1].text()}:"
            f" no gain beyond luck.",
            all(d.mean > 0 for d in high) and all(d.mean < 0.02 and not d.clear for d in right),
        ),
    ]
