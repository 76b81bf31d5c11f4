"""The usual causes for an lr that was not planned, each tried on what was measured."""

from __future__ import annotations

import math

from lrcourse.base import as_python
from lrcourse.schedules.evidence import Case
from lrcourse.schedules.paces import PACES, Cause, stepped, times


def rounding(case: Case) -> Cause | None:
    """The same numbers, computed another way."""
    planned = case.row(case.at)
    if all(g < len(planned) and math.isclose(case.used[g], planned[g], rel_tol=1e-6) for g in case.off):
        return "the same schedule, computed in another way", "Make the plan with simulate(), or pass tolerance=1e-6."
    return None


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


def several_schedulers(case: Case) -> Cause | None:
    """More schedulers than the plan has."""
    if len(case.clocks) <= len(case.plan.paces):
        return None
    names = ", ".join(f"{clock.name} (stepped {times(clock.counted)})" for clock in case.clocks)
    advice = "Keep one, or join them: SequentialLR lets one follow the other, ChainedScheduler multiplies them."
    return f"{len(case.clocks)} schedulers on one optimizer, each changing what the other has set: {names}", advice


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


def written_over(case: Case) -> Cause | None:
    """An lr that the scheduler has not set: it remembers which it has."""
    set_last = case.clocks[0].last_lr if len(case.clocks) == 1 else []
    if not set_last or any(g < len(set_last) and case.same(g, set_last[g]) for g in case.off):
        return None
    earlier = next((step for step in range(case.at) if case.is_row(step)), None)
    of = "" if earlier is None else f"; it is the lr planned for step {earlier + 1}"
    fits = f"an lr written after {case.clocks[0].name} had set {set_last[case.off[0]]:.6g}: by hand, or loaded{of}"
    return fits, "Look for what writes group['lr'], and for optimizer.load_state_dict() after the scheduler was loaded."


def other_results(case: Case) -> Cause | None:
    """A scheduler that looks at results, and was given more of them, or others."""
    if len(case.clocks) != 1 or not case.clocks[0].takes_metric or case.counted is None:
        return None
    name, counted = case.clocks[0].name, case.counted
    if counted == case.at > 0 and not (case.plan.foreseen and case.unit == 1):
        fits = f"{name} stepped once a batch ({times(counted)} in {case.at} steps), so that its patience counts batches"
        return fits, "Call scheduler.step(validation_loss) once an epoch, after the loop over batches."
    if counted != case.wanted:
        return None
    fits = f"{name}, stepped {times(counted)} as planned, but given other results"
    return fits, "Compare metrics= with the losses that this run has passed to scheduler.step()."


def two_paces(case: Case) -> Cause | None:
    """Two schedulers that were planned, and are not stepped as planned."""
    planned = sorted(case.at // pace for pace in case.plan.paces)
    counted = sorted(clock.counted for clock in case.clocks)
    if len(planned) == 1 or len(counted) != len(planned) or counted == planned:
        return None
    names = " and ".join(f"{clock.name} {times(clock.counted)}" for clock in case.clocks)
    fits = f"schedulers at another pace: stepped were {names}, where the plan has {planned[1]} and {planned[0]}"
    return fits, "Step one after each optimizer.step(), the other at the end of each epoch."


def own_base(case: Case) -> Cause | None:
    """An optimizer, or a group of it, that began with another lr."""
    if case.since or case.counted not in (None, case.wanted):
        return None
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


def no_warm_up(case: Case) -> Cause | None:
    """A run that begins at the top of what the plan climbs to."""
    if case.at or not case.clocks or case.counted not in (None, 0) or (peak := _peak(case)) is None:
        return None
    return f"a warm-up that is missing: this lr is planned for step {peak + 1}, at its end", (
        "Look at how the warm-up is joined: SequentialLR(optimizer, [warm_up, ...], milestones=[steps])."
    )


def nobody(case: Case) -> Cause | None:
    """An lr that stands still, and no scheduler that could move it."""
    moved = case.is_still() or (case.at == case.first and _climbs(case))  # a warm-up moves it before the first step
    if case.clocks or not moved:
        return None
    others = f"; {' and '.join(case.elsewhere)} acts on another one over the same weights" if case.elsewhere else ""
    advice = "Make the scheduler with the optimizer that is stepped, and keep it: scheduler = StepLR(optimizer, ...)."
    return f"no scheduler of torch that acts on this optimizer{others}", advice


def other_settings(case: Case) -> Cause | None:
    """A scheduler that has counted as planned, and is another than planned."""
    known = case.counted is not None and case.counted == case.wanted
    place = case.place() if case.first == 0 < case.at and (not known or case.clocks[0].length) else None
    pace = place / case.at if place else None
    if pace and (known or _is_whole(max(pace, 1 / pace))):
        speed = f"{1 / pace:.2g} times as slowly" if pace < 1 else f"{pace:.2g} times as fast"
        length = case.clocks[0].length if known else ""
        of = f" ({case.clocks[0].name} has {length})" if length and length[-1].isdigit() else ""
        fits = f"a plan gone through about {speed}, as if its length were counted in something else{of}"
        return fits, "Count optimizer steps: epochs * len(loader), divided by the accumulation."
    if known:
        fits = f"other settings than planned of {case.clocks[0].name}, which was stepped as often as planned"
        return fits, f"Compare the arguments of {case.clocks[0].name} with those in the plan."
    return None


def unknown(case: Case) -> Cause:
    """None of these."""
    g = case.off[0]
    planned = case.row(case.at)[g]
    ratio = f", {case.used[g] / planned:.6g} times the planned lr" if planned else ""
    counts = "; ".join(f"{clock.name} was stepped {times(clock.counted)}" for clock in case.clocks)
    fits = f"none of the usual causes{ratio}" + (f" ({counts})" if counts else "")
    return fits, "Look for what writes group['lr'], and at when each scheduler is stepped."


def _climbs(case: Case) -> bool:
    """Tell whether the plan begins with a warm-up."""
    first, second = case.row(0), case.row(1)
    return second is not None and any(high > low for high, low in zip(second, first, strict=True))


def _peak(case: Case) -> int | None:
    """Return where the plan stops climbing, if the lrs of now are those."""
    peak, lrs = 0, case.row(0)
    while (after := case.row(peak + 1)) and all(high > low for high, low in zip(after, lrs, strict=True)):
        peak, lrs = peak + 1, after
    return peak if peak and case.is_row(peak) else None


def _is_whole(number: float) -> bool:
    """Tell whether it is a whole number from 2, as near as can be measured."""
    return round(number) > 1 and abs(number - round(number)) < 0.03 * number


CAUSES = [
    rounding,
    late_group,
    several_schedulers,
    only_scheduler_loaded,
    begins_again,
    written_over,
    nobody,
    no_warm_up,
    other_results,
    *PACES,
    two_paces,
    own_base,
    other_settings,
    unknown,
]


def explain(case: Case) -> Cause:
    """Return what the case fits with, and what to look at."""
    return next(cause for tried in CAUSES if (cause := tried(case)))
