"""One cycle or several?"""

from matplotlib.figure import Figure

from experiments.cycles import OPTIMIZERS_AT
from experiments.report.reading import DATA, differences, read
from experiments.report.section import Section
from lrcourse.plots import COLOURS

CELL = ["shape", "optimizer", "lr", "cycles"]


def section() -> Section:
    """Return what a second and a fourth cycle cost."""
    made = Section("cycles", "One cycle or several, in equally many steps?", read("cycles"))
    tables = {data: table.seeds_in_all(CELL) for data, table in made.tables.items()}
    runs = {data: t.rows.set_index([*CELL, "seed"]).sort_index().val_loss for data, t in tables.items() if t.seeds > 1}
    if len(runs) < len(DATA):
        return made
    shapes = [
        shape for shape in ("rise and fall", "fall") if all(shape in table.index.levels[0] for table in runs.values())
    ]
    made.draw = lambda figure: draw(figure, runs, shapes)
    made.alt = (
        "Validation loss after eight epochs over the number of cycles, for three optimizers and lrs, on both data sets."
    )
    made.head = [
        "shape",
        "optimizer, lr",
        "cycles",
        *(f"{n}: {w}" for n in DATA.values() for w in ("loss", "one cycle gains")),
    ]
    made.rows = [
        [
            shape,
            f"{name}, {lr:g}",
            str(count),
            *(cell for table in runs.values() for cell in cells(table.loc[shape, name, lr], count)),
        ]
        for shape in shapes
        for name, lr in OPTIMIZERS_AT
        for count in (1, 2, 4)
    ]
    made.note = "Validation loss after eight epochs, and by how much one long cycle ends lower, paired by seed."
    made.cannot = (
        "All cycles of a run are equally high. Several cycles have a use that this does not weigh: there is a"
        " finished network"
        " at the end of each."
    )
    return made


def cells(table, count: int) -> list[str]:
    """Return the loss after so many cycles, and what one cycle gains over it."""
    gain = "" if count == 1 else differences(table.loc[count], table.loc[1]).text(2, 1)
    return [f"{table.loc[count].mean():.2f}", gain]


def draw(figure: Figure, runs, shapes) -> None:
    """Draw the loss over the number of cycles."""
    for ax, (data, table) in zip(figure.subplots(1, 2, sharey=True), runs.items(), strict=True):
        for style, shape in zip(("-", ":"), shapes, strict=False):
            for place, (name, lr) in enumerate(OPTIMIZERS_AT):
                losses = [table.loc[shape, name, lr, count].mean() for count in (1, 2, 4)]
                ax.plot((1, 2, 4), losses, "o" + style, color=COLOURS[place], label=f"{name} {lr:g}, {shape}")
        ax.set(title=DATA[data], xlabel="cycles in eight epochs", xticks=(1, 2, 4))
        ax.grid(alpha=0.3)
    figure.axes[0].set_ylabel("validation loss")
    figure.axes[1].legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))
