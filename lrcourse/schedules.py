"""What any torch scheduler will do, without training."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from lrcourse.base import check_number, check_whole

MakeScheduler = Callable[[Optimizer], LRScheduler]


def base_lr(optimizer: Optimizer) -> float:
    """Return the lr of the first param group."""
    return float(optimizer.param_groups[0]["lr"])


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

    The scheduler is stepped after every optimizer step. A step is whatever you call it for: an epoch for a
    scheduler stepped once an epoch, a batch for one stepped every batch. Nothing of yours is touched: the
    optimizer is a throw-away one, with a single weight in each param group.

    Args:
        make_scheduler: factory ``optimizer -> scheduler``, the same that you train with.
        steps: number of optimizer steps.
        lr: the lr that the optimizer is created with, if ``optimizer`` is a class.
        optimizer: class of the optimizer, which matters to schedulers that also move its momentum; or an
            optimizer of yours, whose param groups with all their options are copied.
        metrics: what a ``ReduceLROnPlateau`` is given, one number each time it is stepped.
        per_epoch: factory of a second scheduler on the same optimizer, stepped after every ``steps_per_epoch``
            steps, as ``fit`` does with ``per_batch`` and ``per_epoch``.
        steps_per_epoch: optimizer steps in an epoch; wanted with ``per_epoch`` only.
        read: what to read from the optimizer at each step, instead of the first group's lr.

    Returns:
        ``steps`` learning rates, or what ``read`` returned. The first is what the scheduler's constructor set.

    Raises:
        ValueError: ``steps`` or ``steps_per_epoch`` is not a whole number from 1; ``metrics`` is missing for a
            plateau, given for another scheduler, or of another length; ``lr`` is not a finite number from 0;
            ``make_scheduler`` used an optimizer of its own.
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
    check_whole("steps", steps, unit="optimizer steps")
    check_number("lr", lr)
    if not callable(optimizer) and not isinstance(optimizer, Optimizer):
        raise TypeError(f"optimizer must be a class such as torch.optim.Adam, or an optimizer; got {optimizer!r}")
    throw_away = _copy(optimizer) if isinstance(optimizer, Optimizer) else optimizer([_weight()], lr=lr)
    made = [(_make(make_scheduler, throw_away), 1)]
    if (per_epoch is None) != (steps_per_epoch is None):
        raise ValueError(f"per_epoch and steps_per_epoch go together; got steps_per_epoch={steps_per_epoch!r}")
    if per_epoch is not None:
        check_whole("steps_per_epoch", steps_per_epoch, unit="optimizer steps")
        made.append((_make(per_epoch, throw_away), steps_per_epoch))
    given = _deal(metrics, made, steps)
    used = []
    for step in range(1, steps + 1):
        used.append(read(throw_away))
        # A weight without a gradient is skipped, so this moves nothing; the closure is for LBFGS.
        throw_away.step(lambda: 0.0)
        for scheduler, every in made:
            if step % every == 0:
                scheduler.step(*([next(given)] if isinstance(scheduler, ReduceLROnPlateau) else []))
    return used


def _weight() -> torch.nn.Parameter:
    return torch.nn.Parameter(torch.zeros(1, 1))  # of two dimensions, because Muon takes no other


def _copy(optimizer: Optimizer) -> Optimizer:
    """Return a new optimizer with the same groups and options, and one weight in each."""
    groups = []
    for group in optimizer.param_groups:
        options = {key: value.clone() if isinstance(value, Tensor) else value for key, value in group.items()}
        options.pop("param_names", None)  # there is but one
        groups.append({**options, "params": [_weight()]})
    copy = type(optimizer)(groups)
    copy.defaults = dict(optimizer.defaults)  # by which CyclicLR and OneCycleLR see that there is a momentum
    return copy


def _make(make_scheduler: MakeScheduler, optimizer: Optimizer) -> LRScheduler:
    if isinstance(make_scheduler, LRScheduler) or not callable(make_scheduler):
        raise TypeError(
            f"got {type(make_scheduler).__name__} where a function that makes a scheduler is wanted,"
            " such as lambda optimizer: StepLR(optimizer, step_size=10)"
        )
    scheduler = make_scheduler(optimizer)
    if not isinstance(scheduler, LRScheduler):
        raise TypeError(
            f"make_scheduler must take an optimizer and return a scheduler; it returned {type(scheduler).__name__}"
        )
    if getattr(scheduler, "optimizer", optimizer) is not optimizer:
        raise ValueError(
            f"{type(scheduler).__name__} was made for another optimizer: use the one that make_scheduler is given,"
            " as in lambda optimizer: StepLR(optimizer, step_size=10)"
        )
    return scheduler


def _deal(metrics: Sequence[float] | None, made: list[tuple[LRScheduler, int]], steps: int) -> Iterator[float]:
    """Return the metrics one after the other, if they are as many as the plateau will need."""
    plateaus = [(scheduler, every) for scheduler, every in made if isinstance(scheduler, ReduceLROnPlateau)]
    if len(plateaus) > 1:
        raise ValueError("both schedulers are a ReduceLROnPlateau; one of them must do without metrics")
    needed = steps // plateaus[0][1] if plateaus else 0
    given = () if metrics is None else metrics
    if (metrics is not None) != bool(plateaus) or len(given) != needed:
        got = "none" if metrics is None else len(metrics)
        wanted = f"one metric each time it is stepped, {needed} in all" if plateaus else "no metrics"
        raise ValueError(f"{type((plateaus or made)[0][0]).__name__} takes {wanted}; got {got}")
    return iter(given)
