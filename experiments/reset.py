"""A run without a warm-up stays behind: is it the optimizer's memory, or the weights?

Adam at lr 0.01, at once and with a warm-up over the first epoch. After that epoch both have the same lr, and what may
explain the gap is changed by hand, one thing at a time: the average of squares, the norms of the weights of the
convolutions (a batch norm follows each, so that their scale changes no output, only how far a step turns them), or
the average is that of the other run.
"""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Adam, Optimizer
from torch.optim.lr_scheduler import LinearLR

from experiments.training import begin, images, train

EPOCHS, LR = 8, 0.01
AT_ONCE, WARMED = "at once", "warm-up"
ARMS = {
    "at once": (AT_ONCE, ()),
    "warm-up": (WARMED, ()),
    "at once, average reset": (AT_ONCE, ("reset",)),
    "at once, norms back": (AT_ONCE, ("norms",)),
    "at once, average reset and norms back": (AT_ONCE, ("norms", "reset")),
    "at once, with the average of the warm-up": (AT_ONCE, ("swap",)),
    "warm-up, with the average of at once": (WARMED, ("swap",)),
}


def configs() -> list[dict]:
    """Return three seeds of each arm."""
    return [{"arm": arm, "seed": seed} for seed in range(3) for arm in ARMS]


def run(arm: str, seed: int) -> dict:
    """Train one epoch, change what the arm says, and train on at the full lr."""
    begun, changes = ARMS[arm]
    both = {name: first_epoch(name, seed) for name in (AT_ONCE, WARMED)}
    model, optimizer, first = both.pop(begun)
    ((other, other_optimizer, _),) = both.values()
    for change in changes:
        if change == "norms":
            scale_back(model, optimizer, other)
        else:
            set_averages(optimizer, squares_now(model) if change == "reset" else averages(other_optimizer))
    measured = {"norm": norm(model), "average_over_now": over_now(model, optimizer)}
    rest = train(model, optimizer, images(), seed=1000 + seed, epochs=EPOCHS - 1)
    by_epoch = {name: f"{first[name]} {rest[name]}" for name in ("val_losses", "val_accuracies", "train_losses")}
    both_parts = {"seconds": first["seconds"] + rest["seconds"], **{n: first[n] for n in ("first_loss", "peak_loss")}}
    return measured | rest | both_parts | by_epoch


def first_epoch(name: str, seed: int) -> tuple[nn.Module, Optimizer, dict]:
    """Return network, optimizer and row of an epoch, with the lr at once or rising."""
    model, optimizer = begin(seed, lambda weights: Adam(weights, lr=LR))
    rise = LinearLR(optimizer, start_factor=0.05, total_iters=32) if name == WARMED else None
    row = train(model, optimizer, images(), seed=seed, epochs=1, per_batch=rise)
    optimizer.param_groups[0]["lr"] = LR  # where the epoch has fewer steps than the warm-up
    return model, optimizer, row


def averages(optimizer: Optimizer) -> list[Tensor]:
    """Return Adam's averages of squares, one for each parameter."""
    return [optimizer.state[weight]["exp_avg_sq"] for weight in optimizer.param_groups[0]["params"]]


def set_averages(optimizer: Optimizer, values: list[Tensor]) -> None:
    """Write other averages of squares into Adam's state."""
    for average, value in zip(averages(optimizer), values, strict=True):
        average.copy_(value)


def squares_now(model: nn.Module) -> list[Tensor]:
    """Return what the averages would be, had all gradients until now been those of the present weights.

    Adam divides by 1 - beta2^t, since its averages begin at 0; so they are that part of the mean square.
    """
    model, data = copy.deepcopy(model).train(), images()
    batches = list(zip(data.train.images.split(128), data.train.labels.split(128), strict=True))
    total = [torch.zeros_like(weight) for weight in model.parameters()]
    for pictures, labels in batches:
        gradients = torch.autograd.grad(F.cross_entropy(model(pictures), labels), list(model.parameters()))
        for sum_, gradient in zip(total, gradients, strict=True):
            sum_ += gradient**2
    return [sum_ / len(batches) * (1 - 0.999 ** len(batches)) for sum_ in total]


def convolutions(model: nn.Module) -> list[Tensor]:
    """Return the weights of the convolutions."""
    return [layer.weight for layer in model.modules() if isinstance(layer, nn.Conv2d)]


def norm(model: nn.Module) -> float:
    """Return the norm of all weights of the convolutions together."""
    return sum(weight.detach().square().sum().item() for weight in convolutions(model)) ** 0.5


@torch.no_grad()
def scale_back(model: nn.Module, optimizer: Optimizer, other: nn.Module) -> None:
    """Give each convolution the norm that it has in the other network, and Adam the averages that belong to it.

    The outputs stay as they are. The gradients grow as the weights shrink, and so do the averages, so that Adam
    remembers the same as before, in the new unit.
    """
    for weight, wanted in zip(convolutions(model), convolutions(other), strict=True):
        share = wanted.norm() / weight.norm()
        weight *= share
        optimizer.state[weight]["exp_avg"] /= share
        optimizer.state[weight]["exp_avg_sq"] /= share**2


def over_now(model: nn.Module, optimizer: Optimizer) -> float:
    """Return how many times the median weight's average is what the present weights would give."""
    now, held = (torch.cat([part.flatten() for part in parts]) for parts in (squares_now(model), averages(optimizer)))
    return (held / now.clamp_min(1e-30)).median().item()
