"""The usual causes for an lr that was not planned, each tried on what was measured."""

from __future__ import annotations

import math
from contextlib import suppress

from lrcourse.schedules.beginnings import (
    begins_again,
    late_group,
    no_warm_up,
    nobody,
    only_scheduler_loaded,
    own_base,
)
from lrcourse.schedules.evidence import Case
from lrcourse.schedules.paces import PACES, Cause, times


def rounding(case: Case) -> Cause | None:
    """The same numbers, computed another way."""
    planned = case.row(case.at)
    if all(g < len(planned) and math.isclose(case.used[g], planned[g], rel_tol=1e-6) for g in case.off):
        return "the same schedule, computed in another way", "Make the plan with simulate(), or pass tolerance=1e-6."
    return None


def several_schedulers(case: Case) -> Cause | None:
    """More schedulers than the plan has."""
    if len(case.clocks) <= len(case.plan.paces):
        return None
    names = ", ".join(f"{clock.name} (stepped {times(clock.counted)})" for clock in case.clocks)
    advice = "Keep one, or join them: SequentialLR lets one follow the other, ChainedScheduler multiplies them."
    return f"{len(case.clocks)} schedulers on one optimizer, each changing what the other has set: {names}", advice


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


def other_settings(case: Case) -> Cause | None:
    """A scheduler that has counted as planned, and is another than planned."""
    known = case.counted is not None and case.counted == case.wanted
    pace = _pace(case) if case.first == 0 < case.at and (known or not case.clocks) else None
    name = f"{case.clocks[0].name}{case.clocks[0].settings}" if known else ""
    if pace:
        speed = f"{1 / pace:.2g} times as slowly" if pace < 1 else f"{pace:.2g} times as fast"
        of = f": {name}" if known and case.clocks[0].length else ""
        fits = f"a plan gone through about {speed}, as if its length were counted in something else{of}"
        return fits, "Count optimizer steps: epochs * len(loader), divided by the accumulation."
    if known:
        fits = f"other settings than planned of {name}, which was stepped as often as planned"
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


def _pace(case: Case) -> float | None:
    """Return how fast the plan is gone through, if likely: by a whole number, or as the scheduler's length says."""
    place = case.place()
    pace = place / case.at if place else None
    length = case.clocks[0].length if case.clocks else None
    if not pace:
        return None
    likely = _is_whole(max(pace, 1 / pace)) if length is None else 0.7 < pace * length / case.plan.steps < 1.4
    return pace if likely and pace != 1 else None


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
    """Return what the case fits with, and what to look at.

    A cause that cannot be tried, on a scheduler such as nobody has seen, is left out: what ends the training is that it
    is off its plan, and nothing else.
    """
    for tried in CAUSES:
        with suppress(Exception):
            if cause := tried(case):
                return cause
    return (
        "a cause that could not be measured",
        "Look for what writes group['lr'], and at when each scheduler is stepped.",
    )
