"""One rule for each family of torch's optimizers: what its step is made of.

Each rule mirrors the update in the torch file and function that it names, and is dispatched on the optimizer's
class, so that a subclass follows its parent's rule. The rules of Adam and its kin are in ``rules_adam.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import singledispatch
from typing import NamedTuple

import torch
from torch import Tensor
from torch.optim import ASGD, LBFGS, SGD, Adadelta, Adafactor, Adagrad, Muon, Optimizer, RMSprop, Rprop


class Seen(NamedTuple):
    """What a rule may look at, for one parameter. Complex tensors come as pairs of real ones.

    Attributes:
        group: the param group's options, with ``lr`` as a float.
        state: what the optimizer keeps for the parameter, after the step.
        earlier: entries of ``state`` as they were before the step, if ``overwritten`` names any.
        grad: the gradient, its sign turned where ``maximize`` is on; sparse where the user's is.
        weight: the weights before the step.
        after: the weights now.
    """

    group: Mapping
    state: Mapping
    earlier: Mapping
    grad: Tensor
    weight: Tensor
    after: Tensor

    @property
    def decayed_grad(self) -> Tensor:
        """The gradient, dense, plus coupled weight decay (L2): ``grad + weight_decay * weight``."""
        grad = self.grad.to_dense() if self.grad.is_sparse else self.grad
        coupled = not self.group.get("decoupled_weight_decay", False)
        return grad + self.group["weight_decay"] * self.weight if coupled and self.group.get("weight_decay") else grad


class Parts(NamedTuple):
    """What a rule returns.

    Attributes:
        factor: of the lr, per element.
        direction: per element.
        decay_rate: of decoupled weight decay: what it takes off is lr x this x weight.
        lr: the lr that the step used, where that is not the group's.
    """

    factor: Tensor
    direction: Tensor
    decay_rate: float = 0.0
    lr: float | None = None


@singledispatch
def rule(optimizer: Optimizer, seen: Seen) -> Parts:
    """Return the parts of the step just made.

    Register a rule for a class of your own with ``@lrcourse.steps.rule.register(MyOptimizer)``; it also holds
    for subclasses that do not bring their own.
    """
    known = sorted(cls.__name__ for cls in rule.registry if cls is not object)
    raise TypeError(
        f"there is no rule for {type(optimizer).__name__}, only for {', '.join(known)} and their subclasses;"
        " add one with @lrcourse.steps.rule.register"
    )


@singledispatch
def overwritten(optimizer: Optimizer) -> tuple[str, ...]:
    """Return the names of what the step uses of the optimizer's state and then overwrites."""
    return ()


@rule.register(SGD)
def _sgd(optimizer: SGD, seen: Seen) -> Parts:
    """Mirror ``torch/optim/sgd.py``, ``_single_tensor_sgd``.

    The factor is 1: every weight has the same lr. Momentum and weight decay change the direction.
    """
    group, direction = seen.group, seen.decayed_grad
    if group["momentum"] != 0:
        velocity = seen.state["momentum_buffer"]
        if not group["nesterov"]:
            direction = velocity
        elif not _sgd_wrote_into_the_gradient(seen):
            direction = direction + group["momentum"] * velocity
    return Parts(torch.ones_like(seen.weight), direction)


def _sgd_wrote_into_the_gradient(seen: Seen) -> bool:
    """Tell whether ``_multi_tensor_sgd`` has added Nesterov's term to ``param.grad`` itself, which it does in place."""
    foreach = seen.group["foreach"]
    if foreach is None:
        foreach = seen.weight.is_cuda and not seen.group["fused"]  # torch's default
    return foreach and not seen.group["maximize"] and not seen.group["weight_decay"]


@overwritten.register(ASGD)
def _(optimizer: ASGD) -> tuple[str, ...]:
    return ("eta",)


@rule.register(ASGD)
def _asgd(optimizer: ASGD, seen: Seen) -> Parts:
    """Mirror ``torch/optim/asgd.py``, ``_single_tensor_asgd``.

    The base lr of a step is ``eta``, which the step before computed from its lr: a scheduler acts one step late.
    """
    eta = float(seen.earlier.get("eta", torch.tensor(seen.group["lr"])))  # torch keeps it in float32
    return Parts(torch.ones_like(seen.weight), seen.decayed_grad + seen.group["lambd"] * seen.weight, lr=eta)


@rule.register(RMSprop)
def _rmsprop(optimizer: RMSprop, seen: Seen) -> Parts:
    """Mirror ``torch/optim/rmsprop.py``, ``_single_tensor_rmsprop``: eps stands outside the root.

    With momentum, torch averages the gradient after it was divided, each with the root of its own step.
    The direction here is that average times today's root, so that factor x direction is what torch applies.
    """
    average = seen.state["square_avg"]
    if seen.group["centered"]:
        # As torch does it: another order of operations would round differently where the two nearly cancel.
        average = average.addcmul(seen.state["grad_avg"], seen.state["grad_avg"], value=-1)
    root = average.sqrt() + seen.group["eps"]
    direction = seen.state["momentum_buffer"] * root if seen.group["momentum"] > 0 else seen.decayed_grad
    return Parts(1 / root, direction)


