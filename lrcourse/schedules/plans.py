"""The plan that a training is held to: which lr each param group is to use in each step of the whole run."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ConstantLR

from lrcourse.base import check_series, check_whole, is_scheduler, steps_made
from lrcourse.schedules.simulating import MakeScheduler, check_lr, copy_groups, simulate

ADVICE = "pass what simulate(...) returned, or a factory of schedulers and steps="


class Plan(NamedTuple):
    """What was planned.

    Attributes:
        rows: for each entry an lr for each param group, or a single one that holds for all of them.
        every: how many steps each entry holds.
        paces: for each scheduler how many steps lie between two calls of its ``step()``.
        one_for_all: whether each row holds a single lr for all groups.
        foreseen: whether it was made here, by a factory, and so rounded as the lrs of the training are.
    """

    rows: list[list[float]]
    every: int = 1
    paces: tuple[int, ...] = (1,)
    one_for_all: bool = False
    foreseen: bool = False

    @property
    def steps(self) -> int:
        """How many steps are planned."""
        return len(self.rows) * self.every

    def at(self, index: int, groups: int) -> list[float] | None:
        """Return the lr of each group in a step, counted from 0; ``None`` where nothing is planned."""
        if not 0 <= index < self.steps:
            return None
        row = self.rows[index // self.every]
        return row * groups if self.one_for_all else row


def lrs_of(optimizer: Optimizer) -> list[float]:
    """Return the lr of each param group as a number."""
    return [math.nan if group.get("lr") is None else float(group["lr"]) for group in optimizer.param_groups]


def read_plan(
    optimizer: Optimizer, plan: Iterable | MakeScheduler | None, steps: int | None, first_step: int | None, **options
) -> Plan:
    """Return the plan, of a list as it stands there, of a factory as its scheduler will do.

    ``options`` are ``per_epoch``, ``steps_per_epoch`` and ``metrics``, as ``guard`` takes them.
    """
    check_lr(optimizer)
    if plan is None and options["per_epoch"] is None:
        raise TypeError(f"there is no plan: {ADVICE}")
    if is_scheduler(plan):
        raise TypeError(
            f"plan is a {type(plan).__name__}, got where a function that makes one is wanted, such as"
            " lambda optimizer: StepLR(optimizer, step_size=10)"
        )
    if plan is None or callable(plan):
        _check_beginning(optimizer, first_step)
        return _foresee(optimizer, plan, steps, options)
    given = [name for name in ("per_epoch", "metrics") if options[name] is not None] + ["steps"] * (steps is not None)
    if given:
        raise ValueError(
            f"{given[0]} is for a plan that is a factory; a list says itself what is planned: leave it out"
        )
    every = 1 if options["steps_per_epoch"] is None else options["steps_per_epoch"]
    return _read_list(plan, check_whole("steps_per_epoch", every, unit="optimizer steps"), len(optimizer.param_groups))


def _check_beginning(optimizer: Optimizer, first_step: int | None) -> None:
    """Raise a ``ValueError`` if the run goes on and nobody knows with which lr it began."""
    made = steps_made(optimizer) if first_step is None else first_step - 1
    if made and any("initial_lr" not in group for group in optimizer.param_groups):
        raise ValueError(
            f"the optimizer has made {made} steps, and its param groups do not say with which lr they began, so what a"
            " factory would have planned is not known: pass a list, or first_step=1 if the plan begins here"
        )


def _foresee(optimizer: Optimizer, make: MakeScheduler | None, steps: int | None, options: dict) -> Plan:
    if steps is None:
        raise ValueError("a factory alone does not say how long the training is: pass steps=epochs * len(loader)")
    rows = simulate(make or _constant, steps, optimizer=_as_it_began(optimizer), read=lrs_of, **options)
    paces = [1] * (make is not None) + [options["steps_per_epoch"]] * (options["per_epoch"] is not None)
    return Plan(rows, paces=tuple(paces), foreseen=True)


def _constant(optimizer: Optimizer) -> ConstantLR:
    return ConstantLR(optimizer, factor=1.0)


def _as_it_began(optimizer: Optimizer) -> Optimizer:
    """Return a copy of the param groups with the lr that they had before a scheduler was made."""
    copied = copy_groups(optimizer)
    for group in copied.param_groups:
        # A warm-up, for one, has set the lr to its first value as soon as it was made.
        group["lr"] = copy.deepcopy(group.get("initial_lr", group["lr"]))
    return copied


def _read_list(plan: Iterable, every: int, groups: int) -> Plan:
    entries = plan.tolist() if hasattr(plan, "tolist") else plan
    if isinstance(entries, Iterable) and not isinstance(entries, str):
        entries = [entry.tolist() if hasattr(entry, "tolist") else entry for entry in entries]
    if not isinstance(entries, list) or not any(isinstance(entry, Sequence) for entry in entries):
        return Plan([[lr] for lr in check_series("plan", entries, ADVICE)], every, (every,), one_for_all=True)
    rows = [check_series("plan", entry, ADVICE) for entry in entries]
    if len(rows[0]) != groups:
        raise ValueError(
            f"plan has {len(rows[0])} lrs for the first step, but the optimizer has {groups} param groups: each entry"
            " is a step, with one lr for each group, as of simulate(..., read=lambda o: [g['lr'] for g in"
            " o.param_groups])"
        )
    return Plan(rows, every, (every,))


def differs(lr: object, planned: float, roundings: int, tolerance: float) -> bool:
    """Tell whether the lr that was used is another one than planned.

    Exactly, if it is a number of Python, or of 64 bits. One of fewer bits is rounded each time that a scheduler
    multiplies it, so it may have moved away by as much as so many ``roundings`` can move it.
    """
    precision, smallest = _precision(lr)
    used, allowed = float(lr), max(tolerance, precision * (roundings + 4))
    return not (used == planned or abs(used - planned) <= max(allowed * abs(planned), smallest))


def _precision(lr: object) -> tuple[float, float]:
    """Return the relative precision of an lr kept in other bits than Python's, and its least number; else zeros."""
    if isinstance(lr, torch.Tensor) and lr.is_floating_point():
        info = torch.finfo(lr.dtype)
    elif isinstance(lr, np.floating) and lr.dtype.itemsize < 8:
        info = np.finfo(lr.dtype)
    else:
        return 0.0, 0.0
    return float(info.eps), float(info.tiny)
