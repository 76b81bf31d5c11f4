"""What any torch scheduler will do, without training."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from lrcourse.base import (
    acts_on,
    check_number,
    check_scheduler,
    check_series,
    check_whole,
    is_optimizer,
    is_scheduler,
    optimizers_in,
    takes_metric,
)

MakeScheduler = Callable[[Optimizer], LRScheduler]


def base_lr(optimizer: Optimizer) -> float:
    """Return the lr of the first param group; NaN if it holds none, because the optimizer chooses its lr itself."""
    lr = optimizer.param_groups[0].get("lr")
    return math.nan if lr is None else float(lr)


def check_lr(optimizer: Optimizer) -> None:
    """Raise a ``ValueError`` if a param group holds no lr that could be changed."""
    if any(group.get("lr") is None for group in optimizer.param_groups):
        raise ValueError(
            f"{type(optimizer).__name__} holds no lr, because it chooses its lr itself, so there is nothing to change:"
            " make it with one, such as Adafactor(parameters, lr=0.001, relative_step=False)"
        )


def simulate(
    make_scheduler: MakeScheduler,
    steps: int,
    *,
    lr: float = 0.1,
    optimizer: Callable[..., Optimizer] | Optimizer = torch.optim.SGD,
    metrics: Sequence[float] | None = None,
    per_epoch: MakeScheduler | None = None,
    steps_per_epoch: int | None = None,
    read: Callable[[Optimizer], Any] = base_lr,
) -> list:
    """Return the base lr that each of ``steps`` optimizer steps would use under a scheduler.

    The scheduler is one of torch's, or one that is stepped like them: ``step()`` counts itself, or is given a result to
    look at. It is stepped after every optimizer step. A step is whatever you call it for: an epoch for a
    scheduler stepped once an epoch, a batch for one stepped every batch. Nothing of yours is touched: the
    optimizer is a throw-away one, with a single weight in each param group.

    Args:
        make_scheduler: factory ``optimizer -> scheduler``, the same that you train with.
        steps: number of optimizer steps.
        lr: the lr that the optimizer is created with, if ``optimizer`` is a class.
        optimizer: class of the optimizer, which matters to schedulers that also move its momentum; or an
            optimizer of yours, whose param groups with all their options are copied. Of an optimizer around another,
            too, the groups are what counts.
        metrics: what a ``ReduceLROnPlateau`` is given, one number each time it is stepped; or another scheduler whose
            ``step`` takes one.
        per_epoch: factory of a second scheduler on the same optimizer, stepped after every ``steps_per_epoch``
            steps, as ``fit`` does with ``per_batch`` and ``per_epoch``.
        steps_per_epoch: optimizer steps in an epoch; wanted with ``per_epoch`` only.
        read: what to read from the optimizer at each step, instead of the first group's lr.

    Returns:
        ``steps`` learning rates, or what ``read`` returned. The first is what the scheduler's constructor set.

    Raises:
        ValueError: ``steps`` or ``steps_per_epoch`` is not a whole number from 1; ``metrics`` is missing for a
            plateau, given for another scheduler, or of another length; ``lr`` is not a finite number from 0;
            ``make_scheduler`` used an optimizer of its own; ``optimizer`` holds no lr.
        TypeError: ``make_scheduler`` or ``per_epoch`` is not a factory, or does not return a scheduler; ``optimizer``
            is no optimizer.

    >>> from torch.optim.lr_scheduler import CyclicLR, StepLR
    >>> simulate(lambda optimizer: StepLR(optimizer, step_size=2, gamma=0.5), 5, lr=0.01)
    [0.01, 0.01, 0.005, 0.005, 0.0025]

    The momentum that CyclicLR moves the other way:

    >>> cyclic = lambda optimizer: CyclicLR(optimizer, 0.1, 0.3, step_size_up=2)
    >>> momentum = lambda optimizer: round(optimizer.param_groups[0]["momentum"], 3)
    >>> simulate(cyclic, 5, read=momentum)
    [0.9, 0.85, 0.8, 0.85, 0.9]
    """
    steps = check_whole("steps", steps, unit="optimizer steps")
    check_number("lr", lr)  # but it is used as it is: an lr of 32 bits is multiplied in 32 bits
    check_lr(own := optimizer if is_optimizer(optimizer) else _call(optimizer, lr))
    throw_away = copy_groups(own)
    made = [(_make("make_scheduler", make_scheduler, throw_away), 1)]
    if (per_epoch is None) != (steps_per_epoch is None):
        raise ValueError(f"per_epoch and steps_per_epoch go together; got steps_per_epoch={steps_per_epoch!r}")
    if per_epoch is not None:
        steps_per_epoch = check_whole("steps_per_epoch", steps_per_epoch, unit="optimizer steps")
        made.append((_make("per_epoch", per_epoch, throw_away), steps_per_epoch))
    given = _deal(metrics, made, steps)
    used = []
    for step in range(1, steps + 1):
        used.append(read(throw_away))
        throw_away.step()
        for scheduler, every in made:
            if step % every == 0:
                scheduler.step(*([next(given)] if takes_metric(scheduler) else []))
    return used


class _Groups(Optimizer):
    """Param groups, which are all that a scheduler changes, and steps that move nothing."""

    def step(self, closure: Callable | None = None) -> None:
        """Count as a step."""


def _call(make_optimizer: Callable[..., Optimizer], lr: float) -> Optimizer:
    """Return the optimizer that a class or another factory makes, over one weight."""
    if not callable(make_optimizer):
        raise TypeError(f"optimizer must be a class such as torch.optim.Adam, or an optimizer; got {make_optimizer!r}")
    optimizer = make_optimizer([_weight()], lr=lr)
    if not is_optimizer(optimizer):
        got = type(optimizer).__name__
        raise TypeError(f"optimizer must be a class such as torch.optim.Adam, or an optimizer; calling it gave {got}")
    return optimizer


def _weight() -> torch.nn.Parameter:
    return torch.nn.Parameter(torch.zeros(1, 1))  # of two dimensions, because Muon takes no other


def copy_groups(optimizer: Optimizer) -> Optimizer:
    """Return a new optimizer with the same groups and options, and one weight in each."""
    groups = []
    for group in optimizer.param_groups:
        # Their names would be those of more weights than the one.
        options = {key: value for key, value in group.items() if key not in ("params", "param_names")}
        groups.append({**copy.deepcopy(options), "params": [_weight()]})
    # By the defaults CyclicLR and OneCycleLR see that there is a momentum.
    defaults = next((one.defaults for one in optimizers_in(optimizer) if hasattr(one, "defaults")), {})
    return _Groups(groups, copy.deepcopy(defaults))


def _make(name: str, make_scheduler: MakeScheduler, optimizer: Optimizer) -> LRScheduler:
    if is_scheduler(make_scheduler) or not callable(make_scheduler):
        raise TypeError(
            f"got {type(make_scheduler).__name__} where a function that makes a scheduler is wanted,"
            " such as lambda optimizer: StepLR(optimizer, step_size=10)"
        )
    scheduler = make_scheduler(optimizer)
    if not is_scheduler(scheduler):
        raise TypeError(f"{name} must take an optimizer and return a scheduler; it returned {type(scheduler).__name__}")
    check_scheduler(name, scheduler)
    if not acts_on(scheduler, optimizer):
        raise ValueError(
            f"{type(scheduler).__name__} was made for another optimizer: use the one that {name} is given,"
            " as in lambda optimizer: StepLR(optimizer, step_size=10)"
        )
    return scheduler


def _deal(metrics: Sequence[float] | None, made: list[tuple[LRScheduler, int]], steps: int) -> Iterator[float]:
    """Return the metrics one after the other, if they are as many as the plateau will need."""
    plateaus = [(scheduler, every) for scheduler, every in made if takes_metric(scheduler)]
    names = [type(scheduler).__name__ for scheduler, _ in plateaus or made]
    if len(plateaus) > 1:
        raise ValueError(f"both schedulers take metrics, {' and '.join(names)}; one of them must do without")
    needed = steps // plateaus[0][1] if plateaus else 0
    advice = "pass losses, such as history.val_loss"  # not finite, if the training went astray
    given = [] if metrics is None else check_series("metrics", metrics, advice, least=0, finite=False)
    if (metrics is not None) != bool(plateaus) or len(given) != needed:
        got = "none" if metrics is None else len(given)
        wanted = f"one metric each time it is stepped, {needed} in all" if plateaus else "no metrics"
        raise ValueError(f"{names[0]} takes {wanted}; got {got}")
    return iter(given)
