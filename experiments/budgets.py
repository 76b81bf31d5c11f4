"""What does a schedule buy in a short, a longer and a long training?

For each optimizer, schedule and number of epochs, three lrs are tried with a seed of their own, and the best one by
validation loss gets the three seeds that count. What was chosen by luck is then not reported with that luck.
"""

import pandas as pd
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, OneCycleLR, SequentialLR, StepLR

from experiments.training import OPTIMIZERS, begin, data_name, images, kept, train

FINDING, SEEDS = 100, (0, 1, 2)
EPOCHS = {"cifar10": (8, 24, 72), "shapes10": (8, 24)}
LRS = {"SGD": (0.01, 0.03, 0.1), "Adam": (0.001, 0.003, 0.01), "AdamW": (0.001, 0.003, 0.01)}
SCHEDULES = ("constant", "step", "cosine", "one cycle", "warm-up + cosine")
CELL = ["optimizer", "schedule", "epochs"]


def cells(epochs: int) -> list[dict]:
    """Return the pairs of optimizer and schedule at one budget."""
    return [{"optimizer": name, "schedule": schedule, "epochs": epochs} for name in LRS for schedule in SCHEDULES]


def configs(table: pd.DataFrame | None = None) -> list[dict]:
    """Return what can be run now: the first budget that is not done yet, its finding runs or those that count."""
    planned = []
    for epochs in EPOCHS[data_name()]:
        planned += [{**c, "lr": lr, "seed": FINDING} for c in cells(epochs) for lr in LRS[c["optimizer"]]]
        if table is None or len(planned) > len(table):
            return planned
        found = table[(table.epochs == epochs) & (table.seed == FINDING)]
        best = found.loc[found.groupby(CELL).val_loss.idxmin()].set_index(CELL).lr
        planned += [{**c, "lr": float(best[tuple(c.values())]), "seed": seed} for seed in SEEDS for c in cells(epochs)]
        if len(planned) > len(table):
            return planned
    return planned


def steppers(schedule: str, optimizer, epochs: int) -> dict:
    """Return the scheduler of a run of so many epochs, by when it is stepped, as in the lesson's table."""
    steps, lr = epochs * 32, optimizer.param_groups[0]["lr"]
    if schedule == "constant":
        return {}
    if schedule == "step":
        return {"per_epoch": StepLR(optimizer, step_size=epochs * 3 // 8, gamma=0.3)}
    if schedule == "one cycle":
        return {"per_batch": OneCycleLR(optimizer, max_lr=lr, total_steps=steps, cycle_momentum=False)}
    if schedule == "cosine":
        return {"per_batch": CosineAnnealingLR(optimizer, steps)}
    up = LinearLR(optimizer, start_factor=0.05, total_iters=steps // 8)
    down = CosineAnnealingLR(optimizer, steps - steps // 8)
    return {"per_batch": SequentialLR(optimizer, [up, down], milestones=[steps // 8])}


def run(optimizer: str, schedule: str, epochs: int, lr: float, seed: int) -> dict:
    """Train for so many epochs."""
    model, chosen = begin(seed, lambda weights: OPTIMIZERS[optimizer](weights, lr=lr))
    options = steppers(schedule, chosen, epochs)
    if epochs > 8:
        options["checkpoint"] = kept("budgets", cell=(optimizer, schedule, epochs), lr=lr, seed=seed)
    return train(model, chosen, images(), seed=seed, epochs=epochs, **options)
