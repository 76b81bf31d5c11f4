"""Which calls of ``step()`` are steps, and of which optimizer: as the optimizer makes them, not as hooks fire."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import torch
from torch import Tensor
from torch.optim import Optimizer


def runs_hooks(optimizer: object) -> bool:
    """Tell whether ``step()`` runs torch's step hooks, which ``Optimizer.__init__`` sees to."""
    hooked = getattr(getattr(type(optimizer), "step", None), "hooked", False)
    return hooked and hasattr(optimizer, "_optimizer_step_pre_hooks")


def is_torchs(optimizer: object) -> bool:
    """Tell whether its class is one of torch's optimizers, or descends from one.

    >>> import torch
    >>> is_torchs(torch.optim.SGD([torch.ones(1)]))
    True
    """
    return any(cls.__module__.startswith("torch.optim.") and cls is not Optimizer for cls in type(optimizer).__mro__)


def steps_inside(optimizer: object, knows: Callable[[Optimizer], bool] = is_torchs) -> Optimizer:
    """Return the optimizer itself, or the one inside it that makes the steps.

    It is looked for inside where the outer one runs no hooks of its own, as Lookahead and that of Accelerate, or where
    nobody ``knows`` it, as sharpness-aware minimization, which has a step in two phases.

    Raises:
        TypeError: the optimizer runs no hooks, nor does one inside.
    """
    passed = [optimizer]
    while not (runs_hooks(passed[-1]) and knows(passed[-1])):
        held = [value for value in getattr(passed[-1], "__dict__", {}).values() if isinstance(value, Optimizer)]
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


@contextmanager
def step_hooks(optimizer: Optimizer, before: Callable, after: Callable) -> Iterator[None]:
    """Let two hooks hang on the optimizer inside a ``with`` block, of which ``torch.compile`` compiles nothing.

    In a compiled step it would trace what they do: for a quarter of a minute, with warnings of what it cannot trace,
    and with other numbers. Kept out of it, they run as they are, and the step is compiled before and after them.
    """
    hang = (optimizer.register_step_pre_hook, optimizer.register_step_post_hook)
    handles = [on(torch.compiler.disable(hook)) for on, hook in zip(hang, (before, after), strict=True)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _calling_step() -> FrameType:
    """Return the frame of the ``step()`` that calls a hook, which asks ``Outermost``."""
    frame = sys._getframe(3)
    while frame.f_globals.get("__name__") == "torch._dynamo.eval_frame":  # keeps the hook out of torch.compile
        frame = frame.f_back
    return frame


class Outermost:
    """Of calls of ``step()`` within one another, as by ``super().step()``, the outermost: that one is the step."""

    def __init__(self):
        self._call: FrameType | None = None

    def begins(self) -> bool:
        """Tell in a pre hook whether a step begins; else the call is made by one that has begun."""
        call = _calling_step()
        frame = call.f_back
        # A step that ended in an exception has run no post hook; but it is no caller of this one.
        while frame is not None and frame is not self._call:
            frame = frame.f_back
        if frame is None:
            self._call = call
        return frame is None

    def ends(self) -> bool:
        """Tell in a post hook whether the step that has begun ends with this call."""
        return _calling_step() is self._call

    def forget(self) -> None:
        """Keep nothing of the last step, whose frame holds what the loop holds."""
        self._call = None


def moved_by_step(optimizer: Optimizer) -> dict[Tensor, int]:
    """Return in a post hook which weights the step moved, and in which param group they are; none if it was skipped.

    >>> import torch
    >>> moved_by_step(torch.optim.SGD([torch.nn.Parameter(torch.ones(1))]))
    {}
    """
    # torch.amp.GradScaler tells a fused optimizer by this to skip the step itself.
    skipped = getattr(optimizer, "found_inf", None)
    if skipped is not None and skipped.item():
        return {}
    groups = enumerate(optimizer.param_groups)
    return {param: i for i, group in groups for param in group["params"] if param.grad is not None}
