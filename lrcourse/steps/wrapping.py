"""Optimizers around an optimizer, such as Lookahead or that of Accelerate: which one makes the steps."""

from __future__ import annotations

from torch.optim import Optimizer

from lrcourse.base import steps_inside
from lrcourse.steps.rules import rule


def has_rule(optimizer: Optimizer) -> bool:
    """Tell whether there is a rule for this class of optimizer, or for one that it descends from."""
    return rule.dispatch(type(optimizer)) is not rule.dispatch(object)


def unwrap(optimizer: Optimizer) -> Optimizer:
    """Return the optimizer itself, or the one inside it that makes the steps.

    It is looked for inside where the outer one runs no hooks of its own, or where there is no rule for it.

    Raises:
        TypeError: the optimizer runs no hooks, nor does one inside.

    >>> import torch
    >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))])
    >>> unwrap(optimizer) is optimizer
    True
    """
    return steps_inside(optimizer, has_rule)
