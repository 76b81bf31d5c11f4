"""Check the code that answers an exercise against torch. Numbers and schedules are checked in ``answers.py``."""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Optimizer

from lrcourse.images import Data
from lrcourse.lessons.answers import say
from lrcourse.schedules import simulate
from lrcourse.training import fit


def check_training_loop(train_one_epoch: Callable, make_model: Callable[[], nn.Module], data: Data) -> None:
    """Check ``train_one_epoch(model, optimizer, data, generator)`` for bit-equality with one epoch of ``fit``.

    >>> from lrcourse import SmallCNN, load_data
    >>> check_training_loop(lambda *_: ..., SmallCNN, load_data(train=128, val=1, test=1))
    Not answered yet: replace the ... with your answer and run the cell again.
    """
    yours = make_model()
    ours = copy.deepcopy(yours)
    start = copy.deepcopy(yours.state_dict())
    optimizer = torch.optim.Adam(yours.parameters(), lr=0.01)
    if train_one_epoch(yours, optimizer, data, torch.Generator().manual_seed(0)) is ...:
        return say(False, "", answered=False)
    fit(ours, torch.optim.Adam(ours.parameters(), lr=0.01), data, epochs=1, progress=False)
    if _equal(yours.state_dict(), start):
        return say(False, "The model did not change: is optimizer.step() called, and does the loop run?")
    if _equal(dict(yours.named_parameters()), dict(ours.named_parameters())):
        return say(True, "")
    for slip, options in SLIPS.items():
        theirs = make_model()
        theirs.load_state_dict(start)
        _one_epoch(theirs, torch.optim.Adam(theirs.parameters(), lr=0.01), data, **options)
        if _equal(dict(yours.named_parameters()), dict(theirs.named_parameters())):
            return say(False, f"Your weights are those of a loop {slip}.")
    return say(False, "The weights differ from fit's. Compare batch size, loss and order of the lines.")


SLIPS = {
    "without zero_grad(): the gradients of all batches add up": {"clear": False},
    "that does not draw the order of the images": {"shuffle": False},
    "without model.train(): batch norm uses its running averages": {"train": False},
}


def _one_epoch(
    model: nn.Module, optimizer: Optimizer, data: Data, *, clear: bool = True, shuffle: bool = True, train: bool = True
) -> None:
    """Train as the learner should, but for one slip."""
    model.train(train)
    count = len(data.train.labels)
    order = torch.randperm(count, generator=torch.Generator().manual_seed(0)) if shuffle else torch.arange(count)
    for batch in order.split(128):
        if clear:
            optimizer.zero_grad()
        F.cross_entropy(model(data.train.images[batch]), data.train.labels[batch]).backward()
        optimizer.step()


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
        with torch.no_grad():
            answer = my_effective_lr(optimizer, param)
        if answer is ...:
            return say(False, "", answered=False)
        real = (before - param.detach()) / param.grad
        if not isinstance(answer, Tensor) or answer.shape != param.shape:
            return say(False, f"Return a tensor of the parameter's shape {tuple(param.shape)}.")
        if not torch.allclose(answer, real, rtol=1e-9):
            there, yours = ([float(f"{value:.4g}") for value in tensor.tolist()] for tensor in (real, answer))
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
    if halve_lr(optimizer) is ...:
        return say(False, "", answered=False)
    lrs = [group["lr"] for group in optimizer.param_groups]
    if lrs != [0.2, 0.01]:
        return say(False, f"The groups had lr 0.4 and 0.02 and now have {lrs}: halve every group's own.")
    after = optimizer.state_dict()["state"]
    kept = before.keys() == after.keys() and all(_equal(before[key], after[key]) for key in before)
    return say(kept, "The averages are not what they were: change param_groups in place and nothing else.")


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
        mine = my_step(mine, param.grad.clone(), state, lr)
        if mine is ...:
            return say(False, "", answered=False)
        optimizer.step()
        if not isinstance(mine, Tensor) or mine.shape != param.shape:
            return say(False, f"Return the new weight, a tensor of shape {tuple(param.shape)}.")
        if not torch.allclose(mine, param.detach(), rtol=1e-7, atol=1e-9):
            there, yours = ([round(value, 5) for value in tensor.tolist()] for tensor in (param.detach(), mine))
            agree = ("", "The first step agrees. ")[step - 1] if step < 3 else f"The first {step - 1} steps agree. "
            return say(False, f"{agree}After step {step} torch's weight is {there}, yours {yours}.")
    return say(True, "")


def check_loop(
    train: Callable, make_scheduler: Callable, *, per_batch: bool, lr: float = 0.1, epochs: int = 3, batches: int = 4
) -> None:
    """Check that the loop ``train(optimizer, scheduler, epochs, batches, loss_of)`` uses the lrs that are planned.

    ``loss_of(batch)`` returns the loss of batch 0, 1, ... ``batches - 1``. The plan steps the scheduler after
    every batch if ``per_batch``, else after every epoch.

    >>> check_loop(lambda *_: ..., lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.9), per_batch=True)
    Not answered yet: replace the ... with your answer and run the cell again.
    """
    weight = nn.Parameter(torch.ones(2))
    optimizer, used = torch.optim.SGD([weight], lr=lr), []
    optimizer.register_step_pre_hook(lambda *_: used.append(float(optimizer.param_groups[0]["lr"])))
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        if train(optimizer, make_scheduler(optimizer), epochs, batches, lambda batch: (weight**2).sum()) is ...:
            return say(False, "", answered=False)
    plan = simulate(make_scheduler, epochs * batches if per_batch else epochs, lr=lr)
    plan = plan if per_batch else [lr for lr in plan for _ in range(batches)]
    if len(used) != len(plan):
        return say(False, f"The loop made {len(used)} optimizer steps; {epochs} x {batches} were wanted.")
    wrong = [i for i, (a, b) in enumerate(zip(used, plan, strict=True)) if not math.isclose(a, b, rel_tol=1e-9)]
    if wrong:
        epoch, batch = divmod(wrong[0], batches)
        where = f"Epoch {epoch + 1}, batch {batch + 1}"
        return say(False, f"{where} is the first that goes wrong: lr {used[wrong[0]]:g}, planned {plan[wrong[0]]:g}.")
    return say(not warned, f"torch warns: {warned[0].message}" if warned else "")


def _equal(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[key], second[key]) for key in first)
