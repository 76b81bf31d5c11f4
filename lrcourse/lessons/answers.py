"""Check an answer that is a number, a list or a schedule, and say what the learner needs next."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from numbers import Real

import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from lrcourse.base import tell
from lrcourse.lessons.memory import keep_check
from lrcourse.schedules import simulate


def say(right: bool, hint: str, *, answered: bool = True) -> None:
    """Print what the learner needs next."""
    if not answered:
        tell("Not answered yet: replace the ... with your answer and run the cell again.")
    else:
        tell("✓ Right." if right else f"✗ Not yet. {hint}")
        if words := keep_check(right):
            tell(words)


def check_steps_per_epoch(steps: object, last: object, *, images: int, batch_size: int) -> None:
    """Check the number of optimizer steps in an epoch and of images in its last batch.

    >>> check_steps_per_epoch(2, 1, images=4, batch_size=3)
    ✓ Right.
    """
    sizes = [len(batch) for batch in torch.arange(images).split(batch_size)]
    right = (steps == len(sizes), last == sizes[-1])
    wrong = "The number of steps is" if not right[0] else "The size of the last batch is"
    hint = f"{wrong} wrong: {images} images do not divide by {batch_size} without a rest, and the rest is a batch too."
    return say(all(right), hint, answered=Ellipsis not in (steps, last))


def check_lr_per_epoch(answer: object, make_scheduler: Callable, *, lr: float, epochs: int) -> None:
    """Check a list of the lr that each epoch trains at, against torch's scheduler.

    >>> from torch.optim.lr_scheduler import ConstantLR
    >>> check_lr_per_epoch([0.1, 0.2], lambda o: ConstantLR(o, 0.5, total_iters=1), lr=0.2, epochs=2)
    ✓ Right.
    """
    used = simulate(make_scheduler, epochs, lr=lr)
    if answer is ... or not isinstance(answer, Sequence) or len(answer) != epochs:
        return say(False, f"Give a list of {epochs} numbers, one for each epoch.", answered=answer is not ...)
    wrong = [i for i, (a, b) in enumerate(zip(answer, used, strict=True), 1) if abs(a - b) > 1e-9 * b]
    hint = f"Epoch {wrong[0]} is the first that is wrong. Count the calls of step() made before it." if wrong else ""
    return say(not wrong, hint)


def check_number(answer: object, measure: Callable[[], float], *, hints: Mapping[float, str] | None = None) -> None:
    """Check a number against what ``measure()`` returns: to 1 %, or exactly if both are an ``int``.

    Args:
        answer: the learner's number.
        measure: the experiment that knows the right one.
        hints: what to say to a typical wrong number.

    >>> check_number(3, lambda: 2.0, hints={3: "Count again."})
    ✗ Not yet. Count again.
    """
    if answer is ...:
        return say(False, "", answered=False)
    if isinstance(answer, bool) or not isinstance(answer, Real):
        return say(False, f"Give a number; {answer!r} is a {type(answer).__name__}.")

    def is_it(number: float) -> bool:
        whole = isinstance(answer, int) and isinstance(number, int)
        return answer == number if whole else math.isclose(answer, number, rel_tol=0.01, abs_tol=1e-12)

    right = measure()
    if is_it(right):
        return say(True, "")
    known = [hint for number, hint in (hints or {}).items() if is_it(number)]
    return say(False, known[0] if known else f"{answer:g} is too {'large' if answer > right else 'small'}.")


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

    try:
        used = [] if make_scheduler is ... else simulate(make, len(wanted), lr=lr, optimizer=optimizer, metrics=metrics)
    except Exception as error:
        return say(False, f"{type(error).__name__}: {error}", answered=made != [...])
    wrong = [i for i, (a, b) in enumerate(zip(used, wanted, strict=False)) if not math.isclose(a, b, rel_tol=1e-6)]
    hint = ""
    if wrong:
        at = wrong[0]
        hint = f"Step {at + 1} would use lr {used[at]:g}, wanted is {wanted[at]:g}; the steps before it are right."
    return say(not wrong, hint, answered=make_scheduler is not ...)
