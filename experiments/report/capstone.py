"""The capstone's two designs, one change at a time."""

from matplotlib.figure import Figure

from experiments.capstone import DESIGNS, FIRST, SECOND
from experiments.report.reading import DATA, Table, differences, read
from experiments.report.section import Section
from lrcourse.plots import COLOURS

PATH = list(DESIGNS)[: list(DESIGNS).index(SECOND) + 1]


def accuracies(table: Table) -> dict:
    """Return the validation accuracies of each design that has more than one seed, by seed."""
    runs = table.rows.set_index(["design", "seed"]).sort_index().val_accuracy
    return {design: runs[design] for design, seeds in runs.groupby("design").size().items() if seeds > 1}


def section() -> Section:
    """Return each change's own gain."""
    made = Section("capstone", "What did each of the four changes of the last lesson bring?", read("capstone"))
    runs = {data: accuracies(table) for data, table in made.tables.items()}
    if not any(runs.values()):
        return made
    made.draw = lambda figure: draw(figure, runs)
    made.alt = "Validation accuracy of eight designs, a dot for each seed, on both data sets."
    made.head = ["design", *(f"{name}: {what}" for name in DATA.values() for what in ("accuracy, %", "gain"))]
    made.rows = [[design, *(cell for data in DATA for cell in cells(runs.get(data, {}), design))] for design in DESIGNS]
    made.rows += revealed(made.tables)
    made.note = (
        "Validation accuracy at equal budget. The gain of a line with a + is over the line before; of the others,"
        " over the second"
        " design as a whole: below zero, the change was worth making. Test images: the two designs only."
    )
    made.cannot = (
        "The gains depend on the order of the changes; the last three lines show the other end. No lr was tuned."
    )
    return made


def cells(runs: dict, design: str) -> list[str]:
    """Return accuracy and gain of a design."""
    if design not in runs:
        return ["", ""]
    before = None if design == FIRST else PATH[PATH.index(design) - 1] if design in PATH else SECOND
    gain = differences(runs[design], runs[before]).text() if before in runs else ""
    return [f"{100 * runs[design].mean():.1f}", gain]


def revealed(tables) -> list[list[str]]:
    """Return the lines of the test images, where both designs were run."""
    tested = {
        d: t.rows.dropna(subset="test_accuracy").set_index(["design", "seed"]).test_accuracy for d, t in tables.items()
    }
    cells = []
    for data in DATA:
        runs = tested.get(data)
        if runs is None or {FIRST, SECOND} - set(runs.index.get_level_values(0)):
            cells += ["", ""]
        else:
            gain = differences(runs[SECOND], runs[FIRST]).text()
            cells += [f"{100 * runs[FIRST].mean():.1f}, then {100 * runs[SECOND].mean():.1f}", gain]
    return [["test images: first, second design", *cells]]


def draw(figure: Figure, runs) -> None:
    """Draw a dot for each run."""
    axes = figure.subplots(1, len(runs), sharey=True, squeeze=False)[0]
    for ax, (data, designs) in zip(axes, runs.items(), strict=True):
        for place, design in enumerate(DESIGNS):
            if design in designs:
                ax.plot(100 * designs[design], [place] * len(designs[design]), "o", color=COLOURS[place % 6], alpha=0.7)
        ax.set(title=DATA[data], xlabel="validation accuracy, %", yticks=range(len(DESIGNS)), yticklabels=DESIGNS)
        ax.grid(alpha=0.3)
    axes[0].invert_yaxis()
