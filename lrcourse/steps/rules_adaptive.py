"""The rules of the optimizers that divide by the root of a sum or an average of squared gradients."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.optim import Adadelta, Adafactor, Adagrad, RMSprop

from lrcourse.steps.rules import Parts, Seen, needs_whole, overwritten, rule

for _kind in (RMSprop, Adagrad, Adadelta):
    needs_whole.register(_kind, lambda optimizer: False)


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


def _rms(values: Tensor) -> float:
    return values.norm(2).item() / values.numel() ** 0.5
