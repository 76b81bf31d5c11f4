"""Check an answer that is a number, a list or a schedule, and say what the learner needs next."""

from __future__ import annotations

import math
import traceback
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from numbers import Real

import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from lrcourse.base import as_python
from lrcourse.lessons.attempts import apart, is_learners, not_answered, say, significant, tell_where
from lrcourse.schedules import simulate


def no_number(answer: object, what: str = "Your answer") -> str:
    """Return what to say of an answer that is no number; "" of one that is, whether Python's, NumPy's or torch's."""
    plain = as_python(answer)
    if isinstance(plain, bool) or not isinstance(plain, (Real, Decimal)):
        return f"Give a number; {answer!r:.60} is a {type(answer).__name__}."
    if math.isnan(plain):
        return f"{what} is nan, which is no number: look for the step that made it, such as 0 / 0."
    return ""


def check_steps_per_epoch(steps: object, last: object, *, images: int, batch_size: int) -> None:
    """Check the number of optimizer steps in an epoch and of images in its last batch.

    >>> check_steps_per_epoch(2, 1, images=4, batch_size=3)
    ✓ Right.
    """
    if steps is ... or last is ...:
        return not_answered()
    if wrong := no_number(steps, "The number of steps") or no_number(last, "The size of the last batch"):
        return say(False, wrong)
    sizes = [len(batch) for batch in torch.arange(images).split(batch_size)]
    right = (as_python(steps) == len(sizes), as_python(last) == sizes[-1])
    wrong = "The number of steps is" if not right[0] else "The size of the last batch is"
    rest = f"{images} images do not divide by {batch_size} without a rest, and the rest is a batch too."
    if images % batch_size == 0:
        rest = f"{images} images divide by {batch_size} without a rest."
    return say(all(right), f"{wrong} wrong: {rest}")


def check_lr_per_epoch(answer: object, make_scheduler: Callable, *, lr: float, epochs: int) -> None:
    """Check a list of the lr that each epoch trains at, against torch's scheduler.

    >>> from torch.optim.lr_scheduler import ConstantLR
    >>> check_lr_per_epoch([0.1, 0.2], lambda o: ConstantLR(o, 0.5, total_iters=1), lr=0.2, epochs=2)
    ✓ Right.
    """
    if answer is ...:
        return not_answered()
    lrs = answer.tolist() if hasattr(answer, "tolist") else answer
    if isinstance(lrs, (str, bytes)) or not isinstance(lrs, Sequence) or len(lrs) != epochs:
        found = f"yours has {len(lrs)}" if isinstance(lrs, (list, tuple)) else f"yours is a {type(answer).__name__}"
        return say(False, f"Give a list of {epochs} numbers, one for each epoch; {found}.")
    for epoch, one in enumerate(lrs, 1):
        if one is ...:
            return not_answered(f"The lr of epoch {epoch} is still missing.")
        if wrong := no_number(one, f"The lr of epoch {epoch}"):
            return say(False, f"Epoch {epoch}: {wrong}")
    used = simulate(make_scheduler, epochs, lr=lr)
    wrong = [epoch for epoch, (a, b) in enumerate(zip(lrs, used, strict=True), 1) if not _is_lr(a, b, answer)]
    hint = f"Epoch {wrong[0]} is the first that is wrong. Count the calls of step() made before it." if wrong else ""
    return say(not wrong, hint)


def _is_lr(number: object, lr: float, answer: object) -> bool:
    """Tell whether a number is this lr, but for rounding: of 32 bits, or of 64."""
    kind = str(getattr(answer, "dtype", getattr(number, "dtype", "float64")))
    return abs(float(number) - lr) <= (1e-9 if kind.endswith("64") else 1e-6) * abs(lr)


def check_number(answer: object, measure: Callable[[], float], *, hints: Mapping[float, str] | None = None) -> None:
    """Check a number against what ``measure()`` returns: to 1 %, or exactly if that is an ``int`` and both are whole.

    Args:
        answer: the learner's number, Python's, NumPy's, one of pandas, or a tensor without dimensions.
        measure: the experiment that knows the right one.
        hints: what to say to a typical wrong number.

    >>> check_number(3, lambda: 2.0, hints={3: "Count again."})
    ✗ Not yet. Count again.
    """
    if answer is ...:
        return not_answered()
    if wrong := no_number(answer):
        return say(False, wrong)
    mine = float(as_python(answer))

    def is_it(number: float) -> bool:
        whole = isinstance(number, int) and mine.is_integer()
        return mine == number if whole else math.isclose(mine, number, rel_tol=0.01, abs_tol=1e-12)

    right = as_python(measure())
    if is_it(right):
        return say(True, "")
    known = [hint for number, hint in (hints or {}).items() if is_it(number)]
    return say(False, known[0] if known else f"{mine:g} is too {'large' if mine > right else 'small'}.")


def check_schedule(
    make_scheduler: object,
    wanted: Sequence[float],
    *,
    lr: float = 0.1,
    optimizer: Callable[..., Optimizer] = torch.optim.SGD,
    metrics: Sequence[float] | None = None,
) -> None:
    """Check that the learner's factory ``optimizer -> scheduler`` gives the lrs that are ``wanted``, step by step.

    >>> from torch.optim.lr_scheduler import ExponentialLR
    >>> check_schedule(lambda optimizer: ExponentialLR(optimizer, 0.5), [0.1, 0.05, 0.01])
    ✗ Not yet. Step 3 would use lr 0.025, wanted is 0.01; the steps before it are right.
    """
    made = []

    def make(throw_away: Optimizer) -> LRScheduler:
        made.append(make_scheduler(throw_away))
        return made[-1]

    if make_scheduler is ...:
        return not_answered()
    try:
        used = simulate(make, len(wanted), lr=lr, optimizer=optimizer, metrics=metrics)
    except Exception as error:
        if made == [...]:
            return not_answered()
        say(False, f"{type(error).__name__}: {error}")
        if is_learners(traceback.extract_tb(error.__traceback__)[-1]):  # and not of torch, whose words say enough
            tell_where(error)
        return None
    close = {"rel_tol": 1e-6, "abs_tol": 1e-12}
    wrong = [i for i, (a, b) in enumerate(zip(used, wanted, strict=True)) if not math.isclose(a, b, **close)]
    if not wrong:
        return say(True, "")
    there, goal = apart(used[wrong[0]], wanted[wrong[0]], significant, 6)
    return say(False, f"Step {wrong[0] + 1} would use lr {there}, wanted is {goal}; the steps before it are right.")
