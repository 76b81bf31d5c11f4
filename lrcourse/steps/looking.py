"""Look at one parameter around a step: its weights before and after, and what the rule says of the step."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.optim import Optimizer

from lrcourse.steps.decomposition import Before, Step, decompose, lr_of
from lrcourse.steps.rules import needs_whole
from lrcourse.steps.wrapping import has_rule

WHOLE = 32_768  # elements up to which a tensor is looked at whole; none of the course's small network is larger
SOME = 4_096  # elements that are looked at of a larger one


class Look(NamedTuple):
    """What was seen of one parameter: flat real tensors of the same length, and of how many weights they speak."""

    factor: Tensor
    effective_lr: Tensor
    direction: Tensor
    decay: Tensor
    was: Tensor
    now: Tensor
    count: int


def choose_places(optimizer: Optimizer, param: Tensor) -> tuple[Tensor, ...] | None:
    """Return, for each dimension, where the elements stand that are looked at; ``None`` for all of them.

    The places are the same in each run, and no global generator is asked.
    """
    if param.numel() <= WHOLE or (has_rule(optimizer) and needs_whole(optimizer)):
        return None
    # At random, and not evenly spaced, which would take the same column of a matrix again and again.
    chosen = np.random.default_rng(0).choice(param.numel(), SOME, replace=False)
    chosen.sort()
    return tuple(torch.as_tensor(at, device=param.device) for at in np.unravel_index(chosen, param.shape))


def look(optimizer: Optimizer, param: Tensor, before: Before) -> tuple[Look, Exception | None]:
    """Return what the step did to the weights, and what was raised where the rule could not say more."""
    now = param.detach()
    now = (now if before.places is None else now[before.places]).flatten()
    was = before.weight.flatten()
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
    return Look(*(part.flatten() for part in (*parts, was, now)), param.numel() * (1 + param.is_complex())), problem


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
