"""What is said of a step that used another lr than planned."""

from __future__ import annotations

from lrcourse.schedules.causes import explain
from lrcourse.schedules.evidence import Case
from lrcourse.schedules.plans import Plan


class PlanError(AssertionError):
    """A step used another lr than planned.

    It is an ``AssertionError`` and no ``RuntimeError``, because many loops catch those, to go on with smaller batches
    when the memory is full.

    Attributes:
        step: the number of the step, from 1.
        group: the first param group that is off the plan, from 0.
        planned: the lr that was planned for it; ``None`` where the plan has none.
        used: the lr that the step used; ``None`` if no step was made.
    """

    def __init__(
        self, message: str, step: int, group: int = 0, planned: float | None = None, used: float | None = None
    ):
        super().__init__(message)
        self.step, self.group, self.planned, self.used = step, group, planned, used


def off_plan(case: Case) -> PlanError:
    """Return the error for a step: the fact, what it fits with, and what to look at, each on a line."""
    group = case.off[0]
    row, used = case.row(case.at), case.used[group]
    planned = row[group] if group < len(row) else None
    others = f" (and {', '.join(map(str, case.off[1:]))})" if len(case.off) > 1 else ""
    lrs = "planned lr {}, used lr {}".format(*_told_apart(planned, used))
    fits, advice = explain(case)
    message = f"step {case.at + 1}, param group {group}{others}: {lrs}\nThis fits with {fits}.\n{advice}"
    return PlanError(message, case.at + 1, group, planned, used)


def past_the_end(step: int, plan: Plan, used: float) -> PlanError:
    """Return the error for a step that no lr is planned for."""
    message = (
        f"step {step} was made, and the plan has {plan.steps}; used lr {used:.6g}\n"
        "This fits with epochs of more steps than were counted, or with a run that goes on past its plan.\n"
        "Count the last, smaller batch, too: steps = epochs * len(loader), divided by the accumulation."
    )
    return PlanError(message, step, used=used)


def too_few(step: int, plan: Plan) -> PlanError:
    """Return the error for a training that ends before its plan."""
    message = (
        f"the training ended after step {step}, and the plan has {plan.steps}\n"
        "This fits with steps that were skipped, or with updates that were counted in batches.\n"
        "Count optimizer steps: epochs * len(loader), divided by the accumulation."
    )
    return PlanError(message, step)


def _told_apart(planned: float | None, used: float) -> tuple[str, str]:
    """Return both lrs with as few digits as tell them apart."""
    if planned is None:
        return "none", f"{used:.6g}"
    pairs = ((f"{planned:.{digits}g}", f"{used:.{digits}g}") for digits in (6, 9, 12))
    return next((pair for pair in pairs if pair[0] != pair[1]), (repr(planned), repr(used)))
