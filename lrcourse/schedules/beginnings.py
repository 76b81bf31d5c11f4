"""Causes that lie in how the training began, or went on from a checkpoint."""

from __future__ import annotations

import math

from lrcourse.base import as_python
from lrcourse.schedules.evidence import Case
from lrcourse.schedules.paces import Cause, stepped


def late_group(case: Case) -> Cause | None:
    """A group that was added when the scheduler, or the plan, was there already."""
    planned = len(case.row(case.at))
    begun = ["initial_lr" in group for group in case.groups]
    for g in case.off:
        if g >= planned or (any(begun) and not begun[g]):
            made = "the plan" if g >= planned else "the scheduler"
            advice = "Call optimizer.add_param_group() first, then make the scheduler, then the guard."
            return f"param group {g} added after {made} was made", advice
    return None


def only_scheduler_loaded(case: Case) -> Cause | None:
    """A resumed run whose scheduler knows where it is, and whose optimizer does not."""
    if case.at == case.first > 0 and case.counted == case.wanted and case.is_row(0):
        fits = f"the lr that the run began with: the scheduler was loaded, the optimizer was not{stepped(case)}"
        return fits, "Load both: optimizer.load_state_dict(...) and scheduler.load_state_dict(...)."
    return None


def begins_again(case: Case) -> Cause | None:
    """A resumed run with a scheduler that was made anew."""
    anew = case.wanted - case.first // case.unit
    if case.first < case.unit or case.counted not in (None, anew):
        return None
    if case.counted is None and not case.is_row(case.since):
        return None
    fits = f"the plan from its start again: a scheduler that was made anew and not loaded{stepped(case)}"
    advice = (
        "Make optimizer and scheduler, then load the state_dict of both. If the plan begins here, pass first_step=1."
    )
    return fits, advice


def own_base(case: Case) -> Cause | None:
    """An optimizer, or a group of it, that began with another lr."""
    if case.plan.foreseen or case.since or case.counted not in (None, case.wanted):
        return None  # a factory's plan begins as the optimizer did
    planned, group = case.row(case.at), case.groups[case.off[0]]
    begun = float(group.get("initial_lr", group["lr"]))
    if len(case.off) < len(case.used):
        numbers = " and ".join(map(str, case.off))
        one = "; the plan has one lr for all groups" if case.plan.one_for_all else ""
        fits = f"a base lr of its own of param group {numbers}: it began with {begun:.6g}{one}"
        return fits, "Look at lr= in the param groups; a plan made with the factory knows each group's."
    ratios = [used / lr if lr else math.nan for used, lr in zip(case.used, planned, strict=True)]
    if not all(math.isclose(ratio, ratios[0], rel_tol=1e-6) for ratio in ratios):
        return None
    made_with = as_python(case.made_with)
    loaded = f", though it was made with {made_with:.6g}" if made_with is not None and made_with != begun else ""
    fits = f"another base lr: the optimizer began with {begun:.6g}{loaded}, {ratios[0]:.6g} times the plan's"
    return fits, "Look at lr= where the optimizer is made, and at what optimizer.load_state_dict() brings along."


def nobody(case: Case) -> Cause | None:
    """An lr that stands still, and no scheduler that could move it."""
    untouched = case.before == case.used and (case.plan.foreseen or _climbs(case))  # and planned to be before a step
    if case.clocks or not (case.is_still() or (case.at == case.first and untouched)):
        return None
    others = f"; {' and '.join(case.elsewhere)} acts on another one over the same weights" if case.elsewhere else ""
    advice = "Make the scheduler with the optimizer that is stepped, and keep it: scheduler = StepLR(optimizer, ...)."
    return f"no scheduler of torch that acts on this optimizer{others}", advice


def no_warm_up(case: Case) -> Cause | None:
    """A run that begins at the top of what the plan climbs to."""
    if case.at or not case.clocks or case.counted not in (None, 0) or (peak := _peak(case)) is None:
        return None
    return f"a warm-up that is missing: this lr is planned for step {peak + 1}, at its end", (
        "Look at how the warm-up is joined: SequentialLR(optimizer, [warm_up, ...], milestones=[steps])."
    )


def _climbs(case: Case) -> bool:
    """Tell whether the plan begins with a warm-up: the first change is one upwards."""
    rows = (case.row(step) for step in range(case.plan.steps))
    first = next(rows)
    moved = next((row for row in rows if row != first), first)
    return any(high > low for high, low in zip(moved, first, strict=True))


def _peak(case: Case) -> int | None:
    """Return where the plan stops climbing, if the lrs of now are those."""
    peak, lrs = 0, case.row(0)
    while (after := case.row(peak + 1)) and all(high > low for high, low in zip(after, lrs, strict=True)):
        peak, lrs = peak + 1, after
    return peak if peak and case.is_row(peak) else None
