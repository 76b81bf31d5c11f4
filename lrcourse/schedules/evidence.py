"""What can be measured when a step used another lr than planned: other plans, and what the schedulers have counted."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from lrcourse.base import acts_on, takes_metric
from lrcourse.schedules.plans import Plan

LENGTHS = ("total_steps", "T_max", "total_iters")


class Clock(NamedTuple):
    """A scheduler of torch that acts on the optimizer.

    Attributes:
        name: of its class.
        counted: how often it was stepped.
        last_lr: the lrs that it set last.
        takes_metric: whether it is stepped with a result.
        length: how many steps it takes, if it says so.
        settings: how it says that.
    """

    name: str
    counted: int
    last_lr: list[float]
    takes_metric: bool
    length: int | None
    settings: str


class Case(NamedTuple):
    """A step that used another lr than planned, after ``at - first`` steps that used the planned one.

    Attributes:
        plan: what was planned.
        at: the step, counted from 0 in the whole run.
        first: the first step that was looked at, counted likewise.
        used: the lr of each param group.
        off: the groups that used another lr than planned.
        same: whether a group's lr of now is such a one.
        before: the lr of each group when the guard began.
        made_with: the lr that the optimizer was made with.
        groups: the param groups.
        clocks: the schedulers that act on them.
        elsewhere: the names of schedulers that act on another optimizer over the same weights.
        skipped: how many calls of ``step()`` made no step, since the first.
        scaled: whether ``torch.amp.GradScaler`` has called ``step()``.
    """

    plan: Plan
    at: int
    first: int
    used: list[float]
    off: list[int]
    same: Callable[[int, float], bool]
    before: list[float]
    made_with: object
    groups: list[dict]
    clocks: list[Clock]
    elsewhere: list[str]
    skipped: int = 0
    scaled: bool = False

    @property
    def since(self) -> int:
        """How many steps were made as planned, since the first that was looked at."""
        return self.at - self.first

    @property
    def unit(self) -> int:
        """How many steps are planned between two calls of ``scheduler.step()``."""
        return self.plan.paces[0]

    @property
    def wanted(self) -> int:
        """How often the scheduler should have been stepped, since the run began."""
        return self.at // self.unit

    @property
    def counted(self) -> int | None:
        """How often it was stepped; ``None`` where there is not one scheduler of torch that knows."""
        return self.clocks[0].counted if len(self.clocks) == len(self.plan.paces) == 1 else None

    def row(self, index: int) -> list[float] | None:
        """Return what was planned for a step, group by group."""
        return self.plan.at(index, len(self.used))

    def is_row(self, index: int) -> bool:
        """Tell whether the lrs used now are those that were planned for another step."""
        row = self.row(index)
        return row is not None and len(row) == len(self.used) and all(map(self.same, range(len(row)), row))

    def follows(self, index: Callable[[int], int]) -> bool:
        """Tell whether all lrs so far are those of another plan: which step of ours it has at each of its steps."""
        made = range(self.first, self.at)
        return self.is_row(index(self.at)) and all(self.row(index(step)) == self.row(step) for step in made)

    def is_still(self) -> bool:
        """Tell whether the lrs have not moved since the first step."""
        return self.at > self.first and self.follows(lambda step: self.first)

    def place(self) -> float | None:
        """Return where on the plan the lr of now is, between two steps; ``None`` if it is nowhere near."""
        group = self.off[0]
        rows = [self.row(index) for index in range(min(self.plan.steps, 4 * self.at + 5))]
        lrs, used = [row[group] for row in rows if row and group < len(row)], self.used[group]
        for i, (here, after) in enumerate(zip(lrs, lrs[1:], strict=False)):
            if here != after and min(here, after) <= used <= max(here, after):
                return _between(lrs, i, used)
        return None


def _between(lrs: list[float], i: int, used: float) -> float:
    """Return where between entries ``i`` and ``i + 1`` a smooth curve through four of them has the value."""
    low = max(0, min(i - 1, len(lrs) - 4))
    near = np.array(lrs[low : low + 4])
    curve = np.polyfit(np.arange(len(near)), near, len(near) - 1)
    fine = np.linspace(i - low, i - low + 1, 1001)
    return low + float(fine[np.abs(np.polyval(curve, fine) - used).argmin()])


def schedulers_of(optimizer: Optimizer) -> tuple[list[Clock], list[str]]:
    """Return the schedulers of torch that act on an optimizer, and the names of those on another with its weights.

    Nobody has told of them: all objects that are alive are looked through, once, when there is something to explain.
    """
    gc.collect()
    alive = [thing for thing in gc.get_objects() if issubclass(type(thing), LRScheduler) and "optimizer" in vars(thing)]
    inner = {id(part) for one in alive for value in vars(one).values() if isinstance(value, list) for part in value}
    alive = [one for one in alive if id(one) not in inner]
    mine = [one for one in alive if acts_on(one, optimizer)]
    weights = {id(param) for group in optimizer.param_groups for param in group["params"]}
    others = [one for one in alive if not acts_on(one, optimizer) and weights & _weights_of(one.optimizer)]
    return [clock for one in mine if (clock := _clock(one))], sorted({type(one).__name__ for one in others})


def _weights_of(optimizer: Optimizer) -> set[int]:
    return {id(param) for group in optimizer.param_groups for param in group["params"]}


def _clock(scheduler: LRScheduler) -> Clock | None:
    """Return what a scheduler has counted; ``None`` of one that counts in another way than torch's."""
    # A ChainedScheduler leaves the counting to those in it.
    counts = scheduler if hasattr(scheduler, "last_epoch") else next(iter(vars(scheduler).get("_schedulers", [])), None)
    counted, lrs = getattr(counts, "last_epoch", None), vars(scheduler).get("_last_lr", [])
    if not isinstance(counted, int) or not isinstance(lrs, list):
        return None
    said = next((name for name in LENGTHS if isinstance(vars(scheduler).get(name), int)), None)
    length = vars(scheduler)[said] if said else None
    settings = f"({said}={length})" if said else ""
    return Clock(type(scheduler).__name__, counted, list(map(float, lrs)), takes_metric(scheduler), length, settings)
