"""Causes that lie in when ``scheduler.step()`` is called: too early, too often, too seldom."""

from __future__ import annotations

from lrcourse.schedules.evidence import Case

Cause = tuple[str, str]  # what it fits with, and what to look at
MOST = 64  # how many calls of scheduler.step() for one step are tried

ORDER = "Look at the loop: optimizer.step() first, scheduler.step() after it, each once."
ONE_IF = "Step the scheduler where the optimizer is stepped, within the same `if`."


def times(number: int) -> str:
    """Return how often, in words.

    >>> times(1), times(3)
    ('once', '3 times')
    """
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


def stepped(case: Case) -> str:
    """Return how often the scheduler was stepped and should have been, if that is known."""
    if case.counted is None:
        return ""
    return f" ({case.clocks[0].name} was stepped {times(case.counted)} where the plan has {case.wanted})"


def skipped(case: Case) -> Cause | None:
    """A scheduler that went on where the optimizer did not."""
    ahead = (case.skipped or 1) if case.counted is None else case.counted - case.wanted
    if not (case.skipped or case.scaled) or case.unit > 1 or ahead < 1 or not case.is_row(case.at + ahead):
        return None
    if not case.scaled:
        fits = f"scheduler.step() after a step() that moved nothing, for no weight had a gradient{stepped(case)}"
        return fits, "Look at what stands between backward() and step(): zero_grad(), or weights that are frozen."
    order = ", or before optimizer.step()" if early(case) else ""
    fits = f"scheduler.step() after a step that GradScaler skipped{order}{stepped(case)}"
    return fits, "Step the scheduler only if scaler.get_scale() is not lower after scaler.update() than before it."


def early(case: Case) -> Cause | None:
    """A scheduler that is stepped first, or that goes on from a step too late."""
    ahead = case.counted in (None, case.wanted + 1) and case.follows(lambda step: step + case.unit)
    if not ahead:
        return None
    if case.first:
        fits = f"a scheduler that goes on one too far: last_epoch, or a scheduler.step() before the step{stepped(case)}"
        return fits, "Load scheduler.state_dict() instead of passing last_epoch, and step it after optimizer.step()."
    when = "at the beginning of the epoch, not at its end" if case.unit > 1 else "before optimizer.step()"
    also = ""  # what cannot be told from it yet
    if case.unit == 1 and case.counted in (None, 2 * case.at) and case.follows(lambda step: 2 * step):
        also = ", or twice for each step"
    elif case.unit == 1 and case.counted in (None, 2 * case.at + 1) and case.follows(lambda step: 2 * step + 1):
        also = ", or once a batch while 2 are accumulated"
    return f"scheduler.step() called {when}{also}{stepped(case)}", ORDER


def each_batch(case: Case) -> Cause | None:
    """A scheduler that is stepped once a batch and was planned to be once an epoch."""
    begun = case.first // case.unit
    if case.unit > 1:
        often = (
            case.counted == begun + case.since > case.wanted if case.counted is not None else case.follows(_fast(case))
        )
    else:  # a plan that stands still for steps on end, and a scheduler that has counted one of them for each
        fast = range(2, MOST + 1)
        often = case.counted == case.wanted and case.since > 1 and any(case.follows(_fast(case, by)) for by in fast)
    if not often or any(clock.takes_metric for clock in case.clocks):
        return None
    counts = stepped(case) if case.unit > 1 else f" ({case.clocks[0].name} was stepped {times(case.counted)})"
    return f"scheduler.step() called once a batch where once an epoch was planned{counts}", (
        "Move scheduler.step() out of the loop over batches, or count its arguments in batches."
    )


