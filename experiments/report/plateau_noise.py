"""Where does the noise of a validation loss come from?"""

from matplotlib.figure import Figure

from experiments.plateau_noise import SIZES
from experiments.report.reading import DATA, differences, numbers, read
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
    sizes = [f"{size} images" for size in (20, 50, 200, 1000, LARGEST)]
    made.head = ["images", "weights, lr", *sizes, "part of the weights at 50", "at 1000"]
    made.rows = [
        [DATA[data], f"{'averaged, ' if prefix else ''}{lr:g}", *line(jumps[data][prefix, lr], prefix)]
        for data in jumps
        for lr in LRS
        for prefix in ("", "averaged_")
    ]
    made.note = (
        "RMS change of the validation loss from epoch to epoch (epochs 5 to 16, less the mean change), as sets of so"
        " many"
        " images see it; and which part of its variance any set would see. Of averaged weights the changes are progress"
        " that slows down, rather than noise, so no part is given."
    )
    made.cannot = (
        "Adam at a constant lr, 2,000 training images, sixteen epochs. The part of the weights rests on a model: the"
        " variance is a constant and a term that falls with the number of images."
    )
    return made


def jumps_of(rows) -> dict:
    """Return the RMS jump by size, for each lr and kind of weights, over the seeds."""
    squares = rows.filter(regex="jump_|^lr$").pipe(lambda t: t.set_index("lr") ** 2).groupby(level=0).mean()
    kinds = ("", "averaged_")
    return {(k, lr): {size: squares.loc[lr, f"{k}jump_{size}"] ** 0.5 for size in SIZES} for k in kinds for lr in LRS}


def part(jump: dict, size: int) -> float:
    """Return the weights' part of the noise that so many images see."""
    return weights_share({size: value**2 for size, value in jump.items()}, size)


def line(jump: dict, averaged: str) -> list[str]:
    """Return the cells of a line of the table."""
    parts = ["", ""] if averaged else [f"{part(jump, size):.0%}" for size in (50, 1000)]
    return [*(f"{jump[size]:.3f}" for size in (20, 50, 200, 1000, LARGEST)), *parts]


def draw(figure: Figure, jumps) -> None:
    """Draw the jumps over the number of images."""
    for ax, (data, jump) in zip(figure.subplots(1, 2, sharey=True), jumps.items(), strict=True):
        for place, lr in enumerate(LRS):
            for prefix, style in (("", "o-"), ("averaged_", "^:")):
                label = f"lr {lr:g}" + (", averaged" if prefix else "")
                ax.plot(SIZES, list(jump[prefix, lr].values()), style, color=COLOURS[place], label=label, markersize=4)
        ax.set(title=DATA[data], xscale="log", xlabel="validation images", xticks=SIZES[::2])
        ax.set_xticklabels([str(size) for size in SIZES[::2]])
        ax.minorticks_off()
        ax.grid(alpha=0.3)
    figure.axes[0].set_ylabel("jump from epoch to epoch")
    figure.axes[0].set_ylim(bottom=0)  # of both, once both are drawn
    figure.axes[1].legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))


def sentences(jumps, rows) -> list[Said]:
    """Return what the tables say of images, of weights, and of what helps."""
    high = [jumps[data]["", 0.01] for data in DATA]
    shares = [part(jump, 1000) for jump in high]
    all_shares = [part(jumps[data]["", lr], 1000) for data in DATA for lr in LRS]
    fewer, more = ([jump[a] / jump[b] for jump in high] for a, b in ((50, 1000), (1000, LARGEST)))
    calm = [jumps[data]["averaged_", 0.01][1000] / jumps[data]["", 0.01][1000] for data in DATA]
    lower = [ends(rows[data]) for data in DATA]
    return [
        Said(
            f"At lr 0.01, {shares[0]:.0%} (CIFAR-10) and {shares[1]:.0%} (Shapes-10) of the noise that 1,000 validation"
            " images see, in variance, any set would see: the weights move. A second thousand makes the jumps smaller"
            " by"
            f" {1 - 1 / more[0]:.0%} and {1 - 1 / more[1]:.0%}.",
            min(all_shares) > 0.75 and max(more) < 1.12,
        ),
        Said(
            f"Small sets add noise of their own: what 50 images see jumps {fewer[0]:.1f} and {fewer[1]:.1f} times as"
            f" far as"
            " what 1,000 see.",
            min(fewer) > 1.2,
        ),
        Said(
            f"What helps is to calm the weights: averaged, at that lr, they jump {calm[0]:.0%} and {calm[1]:.0%} as"
            f" far, and end"
            f" {lower[0].text(2, 1)} and {lower[1].text(2, 1)} lower in loss.",
            max(calm) < 0.4 and all(difference.mean > 0 for difference in lower),
        ),
    ]


def ends(rows):
    """Return by how much lower the loss of averaged weights is after the last epoch, at lr 0.01, seed by seed."""
    high = rows[rows.lr == 0.01].set_index("seed")
    plain, averaged = (numbers(high[f"{kind}losses_{LARGEST}"]).iloc[:, -1] for kind in ("", "averaged_"))
    return differences(plain, averaged)
