"""Do I need both, an optimizer that adapts and a schedule?"""

import pandas as pd
from matplotlib.figure import Figure

from experiments.report.reading import DATA, differences, read
from experiments.report.section import Said, Section
from lrcourse.plots import COLOURS

OPTIMIZERS = ("SGD", "RMSprop", "Adam", "AdamW")
SCHEDULES = ("step", "plateau", "cosine", "one cycle", "warm-up + cosine")
BEGIN_SMALL = ("one cycle", "warm-up + cosine")
CELL = ["optimizer", "schedule", "lr"]


def gains(rows: pd.DataFrame, value: str = "val_accuracy") -> dict:
    """Return what each schedule adds for each optimizer, each at the lr that validates best, paired by seed."""
    runs = rows.set_index([*CELL, "seed"]).sort_index()
    best = runs.groupby(CELL).val_accuracy.mean().groupby(CELL[:2]).idxmax()
    at_best = {pair: runs.loc[cell][value] for pair, cell in best.items()}
    return {(o, s): differences(at_best[o, s], at_best[o, "constant"]) for o in OPTIMIZERS for s in SCHEDULES}


def section() -> Section:
    """Return the gains on both data sets."""
    tables = read("10")
    whole = {data: table.seeds_in_all(CELL) for data, table in tables.items()}
    found = {data: gains(table.rows) for data, table in whole.items()}
    tested = {data: gains(table.rows, "test_accuracy") for data, table in whole.items()}
    rows = [
        [o, s, *(cell for data in DATA for cell in (found[data][o, s].text(), tested[data][o, s].text()))]
        for o in OPTIMIZERS
        for s in SCHEDULES
    ]
    seeds = " and ".join(f"{whole[data].seeds} on {DATA[data]}" for data in whole)
    return Section(
        "both",
        "Do I need both, an optimizer that adapts and a schedule?",
        tables,
        sentences(found, tested),
        draw=lambda figure: draw(figure, found),
        alt="What each of five schedules adds to four optimizers, in points of validation accuracy, with standard"
        " errors,"
        " CIFAR-10 beside Shapes-10.",
        head=["optimizer", "schedule", "CIFAR-10: validation", "test", "Shapes-10: validation", "test"],
        rows=rows,
        note=f"Gain in points over the same optimizer without a schedule, eight epochs, each at the lr that validates"
        f" best;"
        f" paired seeds: {seeds}.",
        cannot="Only the lr was tuned: no momentum, no betas, no weight decay, and not where the step falls or how"
        " patient"
        " the plateau is. RMSprop has no momentum and the others have; only AdamW decays its weights. The step ends"
        " at 9 % of"
        " its lr, the cosines at 0. The five gains of an optimizer share one baseline, so they rise and fall"
        " together. An"
        " accuracy on 1,000 images has a standard error of 1.5 points, the same images for all runs. Eight epochs.",
        question="10",
    )


def draw(figure: Figure, found) -> None:
    """Draw each gain with its standard error."""
    for ax, (data, gain) in zip(figure.subplots(1, 2, sharey=True), found.items(), strict=True):
        for place, (schedule, marker) in enumerate(zip(SCHEDULES, "sv^Dx", strict=True)):
            at = [i + 0.13 * (place - 2) for i in range(len(OPTIMIZERS))]
            means, errors = zip(
                *((100 * gain[o, schedule].mean, 100 * gain[o, schedule].error) for o in OPTIMIZERS), strict=True
            )
            ax.errorbar(at, means, errors, fmt=marker, color=COLOURS[1 + place], label=schedule, capsize=3)
        ax.axhline(0, color="black", linewidth=1)
        ax.set(title=DATA[data], xticks=range(4), xticklabels=OPTIMIZERS)
        ax.grid(alpha=0.3, axis="y")
    figure.axes[0].set_ylabel("gain, points of validation accuracy")
    figure.axes[1].legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))


def sentences(found, tested) -> list[Said]:
    """Return what both data sets say, and where they differ."""
    adapting = [(o, s) for o in ("Adam", "AdamW") for s in SCHEDULES if s not in BEGIN_SMALL]
    agreed = [pair for pair in found["cifar10"] if pair not in adapting]
    at_full = {data: [100 * gain[pair].mean for pair in adapting] for data, gain in found.items()}
    low, high = ({data: f"{pick(at_full[data]):+.1f}".replace("-", "−") for data in DATA} for pick in (min, max))
    clear = [sum(gain["cifar10"][pair].clear for pair in adapting) for gain in (found, tested)]
    highest = [
        sum(max(SCHEDULES, key=lambda s: gain[o, s].mean) == "one cycle" for o in OPTIMIZERS) for gain in found.values()
    ]
    return [
        Said(
            "On both data sets SGD and RMSprop gain by each of the five schedules, and Adam and AdamW by the two that"
            " begin"
            f" small; one cycle brings most with {highest[0]} (CIFAR-10) and {highest[1]} (Shapes-10) of the four.",
            all(found[data][pair].mean > 0 for data in DATA for pair in agreed) and min(highest) >= 3,
        ),
        Said(
            "By a schedule that begins at the full lr, step, plateau or cosine, Adam and AdamW gain"
            f" {low['cifar10']} to {high['cifar10']} points on CIFAR-10 and {low['shapes10']} to {high['shapes10']} on"
            f" Shapes-10. On CIFAR-10 {clear[0]} of these six are beyond luck by the validation images, and"
            f" {clear[1]} by the"
            " test images.",
            min(at_full["cifar10"]) > 0 > min(at_full["shapes10"]),
        ),
    ]
