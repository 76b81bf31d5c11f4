"""Optimizers around an optimizer, such as Lookahead or that of Accelerate: which one makes the steps."""

from __future__ import annotations

from torch.optim import Optimizer

from lrcourse.steps.rules import rule


def runs_hooks(optimizer: Optimizer) -> bool:
    """Tell whether ``step()`` runs torch's step hooks, which ``Optimizer.__init__`` sees to."""
    return hasattr(optimizer, "_optimizer_step_pre_hooks") and getattr(type(optimizer).step, "hooked", False)


def has_rule(optimizer: Optimizer) -> bool:
    """Tell whether there is a rule for this class of optimizer, or for one that it descends from."""
    return rule.dispatch(type(optimizer)) is not rule.dispatch(object)


def unwrap(optimizer: Optimizer) -> Optimizer:
    """Return the optimizer itself, or the one inside it that makes the steps.

    It is looked for inside where the outer one runs no hooks of its own, as Lookahead and that of Accelerate, or where
    there is no rule for it, as for sharpness-aware minimization, which has a step in two phases.

    Raises:
        TypeError: the optimizer runs no hooks, nor does one inside.

    >>> import torch
    >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))])
    >>> unwrap(optimizer) is optimizer
    True
    """
    passed = [optimizer]
    while not (runs_hooks(passed[-1]) and has_rule(passed[-1])):
        held = [value for value in vars(passed[-1]).values() if isinstance(value, Optimizer)]
        inner = next((one for one in held if not any(one is other for other in passed)), None)
        if inner is None:
            break
        passed.append(inner)
    found = next((one for one in reversed(passed) if runs_hooks(one)), None)
    if found is None:
        raise TypeError(
            f"{type(optimizer).__name__} does not run torch's step hooks, and holds no optimizer that does: call"
            " super().__init__(params, defaults) in its __init__"
        )
    return found
