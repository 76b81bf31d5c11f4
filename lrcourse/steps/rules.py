"""What a rule is: one for each family of optimizers, which says what a step of it is made of.

A rule is dispatched on the optimizer's class, so that a subclass follows its parent's. Those of torch's optimizers
stand in ``rules_sgd.py``, ``rules_adaptive.py`` and ``rules_adam.py``; each mirrors the update in the torch file and
function that it names.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import singledispatch
from typing import NamedTuple

from torch import Tensor
from torch.optim import Optimizer


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


@singledispatch
def needs_whole(optimizer: Optimizer) -> bool:
    """Tell whether the rule must see a whole tensor, as where a norm of it is taken; so of one that nobody knows.

    A rule that works element by element can be given some of the elements of a large tensor.
    """
    return True


def goes_by_element(optimizer: Optimizer) -> bool:
    """Tell whether the optimizer's rule, whoever registered it, is known to work element by element."""
    kinds = type(optimizer).__mro__
    ruled, known = (next(cls for cls in kinds if cls in one.registry) for one in (rule, needs_whole))
    # A rule of somebody's own for a kind of Adam may take a norm, whatever Adam's does.
    return issubclass(known, ruled) and not needs_whole(optimizer)