def often(case: Case) -> Cause | None:
    """A scheduler that is stepped several times for each step."""
    begun, made = case.first // case.unit, case.wanted - case.first // case.unit
    if made == 0:
        return _before_the_first(case) if case.unit == 1 else None
    for by in range(2, MOST + 1):
        for calls in (by * made, by * made + by - 1):  # or after each of so many batches that make one step

            def fast(step: int, more: int = calls - by * made, by: int = by) -> int:
                return (begun + by * (step // case.unit - begun) + more) * case.unit

            if case.counted in (None, begun + calls) and case.follows(fast):
                fits = f"scheduler.step() called {times(by)} for each step: in {by} places, or once a batch while {by}"
                return f"{fits} are accumulated{stepped(case)}", ORDER
    return None


def _before_the_first(case: Case) -> Cause | None:
    """A scheduler that was stepped more than once before any step was made."""
    for calls in range(2, MOST):
        if case.counted in (None, case.first + calls) and case.is_row(case.first + calls):
            if case.first == 0 and case.before == case.used:
                return f"a run that goes on at step {calls + 1}{stepped(case)}", f"Pass first_step={calls + 1}."
            fits = f"scheduler.step() called {times(calls)} before the first optimizer.step(): once a batch, while the"
            return f"{fits} gradients of {calls + 1} are accumulated", ONE_IF
    return None


def ahead(case: Case) -> Cause | None:
    """A scheduler that has got ahead on the way."""
    if case.counted is None or case.counted <= case.wanted or not case.is_row(case.counted * case.unit):
        return None
    if case.unit > 1:
        fits = f"epochs of fewer steps than the {case.unit} that were planned{stepped(case)}"
        return fits, "Compare len(loader) with steps_per_epoch; look for a second scheduler.step()."
    fits = f"scheduler.step() called where no step was made{stepped(case)}"
    return fits, "Look for steps that are skipped, by `continue` or by GradScaler, and for a second scheduler.step()."


def not_stepped(case: Case) -> Cause | None:
    """A scheduler that nobody has stepped."""
    if case.counted != case.first // case.unit or not case.is_still():
        return None
    where = "is missing" if case.unit > 1 else "is missing, or stands outside the loop over batches (once an epoch)"
    name = case.clocks[0].name
    return f"{name} not stepped: scheduler.step() {where}", "Call scheduler.step() after optimizer.step()."


def late(case: Case) -> Cause | None:
    """A scheduler that is one behind."""
    if case.counted is not None and case.counted != case.wanted - 1:
        return None
    back = case.at - case.unit
    if back < 0 or not (case.is_row(back) if case.counted is not None else case.is_still() or case.is_row(back)):
        return None
    if case.first == case.at:
        fits = (
            f"a scheduler that goes on one too early: saved before its step(), or last_epoch is too low{stepped(case)}"
        )
        return fits, "Write the checkpoint after scheduler.step(), and load it into the scheduler."
    if case.unit > 1:
        fits = f"epochs of more steps than the {case.unit} that were planned, or one scheduler.step() left out"
        return fits + stepped(case), "Compare len(loader) with steps_per_epoch: the last, smaller batch counts, too."
    return f"one scheduler.step() left out{stepped(case)}", "Look at the `if` around scheduler.step()."


def seldom(case: Case) -> Cause | None:
    """A scheduler that is stepped less often than planned, or was made anew on the way."""
    if case.counted is None or case.counted >= case.wanted:
        return None
    if any(
        case.row(step) != case.row(case.first) for step in range(case.first, case.at)
    ):  # so it was stepped as planned
        fits = f"a scheduler that was made anew on the way{stepped(case)}"
        return fits, "Make the scheduler once, before the loop over epochs."
    if not case.is_row(case.counted * case.unit):
        return None
    if case.unit > 1:
        fits = f"epochs of more steps than the {case.unit} that were planned{stepped(case)}"
        return fits, "Compare len(loader) with steps_per_epoch."
    fits = f"scheduler.step() called once an epoch where once a batch was planned{stepped(case)}"
    return fits, "Move scheduler.step() into the loop over batches, or count its arguments in epochs."


def miscounted(case: Case) -> Cause | None:
    """A resumed run whose scheduler counts from another step."""
    if not case.first or case.counted in (None, case.wanted):
        return None
    fits = f"a scheduler that goes on from another step: last_epoch is wrong{stepped(case)}"
    return fits, "Load scheduler.state_dict() instead of passing last_epoch."


def _fast(case: Case, by: int | None = None):
    """Return the plan that is gone through faster: as if each step were so many, or an epoch."""
    return lambda step: case.first + (by or case.unit) * (step - case.first)


PACES = [skipped, early, each_batch, often, ahead, not_stepped, late, miscounted, seldom]
