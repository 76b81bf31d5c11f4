"""What counts as an optimizer and as a scheduler, whoever wrote it: by what it can do, not by its class.

Lookahead and Accelerate put an optimizer around another, timm and transformers write schedulers of their own, and so do
people. Each is taken that can be used as torch's are; of any other the error says which line makes it so.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

METRIC = re.compile("metric|loss|score|acc|value")  # how the argument of a scheduler is called that looks at a result


def is_optimizer(thing: object) -> bool:
    """Tell whether it can be used as an optimizer: it holds param groups and has ``step()`` and ``zero_grad()``."""
    able = all(callable(getattr(thing, name, None)) for name in ("step", "zero_grad"))
    return able and not isinstance(thing, type) and hasattr(thing, "param_groups")


def optimizers_in(optimizer: object) -> list:
    """Return the optimizer and those that it is put around, from the outside in.

    >>> import torch
    >>> [type(one).__name__ for one in optimizers_in(torch.optim.SGD([torch.ones(1)]))]
    ['SGD']
    """
    found = [optimizer]
    for outer in found:  # which grows
        found += [inner for inner in _held(outer) if is_optimizer(inner) and not any(inner is one for one in found)]
    return found


def switch_mode(optimizer: object, mode: str) -> None:
    """Call ``train()`` or ``eval()`` of an optimizer that has them, such as those of schedulefree."""
    for one in optimizers_in(optimizer):
        if callable(switch := getattr(one, mode, None)):
            switch()


def takes_metric(scheduler: object) -> bool:
    """Tell whether ``step()`` is given a result to look at, as that of ``ReduceLROnPlateau``.

    >>> import torch
    >>> optimizer = torch.optim.SGD([torch.ones(1)])
    >>> takes_metric(torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer))
    True
    """
    arguments = _arguments(scheduler)
    return bool(arguments) and METRIC.search(arguments[0].name) is not None


def is_scheduler(thing: object) -> bool:
    """Tell whether it is an object with ``step()``, and no optimizer."""
    return callable(getattr(thing, "step", None)) and not isinstance(thing, type) and not is_optimizer(thing)


def check_scheduler(name: str, scheduler: object) -> None:
    """Raise a ``TypeError`` with the line that helps unless it can be stepped as torch's schedulers are.

    >>> check_scheduler("per_epoch", 3)
    Traceback (most recent call last):
    TypeError: per_epoch must be a scheduler, got int: pass the scheduler itself, such as StepLR(optimizer, 10)
    """
    kind = type(scheduler).__name__
    if not is_scheduler(scheduler):
        got = f"the class {scheduler.__name__} itself" if isinstance(scheduler, type) else kind
        advice = "pass the scheduler itself, such as StepLR(optimizer, 10)"
        raise TypeError(f"{name} must be a scheduler, got {got}: {advice}")
    wanted = [argument.name for argument in _arguments(scheduler) if argument.default is argument.empty]
    if wanted[takes_metric(scheduler) :]:
        # timm's compute the lr from the epoch alone; of others nobody can know what step() does.
        adapted = (
            "torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: scheduler._get_lr(t)[0] / scheduler.base_values[0])"
            if hasattr(scheduler, "_get_lr") and hasattr(scheduler, "base_values")
            else "types.SimpleNamespace(step=lambda count=itertools.count(1): scheduler.step(next(count)))"
        )
        raise TypeError(
            f"{name}: {kind} wants step({', '.join(wanted)}), but torch's schedulers have step() and count themselves;"
            f" with scheduler = {kind}(...), take {adapted} in its place"
        )


def acts_on(scheduler: object, optimizer: object) -> bool:
    """Tell whether the scheduler changes the optimizer's param groups; ``True`` if it does not show what it changes."""
    mine = {id(group) for one in optimizers_in(optimizer) for group in one.param_groups}
    others = list(_optimizers_of(scheduler))
    return not others or any(id(group) in mine for other in others for group in other.param_groups)


def _held(thing: object) -> list:
    """Return what stands in the attributes of an object, and in lists among them."""
    values = list(getattr(thing, "__dict__", {}).values())
    return values + [one for value in values if isinstance(value, (list, tuple)) for one in value]


def _optimizers_of(scheduler: object, depth: int = 3) -> Iterator:
    """Yield the optimizers that a scheduler holds, itself or by a scheduler inside it."""
    for value in _held(scheduler):
        if is_optimizer(value):
            yield value
        elif depth and callable(getattr(value, "step", None)):
            yield from _optimizers_of(value, depth - 1)


def _arguments(scheduler: object) -> list[inspect.Parameter]:
    """Return the named arguments of ``step()``; of a scheduler that hands all on, those of the one inside."""
    arguments = list(inspect.signature(scheduler.step).parameters.values())
    named = [one for one in arguments if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    if not named and arguments and callable(getattr(getattr(scheduler, "scheduler", None), "step", None)):
        return _arguments(scheduler.scheduler)
    return named
