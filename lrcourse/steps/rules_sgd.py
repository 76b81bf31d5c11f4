"""The rules of the optimizers that have one lr for all weights, or step sizes instead of it."""

from __future__ import annotations

import torch
from torch.optim import ASGD, LBFGS, SGD, Muon, Rprop

from lrcourse.steps.rules import Parts, Seen, needs_whole, overwritten, rule

for _kind in (SGD, ASGD, Rprop):
    needs_whole.register(_kind, lambda optimizer: False)


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


@rule.register(Rprop)
def _rprop(optimizer: Rprop, seen: Seen) -> Parts:
    """Mirror ``torch/optim/rprop.py``, ``_single_tensor_rprop``.

    The lr is where the step sizes start and is not read again: a scheduler does nothing to Rprop. So the base lr
    of a step is 1 here, and the factor is the step size. ``prev`` is the gradient, or 0 after it turned.
    """
    return Parts(seen.state["step_size"], seen.state["prev"].sign(), lr=1.0)


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
