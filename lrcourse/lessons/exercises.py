"""Check the code that answers an exercise against torch. Numbers and schedules are checked in ``answers.py``."""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from lrcourse.base import as_python, bar
from lrcourse.images import Data
from lrcourse.lessons.answers import no_number
from lrcourse.lessons.attempts import FAILED, apart, attempt, close, not_answered, rounded, say, significant, to_places
from lrcourse.lessons.slips import SLIPS, Watched, one_epoch
from lrcourse.schedules import simulate
from lrcourse.training import fit

HALF = (0.2, 0.01)
LEFT_OVER = "But your code did something: if the answer is there, remove the line with ... below it."


def check_training_loop(train_one_epoch: Callable, make_model: Callable[[], nn.Module], data: Data) -> None:
    """Check ``train_one_epoch(model, optimizer, data, generator)`` for bit-equality with one epoch of ``fit``.

    >>> from lrcourse import SmallCNN, load_data
    >>> check_training_loop(lambda *_: ..., SmallCNN, load_data(train=128, val=1, test=1))
    Not answered yet: replace the ... with your answer and run the cell again.
    """
    yours = make_model()
    start = copy.deepcopy(yours)
    optimizer = torch.optim.Adam(yours.parameters(), lr=0.01)
    returned = attempt(train_one_epoch, yours, optimizer, data, torch.Generator().manual_seed(0))
    if returned is FAILED:
        return None
    trained = not _equal(yours, start)
    if returned is ...:
        return not_answered(LEFT_OVER if trained else "")
    if not trained:
        return say(False, "The model did not change: is optimizer.step() called, and does the loop run?")
    ours = copy.deepcopy(start)
    fit(ours, torch.optim.Adam(ours.parameters(), lr=0.01), data, epochs=1, progress=False)
    if _equal(yours, ours):
        return say(True, "")
    for slip, options in bar(SLIPS.items(), what="looking for what is different"):
        theirs = copy.deepcopy(start)
        one_epoch(theirs, torch.optim.Adam(theirs.parameters(), lr=0.01), data, **options)
        if _equal(yours, theirs):
            return say(False, f"Your weights are those of a loop {slip}.")
    return say(False, "The weights differ from fit's. Compare batch size, loss and order of the lines.")


def check_effective_lr(my_effective_lr: Callable[[Optimizer, Tensor], Tensor]) -> None:
    """Check ``my_effective_lr(optimizer, param)`` for RMSprop against the change that torch makes.

    >>> check_effective_lr(lambda optimizer, param: ...)
    Not answered yet: replace the ... with your answer and run the cell again.
    """
    for settings in ({"lr": 0.01}, {"lr": 0.1, "eps": 0.5, "alpha": 0.5}):
        param = nn.Parameter(torch.tensor([3.0, -0.2, 0.01], dtype=torch.float64))
        optimizer = torch.optim.RMSprop([param], **settings)
        for _ in range(3):
            param.grad = param.detach() ** 3
            before = param.detach().clone()
            optimizer.step()
        real = (before - param.detach()) / param.grad
        with torch.no_grad():
            answer = attempt(my_effective_lr, optimizer, param)
        if answer is FAILED:
            return None
        if answer is ...:
            return not_answered()
        if not isinstance(answer, Tensor) or answer.shape != param.shape:
            return say(False, f"Return a tensor of the parameter's shape {tuple(param.shape)}.")
        if not close(answer, real, rtol=1e-9):
            there, yours = apart(real, answer, rounded, 4)
            return say(False, f"With {settings}, change / -gradient is {there}, yours {yours}.")
    return say(True, "")


def check_halve_lr(halve_lr: Callable[[Optimizer], object]) -> None:
    """Check that ``halve_lr(optimizer)`` halves the lr of every param group and leaves the averages alone.

    >>> check_halve_lr(lambda optimizer: ...)
    Not answered yet: replace the ... with your answer and run the cell again.
    """
    first, second = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    optimizer = torch.optim.Adam([{"params": [first], "lr": 0.4}, {"params": [second], "lr": 0.02}])
    first.grad, second.grad = torch.ones(2), torch.full((2,), 3.0)
    optimizer.step()
    before = copy.deepcopy(optimizer.state_dict()["state"])
    options = {key: value for key, value in optimizer.param_groups[0].items() if key not in ("params", "lr")}
    returned = attempt(halve_lr, optimizer)
    if returned is FAILED:
        return None
    lrs = [as_python(group["lr"]) for group in optimizer.param_groups]
    if returned is ...:
        return not_answered(LEFT_OVER if lrs != [0.4, 0.02] else "")
    halved = [not no_number(lr) and math.isclose(lr, half, rel_tol=1e-6) for lr, half in zip(lrs, HALF, strict=False)]
    if halved != [True, True] or len(lrs) != 2:
        return say(False, f"The groups had lr 0.4 and 0.02 and now have {lrs}: halve every group's own.")
    after = optimizer.state_dict()["state"]
    if before.keys() != after.keys() or not all(_same(before[key], after[key]) for key in before):
        return say(False, "The averages are not what they were: change param_groups in place and nothing else.")
    changed = [key for key in options if any(group[key] != options[key] for group in optimizer.param_groups)]
    return say(not changed, f"Of the groups, {' and '.join(changed)} changed too: change the lr only.")


