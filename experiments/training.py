"""What all experiments share: the images, the first weights, one training, and the row that it fills."""

from __future__ import annotations

import functools
import hashlib
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer, RAdam

from lrcourse import SmallCNN, evaluate, fit, load_data

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "build" / "experiments"  # what long runs have reached
OPTIMIZERS = {
    "SGD": lambda weights, lr: SGD(weights, lr=lr, momentum=0.9),
    "Adam": Adam,
    "AdamW": AdamW,
    "RAdam": RAdam,
}

images = functools.cache(load_data)  # a worker trains many networks on the same images


def data_name() -> str:
    """Return what the tables of the data set that is found are called by."""
    return "cifar10" if images(train=1, val=1, test=1).source.startswith("CIFAR-10") else "shapes10"


def table_name(question: str) -> str:
    """Return the name of a question's table on the data set that is found, without its ending."""
    return f"{question.replace('_', '-')}-{data_name()}"


def begin(seed: int, make: Callable[[nn.Module], Optimizer], net: Callable[[], nn.Module] = SmallCNN):
    """Return the network that belongs to a seed, and an optimizer of it: all that is random here is the seed's."""
    torch.manual_seed(seed)
    model = net()
    return model, make(model.parameters())


def train(model, optimizer, data, *, seed: int, epochs: int, **options) -> dict:
    """Train, and return the row of the run.

    The seconds are those of the processor, which say the same on a busy machine. Losses and accuracies by epoch are
    texts, so that a row stays a row.
    """
    started = time.process_time()
    history = fit(model, optimizer, data, epochs=epochs, seed=seed, progress=False, **options)
    per_epoch = history.steps_per_epoch
    first, *_ = epoch_losses = list(batched(history.train_loss, per_epoch))
    means = [sum(losses) / len(losses) for losses in epoch_losses]
    return {
        "val_loss": history.val_loss[-1],
        "val_accuracy": history.val_accuracy[-1],
        "best_val_loss": min(history.val_loss),
        "best_val_accuracy": max(history.val_accuracy),
        "train_loss": means[-1],
        "train_accuracy": evaluate(model, data.train)[1],
        "first_loss": first[0],
        "peak_loss": max(first),
        "seconds": round(time.process_time() - started, 2),
        "val_losses": written(history.val_loss),
        "val_accuracies": written(history.val_accuracy),
        "train_losses": written(means),
    }


def batched(values: list[float], size: int):
    """Yield a list in parts of ``size``."""
    return (values[start : start + size] for start in range(0, len(values), size))


def written(values: list[float]) -> str:
    """Return numbers as one text of a table: four digits, with blanks between."""
    return " ".join(f"{value:.4g}" for value in values)


def kept(question: str, **config) -> Path:
    """Return where a long run keeps what it has reached, so that it goes on from there when it is called again."""
    folder = KEPT / table_name(question)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / (hashlib.sha256(repr(config).encode()).hexdigest()[:16] + ".pt")
