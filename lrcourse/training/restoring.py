"""Put back what was kept, without taking anything out of the hands of those who hold it."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.optim import Optimizer

from lrcourse.base import optimizers_in


def load_optimizer(optimizer: Optimizer, state: Mapping) -> None:
    """Load an optimizer's state into the groups, the state and the lr that it has.

    torch makes new ones. Then an optimizer around it, or a scheduler that keeps a group at hand, would be left with the
    old ones and act on nothing.

    >>> optimizer = torch.optim.SGD([torch.ones(1)], lr=0.1)
    >>> group = optimizer.param_groups[0]
    >>> load_optimizer(optimizer, {**optimizer.state_dict()})
    >>> optimizer.param_groups[0] is group
    True
    """
    there = [(one, one.param_groups, getattr(one, "state", None)) for one in optimizers_in(optimizer)]
    optimizer.load_state_dict(state)
    for one, groups, states in reversed(there):  # from the inside out: the outer one may show what the inner one has
        if any(new is not group for new, group in zip(one.param_groups, groups, strict=True)):
            for group, new in zip(groups, one.param_groups, strict=True):
                _fill(group, new)
            one.param_groups = groups
        if states is not None and one.state is not states:
            new = dict(one.state)
            states.clear()
            states.update(new)
            one.state = states


@torch.no_grad()
def _fill(group: dict, new: dict) -> None:
    """Let a group hold what another one holds, in its own tensors: the lr may be shared with the defaults."""
    for key, value in new.items():
        old = group.get(key)
        if isinstance(old, Tensor) and isinstance(value, Tensor) and old.shape == value.shape:
            new[key] = old.copy_(value)
    for key in group.keys() - new.keys():
        del group[key]
    group.update(new)


def generators() -> dict[str, Tensor]:
    """Return the states of the global generators, from which dropout draws."""
    gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {"cpu": torch.get_rng_state(), **{f"cuda:{i}": state for i, state in enumerate(gpus)}}


def set_generators(states: Mapping[str, Tensor]) -> None:
    """Put the global generators into these states, those that are there."""
    for device, state in states.items():
        if device == "cpu":
            torch.set_rng_state(state)
        elif torch.cuda.is_available() and int(device.removeprefix("cuda:")) < torch.cuda.device_count():
            torch.cuda.set_rng_state(state, device)
