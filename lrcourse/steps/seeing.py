"""What a rule may look at: copies from before a step, and all of a parameter, or some of a large one, after it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.optim import Optimizer

from lrcourse.steps.rules import Seen, overwritten

RUN = 16  # elements that are taken side by side: a line of the processor's cache, where they are float32


class Before(NamedTuple):
    """A parameter before a step: its weights, and what the step will use and then overwrite.

    Attributes:
        weight: a copy of the weights, or of those at ``places``.
        state: copies of what the step overwrites, at the same places.
        places: which runs of 16 elements are looked at, counted in the flat tensor; all of them without.
    """

    weight: Tensor
    state: dict[str, Tensor]
    places: Tensor | None = None


def look_before(optimizer: Optimizer, param: Tensor, places: Tensor | None = None) -> Before:
    """Return copies of what ``decompose`` needs from before the step, whatever the optimizer.

    Args:
        optimizer: the optimizer that will make the step.
        param: one of its parameters.
        places: with them, only these runs of 16 elements are copied, and ``decompose`` returns them as flat tensors.

    >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
    >>> look_before(torch.optim.SGD([weight]), weight).weight
    tensor([1.])
    """
    state = optimizer.state.get(param, {})
    kept = {key: _copy(places, state[key], param) for key in overwritten(optimizer) if key in state}
    return Before(_copy(places, param.detach(), param), kept, places)


def see(group: Mapping, state: Mapping, param: Tensor, grad: Tensor, before: Before) -> Seen:
    """Return what a rule may look at, for one parameter.

    Args:
        group: the options of its param group, ``lr`` as a float.
        state: what the optimizer keeps for it, after the step.
        param: the parameter, after the step.
        grad: its gradient.
        before: what was copied before the step.
    """

    def look(value: object) -> object:
        return real(at_places(before.places, value, param))

    kept = {key: look(value) for key, value in state.items()}
    earlier = {key: real(value) for key, value in before.state.items()}
    grad = look(-grad if group.get("maximize") else grad)
    return Seen(group, kept, earlier, grad, real(before.weight), look(param.detach()))


def at_places(places: Tensor | None, value: object, param: Tensor) -> object:
    """Return the elements at ``places`` of what has one for each weight; all else as it is."""
    if places is None or not isinstance(value, Tensor) or value.shape != param.shape:
        return value
    value = value.to_dense() if value.is_sparse else value
    if value.is_contiguous():
        runs = value.view(-1)[: value.numel() // RUN * RUN].view(-1, RUN)
        return runs.index_select(0, places).view(-1)
    return value.take((places[:, None] * RUN + torch.arange(RUN, device=places.device)).view(-1))


def real(value: object) -> object:
    """Return a complex tensor as pairs of real numbers, which is how the optimizers treat it."""
    return torch.view_as_real(value) if isinstance(value, Tensor) and value.is_complex() else value


def what_must_agree(seen: Seen) -> Hashable | None:
    """Return what two parameters must have in common to be shown to a rule as one; ``None`` for one that stays alone.

    A rule that works element by element sees no border between two tensors, so long as the numbers that it uses of
    each, such as the count of steps, are the same.
    """
    if seen.weight.dim() == 0 or seen.grad.is_sparse:
        return None
    common: list = [seen.weight.dtype, seen.weight.device, seen.grad.dtype]
    for values in (seen.state, seen.earlier):
        for key, value in values.items():
            if not isinstance(value, Tensor):
                common.append((key, value))
            elif value.shape == seen.weight.shape:
                common.append((key, value.dtype))
            elif value.dim() == 0:
                common.append((key, value.item()))
            else:
                return None
    return tuple(common)


def join(several: Sequence[Seen]) -> Seen:
    """Return several parameters that agree as if they were one, which is flat."""
    first = several[0]

    def flat(values: Sequence) -> object:
        each = isinstance(values[0], Tensor) and values[0].dim() > 0
        return torch.cat([value.reshape(-1) for value in values]) if each else values[0]

    state = {key: flat([seen.state[key] for seen in several]) for key in first.state}
    earlier = {key: flat([seen.earlier[key] for seen in several]) for key in first.earlier}
    tensors = (flat([getattr(seen, name) for seen in several]) for name in ("grad", "weight", "after"))
    return Seen(first.group, state, earlier, *tensors)


def on_host(states: Sequence[Mapping]) -> list[dict]:
    """Return the states with their single numbers on the CPU; from another device they come in one transfer."""
    states, far = [dict(state) for state in states], {}
    for state in states:
        for key, value in state.items():
            if isinstance(value, Tensor) and value.dim() == 0 and value.device.type != "cpu":
                far.setdefault((value.device, value.dtype), []).append((state, key))
    for found in far.values():
        numbers = torch.stack([state[key] for state, key in found]).cpu()
        for (state, key), number in zip(found, numbers, strict=True):
            state[key] = number
    return states


def _copy(places: Tensor | None, value: object, param: Tensor) -> object:
    """Return a copy of the elements at ``places``, or of all."""
    found = at_places(places, value, param)
    return found.clone() if found is value else found
