"""How many steps an optimizer has made: where a run goes on, whoever watches it goes on counting."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from torch import Tensor
from torch.optim import Optimizer

_remembered: WeakKeyDictionary[Optimizer, int] = WeakKeyDictionary()


def remember_steps(optimizer: Optimizer, made: int) -> None:
    """Keep in mind that ``optimizer`` has made so many steps, which SGD and others do not count themselves."""
    _remembered[optimizer] = made


def steps_made(optimizer: Optimizer) -> int:
    """Return how many steps the optimizer has made: its own count if it keeps one, else what is remembered, else 0.

    >>> import torch
    >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))])
    >>> remember_steps(optimizer, 3)
    >>> steps_made(optimizer)
    3
    """
    counts = [state.get("step") for state in optimizer.state.values() if isinstance(state, dict)]
    # Those of schedulefree count in the group, beside what they estimate there.
    counts += [group.get("k") for group in optimizer.param_groups if "weight_sum" in group]
    counts = [int(count) for count in counts if isinstance(count, (int, float, Tensor))]
    return max(counts, default=_remembered.get(optimizer, 0))
