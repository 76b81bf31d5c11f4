"""Why should a lr go up?"""

from matplotlib.figure import Figure

from experiments.report.reading import DATA, differences, read
from experiments.report.section import Said, Section
from experiments.why_up import PEAKS, SHAPES
from lrcourse.plots import COLOURS

RISE, FALL, HELD = "rise and fall", "fall", "constant, then fall"


def section() -> Section:
    """Return the comparison of shapes, peak by peak."""
    tables = {data: table.seeds_in_all(["shape", "peak"]) for data, table in read("why_up").items()}
    tables = {data: table for data, table in tables.items() if table.seeds > 1}
    runs = {data: table.rows.set_index(["shape", "peak", "seed"]).sort_index() for data, table in tables.items()}
    made = Section("why-up", "Why should a lr go up?", read("why_up"), question="why_up")
    if len(runs) < len(DATA):
        return made
    made.said = sentences(runs)
    made.draw, made.size = lambda figure: draw(figure, runs), (9, 3.6)
    made.alt = (
        "Validation loss at the end over the peak lr, for five shapes of schedule, on both data sets: at low peaks the"
        " shapes that fall lie close together, at high peaks those that rise first lie lower."
    )
    made.head = [
        "shape",
        "peak lr",
        *(f"{name}: {w}" for name in DATA.values() for w in ("loss", "a rise gains", "peak loss")),
    ]
    made.rows = [
        [shape, f"{peak:g}", *(cell for table in runs.values() for cell in cells(table, shape, peak))]
        for shape in SHAPES
        for peak in sorted(PEAKS)
    ]
    seeds = min(table.seeds for table in tables.values())
    made.note = (
        f"SGD with momentum, four epochs of 32 batches of 64, {seeds} paired seeds. Validation loss at the end; by"
        f" how much the"
        " run that rises and falls ends lower than this one; the highest batch loss of epoch 1."
    )
    made.cannot = (
        "Why a high peak is worth having. SGD on one network, four epochs; how long the rise should be is the"
        " question of the"
        " section on warm-up."
    )
    return made


def end(table, shape: str, peak: float, value: str = "val_loss"):
    """Return what the runs of a cell came to, by seed."""
    return table.loc[shape, peak][value]


def cells(table, shape: str, peak: float) -> list[str]:
    """Return a cell's loss, what the rise gains over it, and the peak of its loss."""
    loss, risen = end(table, shape, peak), end(table, RISE, peak)
    gain = "" if shape == RISE else differences(loss, risen).text(2, 1)
    return [f"{loss.mean():.2f}", gain, f"{end(table, shape, peak, 'peak_loss').mean():.1f}"]


def draw(figure: Figure, runs) -> None:
    """Draw the loss over the peak."""
    for ax, (data, table) in zip(figure.subplots(1, 2, sharey=True), runs.items(), strict=True):
        for place, (shape, marker) in enumerate(zip(SHAPES, "osv^D", strict=True)):
            losses = [end(table, shape, peak).mean() for peak in sorted(PEAKS)]
            style = "-" if "rise" in shape else "--"
            ax.plot(sorted(PEAKS), losses, marker + style, color=COLOURS[place], label=shape, markersize=4)
        ax.set(title=DATA[data], xscale="log", xlabel="peak lr", xticks=sorted(PEAKS))
        ax.set_xticklabels([f"{peak:g}" for peak in sorted(PEAKS)])
        ax.minorticks_off()
        ax.grid(alpha=0.3)
    figure.axes[0].set_ylabel("validation loss at the end")
    figure.axes[1].legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))


def sentences(runs) -> list[Said]:
    """Return what the tables say of the rise, of what it is good for, and of the end."""

    def gain(shape, peak):
        return [differences(end(table, shape, peak), end(table, RISE, peak)).mean for table in runs.values()]

    def loss(shape, peak):
        return [end(table, shape, peak).mean() for table in runs.values()]

    def bump(shape, peak):
        return [end(table, shape, peak, "peak_loss").mean() for table in runs.values()]

    at_best, at_high, higher = gain(FALL, 0.01), gain(FALL, 0.03), gain(FALL, 0.1)
    best = {s: [min(losses) for losses in zip(*(loss(s, peak) for peak in PEAKS), strict=True)] for s in (FALL, RISE)}
    tripled = {s: [b - a for a, b in zip(loss(s, 0.01), loss(s, 0.03), strict=True)] for s in (FALL, RISE)}
    ended = [a - b for a, b in zip(loss("constant", 0.01), loss(HELD, 0.01), strict=True)]
    return [
        Said(
            f"A rise makes a high peak bearable. At 0.03 it lowers the validation loss by {at_high[0]:.2f} and"
            f" {at_high[1]:.2f} (CIFAR-10, Shapes-10) against a mere fall, at 0.1 by {higher[0]:.2f} and"
            f" {higher[1]:.2f}; and"
            f" the highest loss of the first epoch at 0.1 is {pair(bump(RISE, 0.1))} instead of"
            f" {pair(bump(FALL, 0.1))}.",
            min(at_high) > 0.05 and min(higher) > 0.15 and max(bump(RISE, 0.1)) < min(bump(FALL, 0.1)) / 2,
        ),
        Said(
            f"At 0.01, the best peak of both, it gains {pair(at_best, 2)}, and the best loss"
            f" at any"
            f" peak is {pair(best[RISE], 2)} with it, {pair(best[FALL], 2)} without. What it buys here is room for"
            f" error: a"
            f" peak three times too high costs {pair(tripled[RISE], 2)} with it, {pair(tripled[FALL], 2)} without.",
            max(map(abs, at_best)) < 0.05
            and all(loss(s, 0.01) == best[s] for s in (FALL, RISE))
            and all(a < b for a, b in zip(tripled[RISE], tripled[FALL], strict=True)),
        ),
        Said(
            f"The end matters more than the rise: at 0.01 a constant lr that falls in its last quarter ends"
            f" {pair(ended, 2)}"
            " lower than one that does not.",
            all(e > abs(g) for e, g in zip(ended, at_best, strict=True)),
        ),
    ]


def pair(values: list[float], digits: int = 0) -> str:
    """Return the numbers of the two data sets in words."""
    return " and ".join(f"{round(value, digits) + 0:.{digits}f}" for value in values)
