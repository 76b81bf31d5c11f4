"""Where does the noise of a validation loss come from?"""

from matplotlib.figure import Figure

from experiments.plateau_noise import SIZES
from experiments.report.reading import DATA, read
from experiments.report.section import Said, Section
from lrcourse.plots import COLOURS

LRS = (0.01, 0.003, 0.001)
LARGEST = SIZES[-1]


def weights_share(variances, size: int) -> float:
    """Return which part of the noise that a set of so many images sees is there for any set: that of the weights.

    The variance of the jumps is taken as ``weights + images / size``; the two are found from 50 images and from all.
    """
    at_50, at_all = variances[50], variances[LARGEST]
    images = (at_50 - at_all) / (1 / 50 - 1 / LARGEST)
    weights = max(0.0, at_all - images / LARGEST)
    return weights / (weights + images / size)


def section() -> Section:
    """Return the jumps by lr and by the number of images."""
    made = Section("plateau-noise", "Where does the noise of a validation loss come from?", read("plateau_noise"))
    made.question = "plateau_noise"
    tables = {data: table.seeds_in_all(["lr"]) for data, table in made.tables.items()}
    tables = {data: table for data, table in tables.items() if table.seeds > 1}
    if len(tables) < len(DATA):
        return made
    jumps = {data: jumps_of(table.rows) for data, table in tables.items()}
    made.said = sentences(jumps, {data: table.rows for data, table in tables.items()})
    made.draw = lambda figure: draw(figure, jumps)
    made.alt = (
        "How far the validation loss jumps from epoch to epoch over the number of validation images, on both data"
        " sets, for"
        " three lrs and for averaged weights: the curves fall and then run flat."
    )
    made.head = [
        "images",
        "weights, lr",
        *(f"{n} images" for n in (20, 50, 200, 1000, LARGEST)),
        "part of the weights at 50",
    ]
    made.rows = [
        [DATA[data], f"{'averaged, ' if prefix else ''}{lr:g}", *line(jumps[data][prefix, lr])]
        for data in jumps
        for lr in LRS
        for prefix in ("", "averaged_")
    ]
    made.note = (
        "RMS change of the validation loss from epoch to epoch (epochs 5 to 16, without the steady progress), as sets"
        " of so"
        " many images see it; and which part of its variance at 50 images is there for any set."
    )
    made.cannot = (
        "Adam at a constant lr, 2,000 training images, sixteen epochs. The part of the weights is found with the"
        " model that"
        " the variance is a constant and a term that falls with the number of images."
    )
    return made


def jumps_of(rows) -> dict:
    """Return the RMS jump by size, for each lr and kind of weights, over the seeds."""
    squares = rows.filter(regex="jump_|^lr$").pipe(lambda t: t.set_index("lr") ** 2).groupby(level=0).mean()
    kinds = ("", "averaged_")
    return {(k, lr): {size: squares.loc[lr, f"{k}jump_{size}"] ** 0.5 for size in SIZES} for k in kinds for lr in LRS}


def part(jump: dict) -> float:
    """Return the weights' part at 50 images."""
    return weights_share({size: value**2 for size, value in jump.items()}, 50)


def line(jump: dict) -> list[str]:
    """Return the cells of a line of the table."""
    return [*(f"{jump[size]:.3f}" for size in (20, 50, 200, 1000, LARGEST)), f"{part(jump):.0%}"]


def draw(figure: Figure, jumps) -> None:
    """Draw the jumps over the number of images."""
    for ax, (data, jump) in zip(figure.subplots(1, 2, sharey=True), jumps.items(), strict=True):
        for place, lr in enumerate(LRS):
            for prefix, style in (("", "o-"), ("averaged_", "^:")):
                label = f"lr {lr:g}" + (", averaged" if prefix else "")
                ax.plot(SIZES, list(jump[prefix, lr].values()), style, color=COLOURS[place], label=label, markersize=4)
        ax.set(title=DATA[data], xscale="log", xlabel="validation images", ylim=0, xticks=SIZES[::2])
        ax.set_xticklabels([str(size) for size in SIZES[::2]])
        ax.minorticks_off()
        ax.grid(alpha=0.3)
    figure.axes[0].set_ylabel("jump from epoch to epoch")
    figure.axes[1].legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))


def sentences(jumps, rows) -> list[Said]:
    """Return what can be said."""
    return []
