"""Look at parameters around a step: their weights before and after, and what the rule says of the step."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from numbers import Real
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.optim import Optimizer

from lrcourse.steps.decomposition import Step, ask_rule, decompose, lr_of
from lrcourse.steps.rules import goes_by_element
from lrcourse.steps.seeing import RUN, Before, Seen, at_places, join, on_host, see, what_must_agree
from lrcourse.steps.wrapping import has_rule

WHOLE = 32_768  # elements up to which a tensor is looked at whole; none of the course's small network is larger
SOME = 4_096  # elements that are looked at of a larger one


class Look(NamedTuple):
    """What was seen of one or more parameters, one after the other: flat real tensors of the same length.

    ``lengths`` says how many elements were looked at of each, ``counts`` of how many weights they speak.
    """

    factor: Tensor
    effective_lr: Tensor
    direction: Tensor
    decay: Tensor
    was: Tensor
    now: Tensor
    lengths: list[int]
    counts: list[int]


def choose_places(optimizer: Optimizer, param: Tensor) -> Tensor | None:
    """Return which runs of ``RUN`` elements are looked at, counted in the flat tensor; ``None`` for all elements.

    The places are the same in each run, and no global generator is asked.
    """
    if param.numel() <= WHOLE or (has_rule(optimizer) and not goes_by_element(optimizer)):
        return None
    # At random, and not evenly spaced, which would take the same column of a matrix again and again.
    chosen = np.random.default_rng(0).choice(param.numel() // RUN, SOME // RUN, replace=False)
    chosen.sort()
    return torch.as_tensor(chosen, device=param.device)


def look(optimizer: Optimizer, param: Tensor, before: Before) -> tuple[Look, Exception | None]:
    """Return what the step did to the weights, and what was raised where the rule could not say more."""
    now, was = at_places(before.places, param.detach(), param).flatten(), before.weight.flatten()
    problem = None
    try:
        step = decompose(optimizer, param, before=before)
    except Exception as error:  # what the weights did is still worth knowing
        problem, unknown = error, torch.full_like(was, torch.nan)
        step = Step(torch.nan, unknown, unknown, unknown)
    parts = [step.factor, step.base_lr * step.factor, step.direction, step.decay]
    if was.is_complex():
        was, now = torch.view_as_real(was), torch.view_as_real(now)
        if problem is not None:
            parts = [torch.view_as_real(part).clone() for part in parts]
    seen = (part.flatten() for part in (*parts, was, now))
    return Look(*seen, [was.numel()], [param.numel() * (1 + param.is_complex())]), problem


def look_together(optimizer: Optimizer, before: Mapping[Tensor, Before]) -> dict[tuple[Tensor, ...], Look]:
    """Return what the step did to the parameters that a rule can be shown as one, and which they are.

    A network has many small tensors, and asking a rule for each of them would take longer than the answers.
    """
    if not (has_rule(optimizer) and goes_by_element(optimizer)):
        return {}
    groups = [{**group, "lr": lr_of(group)} for group in optimizer.param_groups]
    own = {param: i for i, group in enumerate(groups) for param in group["params"]}
    states = on_host([optimizer.state.get(param, {}) for param in before])
    kinds: dict[Hashable, dict[Tensor, Seen]] = {}
    for (param, one), state in zip(before.items(), states, strict=True):
        if param.numel() and not param.is_complex():
            seen = see(groups[own[param]], state, param, param.grad, one)
            kind = what_must_agree(seen)
            kinds.setdefault(kind and (own[param], kind), {})[param] = seen
    kinds.pop(None, None)
    return {tuple(members): _look_at_one(optimizer, members) for members in kinds.values()}


def _look_at_one(optimizer: Optimizer, members: Mapping[Tensor, Seen]) -> Look:
    """Show the rule all members as one flat tensor."""
    seen = join([*members.values()])
    lr, parts = ask_rule(optimizer, seen)
    shown = [parts.factor, lr * parts.factor, parts.direction, lr * parts.decay_rate * seen.weight]
    if any(part.shape != seen.weight.shape for part in shown):
        raise ValueError(f"the rule of {type(optimizer).__name__} does not go element by element")
    lengths = [one.weight.numel() for one in members.values()]
    return Look(*shown, seen.weight, seen.after, lengths, [param.numel() for param in members])


def own_lr(group: Mapping, scale: object = None) -> tuple[str, float]:
    """Return what an optimizer makes of its base lr by an estimate of its own, in words and as a number.

    Prodigy and D-Adaptation multiply it by ``d``; ``scale`` is what that was before the step, which changes it. The
    schedule-free optimizers keep what a warm-up of their own makes of it as ``scheduled_lr``. Where there is nothing of
    the kind, the name is empty and the number the base lr.
    """
    lr, warmed = lr_of(group), group.get("scheduled_lr")
    # Adafactor has a d, too, which is another thing; these count their steps in k.
    if isinstance(scale, Real) and "k" in group:
        return "base lr × d", lr * float(scale)
    if isinstance(warmed, Real) and warmed != lr:
        return "scheduled lr", float(warmed)
    return "", lr
