"""Hold a training to the lr that was planned for each of its steps."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from torch.optim import Optimizer

from lrcourse.base import (
    Outermost,
    check_number,
    check_whole,
    is_optimizer,
    moved_by_step,
    remember_steps,
    step_hooks,
    steps_inside,
    steps_made,
)
from lrcourse.schedules.errors import PlanError, off_plan, past_the_end, too_few
from lrcourse.schedules.evidence import Case, schedulers_of
from lrcourse.schedules.plans import Plan, differs, lrs_of, read_plan
from lrcourse.schedules.simulating import MakeScheduler


@contextmanager
def guard(
    optimizer: Optimizer,
    plan: Iterable | MakeScheduler | None = None,
    *,
    steps: int | None = None,
    per_epoch: MakeScheduler | None = None,
    steps_per_epoch: int | None = None,
    metrics: Sequence[float] | None = None,
    first_step: int | None = None,
    to_the_end: bool = False,
    tolerance: float = 0.0,
) -> Iterator[None]:
    """Hold the training inside a ``with`` block to a plan: the first step that uses another lr raises.

    The error names the step, the param group, the planned lr and the used one, which of the usual mistakes that fits
    with, and what to look at. It comes when the step is made, so model and optimizer are whole. What counts as a step
    is what counts for ``record``; a scheduler that is stepped after it shows in the next one. Every param group is
    looked at. An lr in a tensor is read at each step, for which a GPU is waited for.

    Args:
        optimizer: the one that is stepped.
        plan: a factory ``optimizer -> scheduler``, the same that you train with, stepped once a step; or what
            ``simulate`` returned. In a list each entry is a step: one lr for all groups, or a list with one for each.
        steps: how many steps are planned; wanted with a factory.
        per_epoch: factory of a scheduler that is stepped once an epoch, beside ``plan`` or alone.
        steps_per_epoch: how many steps an epoch has: wanted with ``per_epoch``; with a list it says that each entry
            holds for an epoch.
        metrics: what a ``ReduceLROnPlateau`` in the plan is given, as for ``simulate``.
        first_step: the number in the plan of the first step inside the block. Without, one more than the optimizer has
            made as far as is known, as for ``record``: pass it if an SGD goes on from a checkpoint.
        to_the_end: raise also if the block ends before the plan does.
        tolerance: the relative difference that is let pass. Without, an lr must be equal to the last bit; one in a
            tensor of 32 bits or fewer may be off by what rounding can do to it.

    Raises:
        PlanError: a step used another lr than planned, or none is planned for it.
        TypeError: ``optimizer`` is no optimizer, or runs no step hooks; there is no plan.
        ValueError: the plan does not go with the optimizer, ``steps`` is missing, or what ``simulate`` raises.

    >>> import torch
    >>> weight = torch.nn.Parameter(torch.ones(1))
    >>> optimizer = torch.optim.SGD([weight], lr=0.1)
    >>> with guard(optimizer, [0.1, 0.05]):
    ...     for _ in range(2):
    ...         weight.square().sum().backward()
    ...         optimizer.step()
    Traceback (most recent call last):
    lrcourse.schedules.errors.PlanError: step 2, param group 0: planned lr 0.05, used lr 0.1
    This fits with no scheduler of torch that acts on this optimizer.
    Make the scheduler with the optimizer that is stepped, and keep it: scheduler = StepLR(optimizer, ...).
    """
    if not is_optimizer(optimizer):
        raise TypeError(f"guard watches an optimizer, got {type(optimizer).__name__}: pass guard(optimizer, plan)")
    if first_step is not None:
        check_whole("first_step", first_step)
    watched = steps_inside(optimizer)
    options = {"per_epoch": per_epoch, "steps_per_epoch": steps_per_epoch, "metrics": metrics}
    planned = read_plan(watched, plan, steps, first_step, **options)
    watch = _Watch(planned, lrs_of(watched), first_step, check_number("tolerance", tolerance))
    try:
        with step_hooks(watched, watch.before_step, watch.after_step):
            yield
    finally:
        watch.calls.forget()
        if watch.made:
            remember_steps(watched, watch.number)
    if to_the_end and watch.number < planned.steps:
        raise too_few(watch.number, planned)


class _Watch:
    """The two hooks, and what they have seen."""

    def __init__(self, plan: Plan, before: list[float], first_step: int | None, tolerance: float):
        self._plan, self._before, self._first, self._tolerance = plan, before, first_step, tolerance
        self.calls, self.made, self._skipped = Outermost(), 0, 0
        self._error: PlanError | None = None  # once off its plan, a training that was not ended by it is so for good

    @property
    def number(self) -> int:
        """The number of the step that was made last."""
        return (self._first or 1) + self.made - 1

    def before_step(self, optimizer: Optimizer, args: tuple, kwargs: dict) -> None:
        if self.calls.begins() and self._first is None:
            self._first = steps_made(optimizer) + 1

    def after_step(self, optimizer: Optimizer, args: tuple, kwargs: dict) -> None:
        if not self.calls.ends():
            return
        self.calls.forget()
        if not moved_by_step(optimizer):
            self._skipped += 1
            return
        self.made += 1
        self._error = self._error or self._look(optimizer)
        if self._error:
            raise self._error

    def _look(self, optimizer: Optimizer) -> PlanError | None:
        """Return what is to be said of the step just made."""
        lrs = [group.get("lr") for group in optimizer.param_groups]
        row = self._plan.at(self.number - 1, len(lrs))
        if row is None:
            return past_the_end(self.number, self._plan, lrs_of(optimizer)[0])
        off = [g for g, lr in enumerate(lrs) if g >= len(row) or self._differs(lr, row[g])]
        return self._explain(optimizer, off) if off else None

    def _differs(self, lr: object, planned: float) -> bool:
        roundings = 0 if self._plan.foreseen else self.number
        return lr is None or differs(lr, planned, roundings, self._tolerance)

    def _explain(self, optimizer: Optimizer, off: list[int]) -> PlanError:
        groups = optimizer.param_groups
        clocks, elsewhere = schedulers_of(optimizer)
        case = Case(
            plan=self._plan,
            at=self.number - 1,
            first=self.number - self.made,
            used=lrs_of(optimizer),
            off=off,
            same=lambda group, lr: not self._differs(groups[group].get("lr"), lr),
            before=self._before,
            made_with=optimizer.defaults.get("lr"),
            groups=groups,
            clocks=clocks,
            elsewhere=elsewhere,
            skipped=self._skipped,
            scaled=_is_scaled(),
        )
        return off_plan(case)


def _is_scaled() -> bool:
    """Tell whether the step that has just ended was called by ``torch.amp.GradScaler``."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__") != "torch.amp.grad_scaler":
        frame = frame.f_back
    return frame is not None
