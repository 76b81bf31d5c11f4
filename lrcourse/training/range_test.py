"""Try learning rates from small to large on a copy of the model, and watch the loss."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim import LBFGS, Optimizer

from lrcourse.base import bar, check_is, check_number, check_whole, is_optimizer, optimizers_in, switch_mode
from lrcourse.images import Data
from lrcourse.schedules import check_lr

SMOOTHING = 0.9  # share of the running average that stays, so that it remembers about 10 batches
DIVERGED = 4.0  # times the best smoothed loss; the rest of the range would only blow up further


@dataclass
class RangeTest:
    """The result of a learning rate range test, one entry for each step made.

    Attributes:
        lr: the lr of the step.
        loss: the loss of the step's batch, before the step.
        smooth: running average of the loss, corrected for starting at 0.
    """

    lr: list[float] = field(default_factory=list)
    loss: list[float] = field(default_factory=list)
    smooth: list[float] = field(default_factory=list)

    @property
    def lowest(self) -> float:
        """The lr at which the smoothed loss was lowest. Training there is on the edge: choose less."""
        return self.lr[self.smooth.index(min(self.smooth))]

    @property
    def suggestion(self) -> float:
        """A tenth of ``lowest``, a common rule of thumb for a peak lr that is safe."""
        return self.lowest / 10


def lr_range_test(
    model: nn.Module,
    make_optimizer: Callable[[Iterator[nn.Parameter]], Optimizer],
    data: Data,
    *,
    lr_min: float,
    lr_max: float,
    steps: int,
    batch_size: int = 128,
    seed: int = 0,
    progress: bool = True,
) -> RangeTest:
    """Train a copy of ``model`` while the lr grows from ``lr_min`` to ``lr_max``, and return what the loss did.

    The lr is multiplied by the same number after each step. The test ends early when the smoothed loss is four
    times its best, or not finite. Your model, your optimizer and the global generator stay as they are.

    Args:
        model: the network to test; a copy of it is trained.
        make_optimizer: factory ``parameters -> optimizer``; its lr is replaced. An optimizer with a training and an
            evaluation mode is put into the first, as the copy of the model is.
        data: the images, on the model's device.
        lr_min: lr of the first step.
        lr_max: lr of the last step.
        steps: number of steps; passes over the training images follow each other as in ``fit``.
        batch_size: images in a step.
        seed: of the order of the images.
        progress: show a progress bar.

    Raises:
        ValueError: not ``0 < lr_min < lr_max``, ``steps`` is not a whole number from 2 or ``batch_size`` from 1,
            ``make_optimizer`` ignores the parameters it is given or returns an optimizer that chooses its lr itself,
            or the loss is not finite from the start.
        TypeError: ``make_optimizer`` does not return an optimizer, or returns LBFGS, which needs a closure;
            or an argument of another type.

    Source: Smith 2015, "Cyclical learning rates for training neural networks", arXiv:1506.01186.

    >>> from lrcourse import SmallCNN, load_data
    >>> data = load_data(train=256, val=1, test=1)
    >>> result = lr_range_test(SmallCNN(), torch.optim.SGD, data, lr_min=1e-5, lr_max=1e-3, steps=3, batch_size=8)
    >>> [round(lr, 9) for lr in result.lr]
    [1e-05, 0.0001, 0.001]
    """
    check_is("model", model, nn.Module, "call lr_range_test(model, make_optimizer, data, lr_min=..., ...)")
    check_is("data", data, Data, "pass what load_data() returns, not one of its splits")
    low, high = check_number("lr_min", lr_min), check_number("lr_max", lr_max)
    if not 0 < low < high:
        raise ValueError(f"lr_min must be above 0 and below lr_max; got lr_min={lr_min!r}, lr_max={lr_max!r}")
    steps, batch_size = check_whole("steps", steps, least=2), check_whole("batch_size", batch_size)
    seed = check_whole("seed", seed, least=0)
    if not callable(make_optimizer):
        raise TypeError(
            f"make_optimizer must be a function that makes an optimizer, got {type(make_optimizer).__name__}:"
            " pass a class such as torch.optim.Adam, or lambda parameters: Adam(parameters, betas=(0.8, 0.99))"
        )
    model = copy.deepcopy(model)
    optimizer = make_optimizer(model.parameters())
    _check(optimizer, model)
    result, average, best = RangeTest(), 0.0, math.inf
    devices = {parameter.device for parameter in model.parameters() if parameter.device.type == "cuda"}
    with torch.random.fork_rng(devices):  # dropout draws from the global generator
        batches = _batches(len(data.train.labels), batch_size, steps, seed)
        for step, batch in enumerate(bar(batches, what="steps", shown=progress, total=steps)):
            lr = low * (high / low) ** (step / (steps - 1))
            for group in optimizer.param_groups:
                group["lr"] = lr
            model.train()
            switch_mode(optimizer, "train")
            loss = F.cross_entropy(model(data.train.images[batch]), data.train.labels[batch])
            average = SMOOTHING * average + (1 - SMOOTHING) * loss.item()
            smooth = average / (1 - SMOOTHING ** (step + 1))
            if not math.isfinite(smooth) or smooth > DIVERGED * best:
                break
            best = min(best, smooth)
            result.lr.append(lr)
            result.loss.append(loss.item())
            result.smooth.append(smooth)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    if not result.lr:
        raise ValueError(
            "the loss is not finite before the first step: look for NaN in the weights of model and in data"
        )
    return result


def _check(optimizer: Optimizer, model: nn.Module) -> None:
    if not is_optimizer(optimizer) or any(isinstance(one, LBFGS) for one in optimizers_in(optimizer)):
        got = type(optimizer).__name__
        raise TypeError(f"make_optimizer must return an optimizer that needs no closure; it returned {got}")
    mine = set(model.parameters())
    if any(parameter not in mine for group in optimizer.param_groups for parameter in group["params"]):
        raise ValueError(
            "make_optimizer returned an optimizer over other parameters than it was given, and the test would change"
            " its lr: use the argument, as in lambda parameters: Adam(parameters)"
        )
    check_lr(optimizer)


def _batches(images: int, batch_size: int, steps: int, seed: int) -> Iterator[torch.Tensor]:
    """Yield the numbers of the images of each step, in a new order every epoch."""
    generator = torch.Generator().manual_seed(seed)
    while True:
        for batch in torch.randperm(images, generator=generator).split(batch_size):
            if steps == 0:
                return
            steps -= 1
            yield batch
