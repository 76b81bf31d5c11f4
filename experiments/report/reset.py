"""Is it the memory or the weights that keep a run behind that began without a warm-up?"""

from matplotlib.figure import Figure

from experiments.report.reading import DATA, differences, numbers, read
from experiments.report.section import Said, Section
from lrcourse.plots import COLOURS

COLD, WARM, RESET, NORMS = "at once", "warm-up", "at once, average reset", "at once, norms back"
BOTH, SWAPPED = "at once, average reset and norms back", "warm-up, with the average of at once"
TAKEN = "at once, with the average of the warm-up"


def losses(table, arm):
    """Return the training loss of the last epoch, by seed."""
    return table.rows[table.rows.arm == arm].set_index("seed").train_loss


def closed(table, arm) -> float:
    """Return which part of the gap between at once and warm-up an arm closes, of the mean over the seeds."""
    cold, warm, here = (losses(table, name).mean() for name in (COLD, WARM, arm))
    return (cold - here) / (cold - warm)


def section() -> Section:
    """Return what the swap and the reset say."""
    tables = read("reset")
    means = {data: table.rows.groupby("arm").mean(numeric_only=True) for data, table in tables.items()}
    over = [means[data].average_over_now[COLD] for data in DATA]
    part = {arm: [closed(tables[data], arm) for data in DATA] for arm in (RESET, NORMS, BOTH, SWAPPED, TAKEN)}
    gap = [differences(losses(tables[data], COLD), losses(tables[data], WARM)) for data in DATA]
    val = [
        differences(*(t.rows[t.rows.arm == a].set_index("seed").val_accuracy for a in (WARM, COLD)))
        for t in tables.values()
    ]
    said = [
        Said(
            f"After an epoch without a warm-up Adam's average of squares is {over[0]:.0f} times (CIFAR-10) and"
            f" {over[1]:.0f} times (Shapes-10) what the present gradients would give. But that is not what keeps the"
            f" run"
            f" behind: with the average set to what the present weights give, {part[RESET][0]:.0%} and"
            f" {part[RESET][1]:.0%} of the gap in training loss close, with the weights' norms scaled back"
            f" {part[NORMS][0]:.0%} and {part[NORMS][1]:.0%}, with both {part[BOTH][0]:.0%} and {part[BOTH][1]:.0%}.",
            min(over) > 10 and all(max(part[arm]) < 0.3 for arm in (RESET, NORMS, BOTH)) and all(g.clear for g in gap),
        ),
        Said(
            "The swap says the same from the other side: the warmed-up weights, given the average of the run that"
            f" began at once, keep {part[SWAPPED][0]:.0%} and {part[SWAPPED][1]:.0%} of their lead; the others, given"
            f" the"
            f" average of the warm-up, gain nothing. What was lost in the first epoch is in the weights.",
            min(part[SWAPPED]) > 0.8 and max(part[TAKEN]) < 0.05,
        ),
        Said(
            "The lead is one in training loss. In validation accuracy after eight epochs at a constant lr it is"
            f" {val[0].text()} points on CIFAR-10 and {val[1].text()} on Shapes-10.",
            True,
        ),
    ]
    rows = [
        [arm, *(cell for data in DATA for cell in cells(tables[data], arm))]
        for arm in (COLD, WARM, RESET, NORMS, BOTH, TAKEN, SWAPPED)
    ]
    return Section(
        "reset",
        "Is it the optimizer's memory that a start without a warm-up spoils?",
        tables,
        said,
        draw=lambda figure: draw(figure, tables),
        alt="Training loss by epoch of seven kinds of runs on both data sets. Two bundles: all that began at once lie"
        " high, whatever was reset; all that were warmed up lie low, whatever average they were given.",
        head=[
            "after epoch 1",
            "CIFAR-10: training loss",
            "less than at once",
            "Shapes-10: training loss",
            "less than at once",
        ],
        rows=rows,
        note="Adam at lr 0.01; mean training loss of epoch 8, and by how much it is lower than that of `at once`.",
        cannot="What it is in the weights. One network with batch norm, one lr, one optimizer. Scaled were the"
        " convolutions, whose scale changes no output, not the linear layer and the batch norms' own weights.",
    )


def cells(table, arm) -> list[str]:
    """Return the loss of an arm, and by how much it lies below that of the run at once."""
    here, cold = losses(table, arm), losses(table, COLD)
    return [f"{here.mean():.2f}", "" if arm == COLD else differences(cold, here).text(2, 1)]


def draw(figure: Figure, tables) -> None:
    """Draw the training loss of each arm, the mean over seeds, by epoch."""
    looks = {
        COLD: (1, "-", 2.5),
        WARM: (0, "-", 2.5),
        RESET: (1, "--", 1.2),
        NORMS: (1, ":", 1.2),
        BOTH: (4, "-.", 1.2),
    }
    looks |= {TAKEN: (3, "--", 1.2), SWAPPED: (5, "--", 1.2)}
    for ax, (data, table) in zip(figure.subplots(1, 2, sharey=True), tables.items(), strict=True):
        for arm, (colour, style, width) in looks.items():
            mean = numbers(table.rows[table.rows.arm == arm].train_losses).mean()
            ax.plot(mean.index + 1, mean, style, color=COLOURS[colour], linewidth=width, label=arm)
        ax.set(title=DATA[data], xlabel="epoch")
        ax.grid(alpha=0.3)
    figure.axes[0].set_ylabel("training loss, mean of the epoch")
    figure.axes[1].legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))