@rule.register(Adagrad)
def _adagrad(optimizer: Adagrad, seen: Seen) -> Parts:
    """Mirror ``torch/optim/adagrad.py``, ``_single_tensor_adagrad``: a sum, so the factor only ever falls."""
    decay = 1 + (float(seen.state["step"]) - 1) * seen.group["lr_decay"]
    root = seen.state["sum"].sqrt() + seen.group["eps"]
    return Parts(1 / (decay * root), seen.decayed_grad)


@overwritten.register(Adadelta)
def _(optimizer: Adadelta) -> tuple[str, ...]:
    return ("acc_delta",)


@rule.register(Adadelta)
def _adadelta(optimizer: Adadelta, seen: Seen) -> Parts:
    """Mirror ``torch/optim/adadelta.py``, ``_single_tensor_adadelta``: the lr is a plain multiplier, 1 by default."""
    deltas = seen.earlier.get("acc_delta", torch.zeros_like(seen.weight))
    eps = seen.group["eps"]
    return Parts((deltas + eps).sqrt() / (seen.state["square_avg"] + eps).sqrt(), seen.decayed_grad)


@rule.register(Rprop)
def _rprop(optimizer: Rprop, seen: Seen) -> Parts:
    """Mirror ``torch/optim/rprop.py``, ``_single_tensor_rprop``.

    The lr is where the step sizes start and is not read again: a scheduler does nothing to Rprop. So the base lr
    of a step is 1 here, and the factor is the step size. ``prev`` is the gradient, or 0 after it turned.
    """
    return Parts(seen.state["step_size"], seen.state["prev"].sign(), lr=1.0)


@rule.register(Adafactor)
def _adafactor(optimizer: Adafactor, seen: Seen) -> Parts:
    """Mirror ``torch/optim/_adafactor.py``, ``_single_tensor_adafactor``.

    The lr is capped by 1/sqrt(step), multiplied with the size of the weights, and the update is clipped as a whole.
    """
    group, state, lr = seen.group, seen.state, seen.group["lr"]
    eps1, eps2 = group["eps"]
    eps1 = torch.finfo(seen.weight.dtype).eps if eps1 is None else eps1
    if "variance" in state:
        variance = state["variance"]
    else:
        rows = state["row_var"]
        variance = rows @ state["col_var"] / rows.mean(dim=-2, keepdim=True).clamp(min=eps1)
    factor = variance.clamp(min=eps1 * eps1).rsqrt()
    capped = min(1.0, 1 / (lr * float(state["step"]) ** 0.5)) if lr else 1.0
    clipped = max(1.0, _rms(factor * seen.grad) / group["d"])
    return Parts(factor * (max(eps2, _rms(seen.weight)) * capped / clipped), seen.grad, float(group["weight_decay"]))


@rule.register(Muon)
def _muon(optimizer: Muon, seen: Seen) -> Parts:
    """Mirror ``torch/optim/_muon.py``, ``_single_tensor_muon``.

    No factor per element: the averaged gradient, a matrix, is made orthogonal as a whole. The factor is the
    one number by which ``adjust_lr_fn`` adapts the lr to the matrix's shape.
    """
    from torch.optim._muon import _adjust_lr, _zeropower_via_newtonschulz

    group, velocity = seen.group, seen.state["momentum_buffer"]
    average = seen.grad.lerp(velocity, group["momentum"]) if group["nesterov"] else velocity
    direction = _zeropower_via_newtonschulz(average, group["ns_coefficients"], group["ns_steps"], group["eps"])
    factor = torch.full_like(seen.weight, _adjust_lr(1.0, group["adjust_lr_fn"], seen.weight.shape))
    return Parts(factor, direction.to(seen.weight.dtype), float(group["weight_decay"]))


@rule.register(LBFGS)
def _lbfgs(optimizer: LBFGS, seen: Seen) -> Parts:
    """State what holds for ``torch/optim/lbfgs.py``, ``LBFGS.step``.

    No factor: curvature is used for the direction. One step makes up to ``max_iter`` inner ones and keeps only
    the last, so the direction is read off the weights and the decomposition holds by construction. The lr scales
    each inner step, and is only the first guess where there is a line search.
    """
    lr = seen.group["lr"] or 1.0  # at lr 0 nothing moves
    return Parts(torch.ones_like(seen.weight), (seen.weight - seen.after) / lr)


def _rms(values: Tensor) -> float:
    return values.norm(2).item() / values.numel() ** 0.5
