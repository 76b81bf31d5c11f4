"""What an optimizer's step is made of: base lr x factor x direction, and decay.

torch computes a step in one go and keeps only the averages it needs. Here the same step is taken apart
again, from those averages, with one rule per family of optimizers. Each rule mirrors the update in the torch
file it names and is dispatched on the optimizer's class, so that a subclass follows its parent's rule.
"""

from __future__ import annotations

from functools import singledispatch
from typing import NamedTuple

import torch
from torch import Tensor
from torch.optim import SGD, Adam, Optimizer, RMSprop


class Step(NamedTuple):
    """One optimizer step of one parameter tensor, taken apart.

    ``after - before == -(base_lr * factor * direction) - decay``, within float rounding.

    Attributes:
        base_lr: the param group's lr, which a scheduler writes.
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
        """What the step adds to the weights, of the parameter's shape."""
        return -(self.base_lr * self.factor * self.direction) - self.decay


class Parts(NamedTuple):
    """What a rule returns: factor, direction, and the rate of decoupled weight decay."""

    factor: Tensor
    direction: Tensor
    decay_rate: float = 0.0


def effective_lr(optimizer: Optimizer, param: Tensor) -> Tensor:
    """Return the lr each weight of ``param`` has: its group's base lr x the optimizer's factor for it.

    Read from the optimizer as it stands: the averages of the last step, and the base lr of now. So after
    ``scheduler.step()`` it shows the new base lr.

    Returns:
        A tensor of the parameter's shape, in units of weight per unit of direction.

    Raises:
        KeyError: ``param`` is not a parameter of this optimizer.
        TypeError: there is no rule for this class of optimizer.
        ValueError: the optimizer has not stepped this parameter yet.

    >>> weight = torch.nn.Parameter(torch.tensor([1.0, 1.0]))
    >>> optimizer = torch.optim.Adam([weight], lr=0.01, eps=0)
    >>> (weight * torch.tensor([1.0, 100.0])).sum().backward()
    >>> optimizer.step()
    >>> effective_lr(optimizer, weight)
    tensor([1.0000e-02, 1.0000e-04])
    """
    group = _group_of(optimizer, param)
    # No rule's factor depends on the gradient or on the weights, only on the averages kept of them.
    return float(group["lr"]) * _parts(optimizer, group, param, torch.zeros_like(param), param.detach()).factor


def decompose(optimizer: Optimizer, param: Tensor, *, before: Tensor | None = None) -> Step:
    """Take the step that ``optimizer`` has just made on ``param`` apart.

    Call it after ``optimizer.step()`` and before ``zero_grad()`` or ``scheduler.step()``: it reads the
    gradient, the averages and the base lr of that step.

    Args:
        optimizer: the optimizer that made the step.
        param: one of its parameters.
        before: the weights before the step, the parameter's shape. Only weight decay needs them.

    Raises:
        KeyError: ``param`` is not a parameter of this optimizer.
        TypeError: there is no rule for this class of optimizer.
        ValueError: ``param`` has no gradient or was not stepped yet, or weight decay is on and
            ``before`` was not given.

    >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
    >>> optimizer = torch.optim.SGD([weight], lr=0.5)
    >>> (3 * weight).sum().backward()
    >>> optimizer.step()
    >>> decompose(optimizer, weight).change
    tensor([-1.5000])
    """
    group = _group_of(optimizer, param)
    if param.grad is None:
        raise ValueError("param has no gradient, so no step was made on it: call this after step(), before zero_grad()")
    if before is None:
        if group.get("weight_decay", 0) != 0:
            raise ValueError(
                "weight_decay is on, so the step depends on the weights before it: clone them, then pass before="
            )
        before = param.detach()
    parts = _parts(optimizer, group, param, param.grad, before)
    base_lr = float(group["lr"])
    return Step(base_lr, parts.factor, parts.direction, base_lr * parts.decay_rate * before)


@singledispatch
def rule(optimizer: Optimizer, group: dict, state: dict, grad: Tensor, before: Tensor) -> Parts:
    """Return the parts of the step just made, from what the optimizer keeps of it.

    ``grad`` already has its sign turned where ``maximize`` is on. Register a rule for a class of your own with
    ``@rule.register(MyOptimizer)``; it also holds for subclasses that do not bring their own.
    """
    known = sorted(cls.__name__ for cls in rule.registry if cls is not object)
    raise TypeError(
        f"there is no rule for {type(optimizer).__name__}, only for {', '.join(known)} and their subclasses;"
        " add one with @lrcourse.adaptive.rule.register"
    )


@rule.register(SGD)
def _sgd(optimizer: SGD, group: dict, state: dict, grad: Tensor, before: Tensor) -> Parts:
    """Mirror ``torch/optim/sgd.py``, ``_single_tensor_sgd``.

    The factor is 1: every weight has the same lr. Momentum and weight decay change the direction.
    """
    direction = grad + group["weight_decay"] * before
    if group["momentum"] != 0:
        velocity = state["momentum_buffer"]
        direction = direction + group["momentum"] * velocity if group["nesterov"] else velocity
    return Parts(torch.ones_like(before), direction)


@rule.register(RMSprop)
def _rmsprop(optimizer: RMSprop, group: dict, state: dict, grad: Tensor, before: Tensor) -> Parts:
    """Mirror ``torch/optim/rmsprop.py``, ``_single_tensor_rmsprop``: eps stands outside the root.

    With momentum, torch averages the gradient after it was divided, each with the root of its own step.
    The direction here is that average times today's root, so that factor x direction is what torch applies.
    """
    average = state["square_avg"]
    if group["centered"]:
        average = average - state["grad_avg"] ** 2
    root = average.sqrt() + group["eps"]
    direction = grad + group["weight_decay"] * before
    if group["momentum"] > 0:
        direction = state["momentum_buffer"] * root
    return Parts(1 / root, direction)


@rule.register(Adam)
def _adam(optimizer: Adam, group: dict, state: dict, grad: Tensor, before: Tensor) -> Parts:
    """Mirror ``torch/optim/adam.py``, ``_single_tensor_adam``; AdamW is a subclass.

    Both averages are corrected for starting at 0 (Kingma and Ba 2015, arXiv:1412.6980, algorithm 1).
    """
    beta1, beta2 = (float(beta) for beta in group["betas"])
    t = float(state["step"])
    average = state["max_exp_avg_sq"] if group["amsgrad"] else state["exp_avg_sq"]
    root = average.sqrt() / (1 - beta2**t) ** 0.5 + group["eps"]
    decay_rate = float(group["weight_decay"]) if group["decoupled_weight_decay"] else 0.0
    return Parts(1 / root, state["exp_avg"] / (1 - beta1**t), decay_rate)


def _group_of(optimizer: Optimizer, param: Tensor) -> dict:
    for group in optimizer.param_groups:
        if any(candidate is param for candidate in group["params"]):
            return group
    raise KeyError("param is not a parameter of this optimizer: pass one of its param_groups[i]['params']")


def _parts(optimizer: Optimizer, group: dict, param: Tensor, grad: Tensor, before: Tensor) -> Parts:
    grad = -grad.detach() if group.get("maximize") else grad.detach()
    state = optimizer.state.get(param, {})  # get, since state is a defaultdict and a look must not add to it
    with torch.no_grad():
        try:
            return rule(optimizer, group, state, grad, before)
        except KeyError as missing:
            raise ValueError(
                f"{type(optimizer).__name__} keeps no {missing} for this parameter yet: call optimizer.step() first"
            ) from None