def check_step(
    my_step: Callable[[Tensor, Tensor, dict, float], Tensor],
    make_optimizer: Callable[[list[Tensor]], Optimizer],
    *,
    lrs: Sequence[float] = (0.1,) * 8,
) -> None:
    """Check ``my_step(weight, grad, state, lr) -> new weight`` against torch's optimizer, step by step.

    ``state`` is a dict, empty before the first step, in which the learner keeps what the next step needs.

    >>> check_step(lambda weight, grad, state, lr: weight - lr * grad, torch.optim.SGD)
    ✓ Right.
    """
    generator = torch.Generator().manual_seed(0)
    param = nn.Parameter(torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64))
    optimizer, mine, state = make_optimizer([param]), param.detach().clone(), {}
    for step, lr in enumerate(lrs, 1):
        optimizer.param_groups[0]["lr"] = lr
        param.grad = torch.randn(3, dtype=torch.float64, generator=generator) * torch.tensor([1.0, 10.0, 0.1])
        mine = attempt(my_step, mine, param.grad.clone(), state, lr)
        if mine is FAILED:
            return None
        if mine is ...:
            return not_answered()
        optimizer.step()
        if not isinstance(mine, Tensor) or mine.shape != param.shape:
            return say(False, f"Return the new weight, a tensor of shape {tuple(param.shape)}.")
        if not close(mine, param.detach(), rtol=1e-7, atol=1e-9):
            there, yours = apart(param.detach(), mine, to_places, 5)
            agree = ("", "The first step agrees. ")[step - 1] if step < 3 else f"The first {step - 1} steps agree. "
            return say(False, f"{agree}After step {step} torch's weight is {there}, yours {yours}.")
    return say(True, "")


def check_loop(
    train: Callable, make_scheduler: Callable, *, per_batch: bool, lr: float = 0.1, epochs: int = 3, batches: int = 4
) -> None:
    """Check that the loop ``train(optimizer, scheduler, epochs, batches, loss_of)`` trains, at the lrs of the plan.

    ``loss_of(batch)`` returns the loss of batch 0, 1, ... ``batches - 1``. The plan steps the scheduler after
    every batch if ``per_batch``, else after every epoch.

    >>> check_loop(lambda *_: ..., lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.9), per_batch=True)
    Not answered yet: replace the ... with your answer and run the cell again.
    """
    watched = Watched(lr, batches)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        scheduler = make_scheduler(watched.optimizer)
        returned = attempt(train, watched.optimizer, scheduler, epochs, batches, watched.loss_of)
    if returned is FAILED:
        return None
    if returned is ...:
        return not_answered(LEFT_OVER if watched.lrs else "")
    plan = simulate(make_scheduler, epochs * batches if per_batch else epochs, lr=lr)
    plan = plan if per_batch else [lr for lr in plan for _ in range(batches)]
    if len(watched.lrs) != len(plan):
        return say(False, f"The loop made {len(watched.lrs)} optimizer steps; {epochs} x {batches} were wanted.")
    places = [f"epoch {i // batches + 1}, batch {i % batches + 1}" for i in range(len(plan))]
    for place, used, planned in zip(places, watched.lrs, plan, strict=True):
        if not math.isclose(used, planned, rel_tol=1e-9):
            used, planned = apart(used, planned, significant, 6)
            return say(False, f"{place.capitalize()} is the first that goes wrong: lr {used}, planned {planned}.")
    for i, place in enumerate(places):
        if wrong := watched.wrong_gradient(i):
            return say(False, f"The lrs are right, but {place} {wrong}")
    return say(not warned, f"torch warns: {warned[0].message}" if warned else "")


def _equal(one: nn.Module, other: nn.Module) -> bool:
    return _same(dict(one.named_parameters()), dict(other.named_parameters()))


def _same(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[key], second[key]) for key in first)
