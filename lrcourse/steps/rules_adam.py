"""The rules of Adam and its kin: an average of gradients over the root of an average of squares."""

from __future__ import annotations

import torch
from torch.optim import Adam, Adamax, NAdam, RAdam, SparseAdam

from lrcourse.steps.rules import Parts, Seen, needs_whole, rule

for _kind in (Adam, Adamax, NAdam, RAdam):
    needs_whole.register(_kind, lambda optimizer: False)


@rule.register(Adam)
def _adam(optimizer: Adam, seen: Seen) -> Parts:
    """Mirror ``torch/optim/adam.py``, ``_single_tensor_adam``; AdamW is a subclass.

    Both averages are corrected for starting at 0 (Kingma and Ba 2015, arXiv:1412.6980, algorithm 1).
    """
    average = seen.state["max_exp_avg_sq" if seen.group["amsgrad"] else "exp_avg_sq"]
    correction1, correction2 = _corrections(seen)
    root = average.sqrt() / correction2**0.5 + seen.group["eps"]
    return Parts(1 / root, seen.state["exp_avg"] / correction1, _decoupled(seen))


@rule.register(SparseAdam)
def _sparse_adam(optimizer: SparseAdam, seen: Seen) -> Parts:
    """Mirror ``torch/optim/_functional.py``, ``sparse_adam``: rows without a gradient stand still.

    eps is added before the bias correction, so early steps are smaller than Adam's where gradients are tiny.
    """
    correction1, correction2 = _corrections(seen)
    factor = correction2**0.5 / (seen.state["exp_avg_sq"].sqrt() + seen.group["eps"])
    direction = seen.state["exp_avg"] / correction1
    if seen.grad.is_sparse:
        grad = seen.grad.coalesce()
        here = torch.sparse_coo_tensor(
            grad.indices(), torch.ones_like(grad.values()), grad.shape, check_invariants=False
        )
        direction = direction * here.to_dense()
    return Parts(factor, direction)


@rule.register(Adamax)
def _adamax(optimizer: Adamax, seen: Seen) -> Parts:
    """Mirror ``torch/optim/adamax.py``, ``_single_tensor_adamax``: the largest recent gradient, not the average."""
    return Parts(1 / seen.state["exp_inf"], seen.state["exp_avg"] / _corrections(seen)[0])


@rule.register(NAdam)
def _nadam(optimizer: NAdam, seen: Seen) -> Parts:
    """Mirror ``torch/optim/nadam.py``, ``_single_tensor_nadam``: Adam that looks one step of momentum ahead."""
    beta1, step = float(seen.group["betas"][0]), float(seen.state["step"])
    mu, mu_next = (beta1 * (1 - 0.5 * 0.96 ** (t * seen.group["momentum_decay"])) for t in (step, step + 1))
    product = float(seen.state["mu_product"])
    direction = seen.decayed_grad * ((1 - mu) / (1 - product))
    direction = direction + seen.state["exp_avg"] * (mu_next / (1 - product * mu_next))
    root = (seen.state["exp_avg_sq"] / _corrections(seen)[1]).sqrt() + seen.group["eps"]
    return Parts(1 / root, direction, _decoupled(seen))


@rule.register(RAdam)
def _radam(optimizer: RAdam, seen: Seen) -> Parts:
    """Mirror ``torch/optim/radam.py``, ``_single_tensor_radam``.

    Until the average of squares is worth more than five gradients, the factor is 1: SGD with momentum.
    """
    beta2, step = float(seen.group["betas"][1]), float(seen.state["step"])
    correction1, correction2 = _corrections(seen)
    longest = 2 / (1 - beta2) - 1
    length = longest - 2 * step * beta2**step / correction2
    factor = torch.ones_like(seen.weight)
    if length > 5:
        rectified = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
        factor = (rectified * correction2) ** 0.5 / (seen.state["exp_avg_sq"].sqrt() + seen.group["eps"])
    return Parts(factor, seen.state["exp_avg"] / correction1, _decoupled(seen))


def _corrections(seen: Seen) -> tuple[float, float]:
    """Return ``1 - beta**step`` for both betas."""
    step = float(seen.state["step"])
    beta1, beta2 = (1 - float(beta) ** step for beta in seen.group["betas"])
    return beta1, beta2


def _decoupled(seen: Seen) -> float:
    return float(seen.group["weight_decay"]) if seen.group.get("decoupled_weight_decay") else 0.0
