"""What ``fit`` looks at before the first step: whether optimizer, schedulers and model belong together."""

from __future__ import annotations

import warnings
import zlib

import torch
from torch import nn
from torch.optim import LBFGS, Optimizer
from torch.optim.lr_scheduler import LRScheduler

from lrcourse.base import acts_on, check_is, check_scheduler, is_optimizer, optimizers_in, takes_metric
from lrcourse.images import Data

NAMED = 5  # parameters that a warning lists


def check_optimizer(optimizer: Optimizer, model: nn.Module) -> None:
    """Raise an error unless it is an optimizer that steps without a closure and holds weights of the model."""
    if isinstance(optimizer, (list, tuple, dict)):
        raise TypeError(
            f"fit steps one optimizer, got a {type(optimizer).__name__} of {len(optimizer)}: for several side by side,"
            " such as Muon and AdamW, write the loop of lesson 00 with"
            " `for optimizer in optimizers: optimizer.zero_grad()` and the same with step()"
        )
    if not is_optimizer(optimizer):
        check_is("optimizer", optimizer, Optimizer, "make one, such as torch.optim.Adam(model.parameters(), lr=0.01)")
    if any(isinstance(one, LBFGS) for one in optimizers_in(optimizer)):
        raise TypeError(
            "LBFGS evaluates the loss several times a step, so step() needs a closure, which fit does not"
            " give it: write the loop yourself, or use another optimizer"
        )
    if not held(optimizer) & set(model.parameters()):
        raise ValueError(
            "optimizer holds no parameter of model, so nothing would be trained: was the model made anew after it?"
            " Make the optimizer from model.parameters() again"
        )


def warn_of_untrained(optimizer: Optimizer, model: nn.Module) -> None:
    """Warn of weights that want to be trained and stand in no optimizer; a frozen one does not want to."""
    mine = held(optimizer)
    idle = {name: weight for name, weight in model.named_parameters() if weight.requires_grad and weight not in mine}
    if idle:
        count, all_of_them = (sum(one.numel() for one in ones) for ones in (idle.values(), model.parameters()))
        names = ", ".join(list(idle)[:NAMED]) + (f" and {len(idle) - NAMED} more" if len(idle) > NAMED else "")
        warnings.warn(
            f"optimizer does not hold {names}: {count:,} of {all_of_them:,} weights will not be trained. If they should"
            " be, make the optimizer after the last change of the model, from all of model.parameters(); if not, freeze"
            " them with requires_grad_(False)",
            stacklevel=3,
        )


def check_schedulers(optimizer: Optimizer, per_batch: LRScheduler | None, per_epoch: LRScheduler | None) -> None:
    """Raise an error unless each is a scheduler of this optimizer that can be stepped when it will be."""
    for name, scheduler in {"per_batch": per_batch, "per_epoch": per_epoch}.items():
        if scheduler is None:
            continue
        check_scheduler(name, scheduler)
        if not acts_on(scheduler, optimizer):
            raise ValueError(
                f"{name}={type(scheduler).__name__} belongs to another optimizer, so it would change an lr that"
                " nobody uses: create it with the optimizer that you pass to fit"
            )
    if per_batch is not None and takes_metric(per_batch):
        raise TypeError(
            f"{type(per_batch).__name__} needs the validation loss, which there is once an epoch: pass it as per_epoch"
        )


def held(optimizer: Optimizer) -> set[torch.Tensor]:
    """Return the parameters that an optimizer holds."""
    return {weight for group in optimizer.param_groups for weight in group["params"]}


def checksum(data: Data) -> int:
    """Return a number that tells one split of the images from another."""
    return zlib.crc32(torch.cat([data.train.labels, data.val.labels]).cpu().numpy().tobytes())
