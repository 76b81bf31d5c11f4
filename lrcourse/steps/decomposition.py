"""What an optimizer's step is made of: base lr x factor x direction, and decay.

torch computes a step in one go and keeps only the averages it needs. Here the same step is taken apart
again, from those averages, by the rules of ``rules_sgd.py``, ``rules_adaptive.py`` and ``rules_adam.py``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.optim import ASGD, LBFGS, Adafactor, Optimizer

from lrcourse.base import check_is
from lrcourse.steps import rules_adam, rules_adaptive, rules_sgd  # noqa: F401 - they register their rules
from lrcourse.steps.rules import Parts, Seen, overwritten, rule
from lrcourse.steps.seeing import Before, see
from lrcourse.steps.wrapping import unwrap


class Step(NamedTuple):
    """One optimizer step of one parameter tensor, taken apart.

    ``after - before == -(base_lr * factor * direction) - decay``, within float rounding. The tensors have the
    parameter's shape. A complex parameter counts as two real ones, as ``torch.view_as_real`` shows it.

    Attributes:
        base_lr: the param group's lr, which a scheduler writes; for ASGD the ``eta`` that it made of the lr one
            step earlier, and 1 for Rprop, which does not read the lr.
        factor: what the optimizer multiplies it with, per element; 1 for SGD.
        direction: the gradient, or the optimizer's average of gradients, per element.
        decay: what decoupled weight decay takes off, per element; 0 without.
    """

    base_lr: float
    factor: Tensor
    direction: Tensor
    decay: Tensor

    @property
    def change(self) -> Tensor:
        """What the step adds to the weights."""
        return -(self.base_lr * self.factor * self.direction) - self.decay


def effective_lr(optimizer: Optimizer, param: Tensor) -> Tensor:
    """Return the lr each weight of ``param`` has: its group's base lr x the optimizer's factor for it.

    Read from the optimizer as it stands: the averages of the last step, and the base lr of now. So after
    ``scheduler.step()`` it shows the new base lr. What a scheduler cannot reach does not move: the step sizes
    of Rprop, and the ``eta`` of ASGD, which follows one step later.

    Returns:
        A tensor of the parameter's shape, in units of weight per unit of direction.

    Raises:
        KeyError: ``param`` is not a parameter of this optimizer.
        TypeError: there is no rule for this class of optimizer, or it is none.
        ValueError: the optimizer has not stepped this parameter yet.

    >>> weight = torch.nn.Parameter(torch.tensor([1.0, 1.0]))
    >>> optimizer = torch.optim.Adam([weight], lr=0.01, eps=0)
    >>> (weight * torch.tensor([1.0, 100.0])).sum().backward()
    >>> optimizer.step()
    >>> effective_lr(optimizer, weight)
    tensor([1.0000e-02, 1.0000e-04])
    """
    optimizer, _ = _group_of(optimizer, param)
    # Only Adafactor's factor depends on the gradient itself, which it clips as a whole.
    grad = torch.zeros_like(param) if param.grad is None else param.grad
    now = Before(param.detach(), optimizer.state.get(param, {}))
    base_lr, parts, _ = _take_apart(optimizer, param, grad, now)
    return base_lr * parts.factor


def decompose(optimizer: Optimizer, param: Tensor, *, before: Tensor | Before | None = None) -> Step:
    """Take the step that ``optimizer`` has just made on ``param`` apart.

    Call it after ``optimizer.step()`` and before ``zero_grad()`` or ``scheduler.step()``: it reads the
    gradient, the averages and the base lr of that step.

    Args:
        optimizer: the optimizer that made the step.
        param: one of its parameters.
        before: the weights before the step, the parameter's shape, or what ``look_before`` returned then. Not
            needed for SGD, RMSprop, Adagrad, Adam, SparseAdam, Adamax, NAdam, RAdam and Rprop without weight decay.

    Raises:
        KeyError: ``param`` is not a parameter of this optimizer.
        TypeError: there is no rule for this class of optimizer, or it is none.
        ValueError: ``param`` has no gradient or was not stepped yet, ``before`` is needed and was not
            given, or it has another shape.

    >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
    >>> optimizer = torch.optim.SGD([weight], lr=0.5)
    >>> (3 * weight).sum().backward()
    >>> optimizer.step()
    >>> decompose(optimizer, weight).change
    tensor([-1.5000])
    """
    optimizer, _ = _group_of(optimizer, param)
    if param.grad is None:
        raise ValueError("param has no gradient, so no step was made on it: call this after step(), before zero_grad()")
    if not isinstance(before, Before):
        before = _complete(optimizer, param, before)
    base_lr, parts, weight = _take_apart(optimizer, param, param.grad, before)
    return Step(base_lr, parts.factor, parts.direction, base_lr * parts.decay_rate * weight)


def lr_of(group: dict) -> float:
    """Return the base lr of a param group; NaN where the optimizer chooses its lr itself and holds none."""
    return math.nan if group.get("lr") is None else float(group["lr"])


def _complete(optimizer: Optimizer, param: Tensor, weight: Tensor | None) -> Before:
    """Return a ``Before`` from the weights alone, or say why that cannot be."""
    uses_weight = isinstance(optimizer, (ASGD, Adafactor, LBFGS)) or _group_of(optimizer, param)[1].get("weight_decay")
    if weight is None and uses_weight:
        raise ValueError("this step depends on the weights before it: clone them, then pass before=")
    if weight is not None and weight.shape != param.shape:
        got, wanted = tuple(weight.shape), tuple(param.shape)
        raise ValueError(f"before must have the shape of param {wanted}, got {got}: clone param before the step")
    names = overwritten(optimizer)
    if names and float(optimizer.state.get(param, {}).get("step", 1)) != 1:
        raise ValueError(
            f"{type(optimizer).__name__} overwrites {', '.join(names)} in the step:"
            " call lrcourse.steps.look_before(optimizer, param) before it, then pass before="
        )
    return Before(param.detach() if weight is None else weight, {})


def _group_of(optimizer: Optimizer, param: Tensor) -> tuple[Optimizer, dict]:
    """Return the optimizer that makes the steps, and the param group."""
    check_is("optimizer", optimizer, Optimizer, "pass the optimizer first, then one of its parameters")
    optimizer = unwrap(optimizer)
    for group in optimizer.param_groups:
        if any(candidate is param for candidate in group["params"]):
            return optimizer, group
    raise KeyError("param is not a parameter of this optimizer: pass one of its param_groups[i]['params']")


@torch.no_grad()
def _take_apart(optimizer: Optimizer, param: Tensor, grad: Tensor, before: Before) -> tuple[float, Parts, Tensor]:
    """Return the lr used, what the rule says, and the weights before the step, complex ones as pairs of real ones."""
    _, group = _group_of(optimizer, param)
    # get, since state is a defaultdict and a look must not add to it.
    seen = see({**group, "lr": lr_of(group)}, optimizer.state.get(param, {}), param, grad, before)
    try:
        return *ask_rule(optimizer, seen), seen.weight
    except KeyError as missing:
        raise ValueError(
            f"{type(optimizer).__name__} keeps no {missing} for this parameter yet: call optimizer.step() first"
        ) from None


def ask_rule(optimizer: Optimizer, seen: Seen) -> tuple[float, Parts]:
    """Return the lr used, and what the rule says of a step."""
    parts = rule(optimizer, seen)
    return seen.group["lr"] if parts.lr is None else parts.lr, parts
