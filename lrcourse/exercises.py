"""Check the answer to an exercise against torch."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from lrcourse.data import Data
from lrcourse.schedules import simulate
from lrcourse.training import fit


def _verdict(right: bool, hint: str, *, answered: bool = True) -> None:
    """Print what the learner needs next."""
    if not answered:
        print("Not answered yet: replace the ... with your answer and run the cell again.")
    else:
        print("✓ Right." if right else f"✗ Not yet. {hint}")


def check_steps_per_epoch(steps: object, last: object, *, images: int, batch_size: int) -> None:
    """Check the number of optimizer steps in an epoch and of images in its last batch.

    >>> check_steps_per_epoch(2, 1, images=4, batch_size=3)
    ✓ Right.
    """
    sizes = [len(batch) for batch in torch.arange(images).split(batch_size)]
    hint = f"{images} images do not divide by {batch_size} without a rest, and the rest is a batch too."
    return _verdict((steps, last) == (len(sizes), sizes[-1]), hint, answered=Ellipsis not in (steps, last))


def check_lr_per_epoch(answer: object, make_scheduler: Callable, *, lr: float, epochs: int) -> None:
    """Check a list of the lr that each epoch trains at, against torch's scheduler.

    >>> from torch.optim.lr_scheduler import ConstantLR
    >>> check_lr_per_epoch([0.1, 0.2], lambda o: ConstantLR(o, 0.5, total_iters=1), lr=0.2, epochs=2)
    ✓ Right.
    """
    used = simulate(make_scheduler, epochs, lr=lr)
    if answer is ... or not isinstance(answer, Sequence) or len(answer) != epochs:
        return _verdict(False, f"Give a list of {epochs} numbers, one for each epoch.", answered=answer is not ...)
    wrong = [i for i, (a, b) in enumerate(zip(answer, used, strict=True), 1) if abs(a - b) > 1e-9 * b]
    hint = f"Epoch {wrong[0]} is the first that is wrong. Count the calls of step() made before it." if wrong else ""
    return _verdict(not wrong, hint)


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
        return _verdict(False, "", answered=False)
    fit(ours, torch.optim.Adam(ours.parameters(), lr=0.01), data, epochs=1, progress=False)
    if _equal(yours.state_dict(), start):
        return _verdict(False, "The model did not change: is optimizer.step() called, and does the loop run?")
    hint = (
        "The weights differ from fit's. Compare: model.train(), the order of the images, zero_grad() before backward()."
    )
    return _verdict(_equal(dict(yours.named_parameters()), dict(ours.named_parameters())), hint)


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
            return _verdict(False, "", answered=False)
        real = (before - param.detach()) / param.grad
        if not isinstance(answer, Tensor) or answer.shape != param.shape:
            return _verdict(False, f"Return a tensor of the parameter's shape {tuple(param.shape)}.")
        if not torch.allclose(answer, real, rtol=1e-9):
            return _verdict(False, f"With {settings}, change / -gradient is {real.tolist()}, yours {answer.tolist()}.")
    return _verdict(True, "")


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
        return _verdict(False, "", answered=False)
    lrs = [group["lr"] for group in optimizer.param_groups]
    if lrs != [0.2, 0.01]:
        return _verdict(False, f"The groups had lr 0.4 and 0.02 and now have {lrs}: halve every group's own.")
    after = optimizer.state_dict()["state"]
    kept = before.keys() == after.keys() and all(_equal(before[key], after[key]) for key in before)
    return _verdict(kept, "The averages are not what they were: change param_groups in place and nothing else.")


def _equal(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[key], second[key]) for key in first)
