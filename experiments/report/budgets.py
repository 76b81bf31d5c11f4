"""What does a schedule buy in a short, a longer and a long training?"""

from matplotlib.figure import Figure

from experiments.budgets import EPOCHS, FINDING, LRS, SCHEDULES
from experiments.report.reading import DATA, Table, differences, read
from experiments.report.section import Section
from lrcourse.plots import COLOURS

CELL = ["optimizer", "schedule", "epochs"]
SHAPES = [schedule for schedule in SCHEDULES if schedule != "constant"]


def counted(table: Table) -> dict:
    """Return the gains over a constant lr, of the seeds that count, by optimizer, schedule and epochs."""
    runs = table.rows[table.rows.seed != FINDING].set_index([*CELL, "seed"]).sort_index().val_accuracy
    there = [cell for cell, seeds in runs.groupby(CELL).size().items() if seeds > 1]
    pairs = [(o, s, e) for o, s, e in there if s != "constant" and (o, "constant", e) in there]
    return {(o, s, e): differences(runs[o, s, e], runs[o, "constant", e]) for o, s, e in pairs}


def section() -> Section:
    """Return the gains by budget."""
    made = Section("budgets", "Does a schedule buy more, or less, in a longer training?", read("budgets"))
    gains = {data: counted(table) for data, table in made.tables.items()}
    if not any(gains.values()):
        return made
    made.draw = lambda figure: draw(figure, gains)
    made.alt = "What a schedule adds over a constant lr, in points, over the number of epochs, for three optimizers."
    columns = [(data, epochs) for data in DATA for epochs in EPOCHS[data]]
    made.head = ["optimizer", "schedule", *(f"{DATA[data]}: {epochs} epochs" for data, epochs in columns)]
    made.rows = [
        [o, s, *(gains[data][o, s, e].text() if (o, s, e) in gains.get(data, {}) else "" for data, e in columns)]
        for o in LRS
        for s in SHAPES
    ]
    made.note = (
        "Gain in points of validation accuracy over a constant lr, each at its best of three lrs, found at that"
        " budget with a"
        " seed of its own; three paired seeds."
    )
    made.cannot = (
        "Three lrs a cell, found with one seed. No augmentation: in the longest runs the network knows its images by"
        " heart."
    )
    return made


def draw(figure: Figure, gains) -> None:
    """Draw the gain over the budget."""
    axes = figure.subplots(1, len(LRS), sharey=True)
    for ax, optimizer in zip(axes, LRS, strict=True):
        for data, style in zip(gains, ("-", ":"), strict=False):
            for place, schedule in enumerate(SHAPES):
                found = {e: g for (o, s, e), g in gains[data].items() if (o, s) == (optimizer, schedule)}
                means, errors = ([100 * getattr(g, name) for g in found.values()] for name in ("mean", "error"))
                look = {
                    "fmt": "o" + style,
                    "color": COLOURS[1 + place],
                    "capsize": 3,
                    "label": f"{schedule}, {DATA[data]}",
                }
                ax.errorbar(list(found), means, errors, **look)
        ax.axhline(0, color="black", linewidth=1)
        ax.set(title=optimizer, xlabel="epochs", xscale="log", xticks=EPOCHS["cifar10"])
        ax.set_xticklabels([str(epochs) for epochs in EPOCHS["cifar10"]])
        ax.minorticks_off()
        ax.grid(alpha=0.3)
    axes[0].set_ylabel("gain, points")
    axes[-1].legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))
