"""The base learning rate of any torch scheduler, without training."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau


def simulate(
    make_scheduler: Callable[[Optimizer], LRScheduler],
    steps: int,
    *,
    lr: float = 0.1,
    optimizer: Callable[..., Optimizer] = torch.optim.SGD,
    metrics: Sequence[float] | None = None,
) -> list[float]:
    """Return the base lr that each of ``steps`` optimizer steps would use under a scheduler.

    The scheduler is stepped after every optimizer step. A step is whatever you call it for: an epoch for a
    scheduler stepped once an epoch, a batch for one stepped every batch. Nothing of yours is touched: the
    optimizer is a throw-away one over a single weight.

    Args:
        make_scheduler: factory ``optimizer -> scheduler``, the same that you train with.
        steps: number of optimizer steps.
        lr: the lr that the optimizer is created with.
        optimizer: class of the optimizer. It matters to schedulers that also move its momentum.
        metrics: what a ``ReduceLROnPlateau`` is given after each step, ``steps`` numbers.

    Returns:
        ``steps`` learning rates. The first is the one that the scheduler's constructor set. With several
        param groups, those of the first.

    Raises:
        ValueError: ``steps`` is less than 1; ``metrics`` is missing for a plateau, given for another
            scheduler, or of another length.
        TypeError: ``make_scheduler`` does not return a scheduler.

    >>> from torch.optim.lr_scheduler import StepLR
    >>> simulate(lambda optimizer: StepLR(optimizer, step_size=2, gamma=0.5), 5, lr=0.01)
    [0.01, 0.01, 0.005, 0.005, 0.0025]
    """
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        raise ValueError(f"steps is the number of optimizer steps, a whole number from 1; got {steps!r}")
    # Two dimensions, because Muon takes no other weight.
    throw_away = optimizer([torch.nn.Parameter(torch.zeros(1, 1))], lr=lr)
    scheduler = make_scheduler(throw_away)
    if not isinstance(scheduler, LRScheduler):
        raise TypeError(
            f"make_scheduler must take an optimizer and return a scheduler; it returned {type(scheduler).__name__}"
        )
    by_metric = isinstance(scheduler, ReduceLROnPlateau)
    if by_metric != (metrics is not None) or (metrics is not None and len(metrics) != steps):
        got = "none" if metrics is None else len(metrics)
        wanted = f"one metric for each of the {steps} steps" if by_metric else "no metrics"
        raise ValueError(f"{type(scheduler).__name__} takes {wanted}; got {got}")
    used = []
    for step in range(steps):
        used.append(float(throw_away.param_groups[0]["lr"]))
        # A weight without a gradient is skipped, so this moves nothing; the closure is for LBFGS.
        throw_away.step(lambda: 0.0)
        scheduler.step(metrics[step]) if by_metric else scheduler.step()
    return used
