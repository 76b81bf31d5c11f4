"""Code: each check accepts the right answer, refuses the usual wrong ones with a hint, and knows an empty one."""

import pytest
import torch
import torch.nn.functional as F
from cases import said
from torch.optim.lr_scheduler import StepLR

from lrcourse import SmallCNN
from lrcourse.lessons.exercises import (
    check_effective_lr,
    check_halve_lr,
    check_loop,
    check_step,
    check_training_loop,
)


def unanswered(*_):
    return ...


def loop(model, optimizer, data, generator, *, train=True, clear=True, shuffle=True, steps=True):
    model.train(train)
    count = len(data.train.labels)
    order = torch.randperm(count, generator=generator) if shuffle else torch.arange(count)
    for batch in order.split(128):
        if clear:
            optimizer.zero_grad()
        F.cross_entropy(model(data.train.images[batch]), data.train.labels[batch]).backward()
        if steps:
            optimizer.step()


@pytest.mark.parametrize(
    "change, start",
    [
        ({}, "✓"),
        ({"train": False}, "✗ Not yet. Your weights are those of a loop without model.train()"),
        ({"clear": False}, "✗ Not yet. Your weights are those of a loop without zero_grad()"),
        ({"shuffle": False}, "✗ Not yet. Your weights are those of a loop that does not draw the order"),
        ({"clear": False, "shuffle": False}, "✗ Not yet. The weights differ from fit's"),
        ({"steps": False, "train": False}, "✗ Not yet. The model did not change"),
        (None, "Not answered yet"),
    ],
)
def test_training_loop(change, start, data, capsys):
    big = data.train._replace(images=data.train.images.repeat(7, 1, 1, 1), labels=data.train.labels.repeat(7))
    data = type(data)(big, data.val, data.test, data.classes, data.source)
    answer = unanswered if change is None else lambda *args: loop(*args, **change)
    check_training_loop(answer, SmallCNN, data)
    assert said(capsys, start)


def rmsprop(optimizer, param, *, eps_inside=False, no_eps=False):
    group, average = optimizer.param_groups[0], optimizer.state[param]["square_avg"]
    if eps_inside:
        return group["lr"] / (average + group["eps"]).sqrt()
    return group["lr"] / (average.sqrt() + (0 if no_eps else group["eps"]))


@pytest.mark.parametrize(
    "answer, start",
    [
        (rmsprop, "✓"),
        (lambda *a: rmsprop(*a, eps_inside=True), "✗ Not yet. With"),
        (lambda *a: rmsprop(*a, no_eps=True), "✗ Not yet. With"),
        (lambda optimizer, param: optimizer.param_groups[0]["lr"], "✗ Not yet. Return a tensor"),
        (unanswered, "Not answered yet"),
    ],
)
def test_effective_lr(answer, start, capsys):
    check_effective_lr(answer)
    assert said(capsys, start)


def halve(optimizer):
    for group in optimizer.param_groups:
        group["lr"] /= 2


def halve_the_first(optimizer):
    optimizer.param_groups[0]["lr"] /= 2


def set_all_to_one(optimizer):
    for group in optimizer.param_groups:
        group["lr"] = 0.2


def forget(optimizer):
    halve(optimizer)
    optimizer.state.clear()


def start_anew(optimizer):
    halve(optimizer)
    optimizer.load_state_dict(torch.optim.Adam(optimizer.param_groups).state_dict())


@pytest.mark.parametrize(
    "answer, start",
    [
        (halve, "✓"),
        (halve_the_first, "✗ Not yet. The groups had lr 0.4 and 0.02 and now have [0.2, 0.02]"),
        (set_all_to_one, "✗ Not yet. The groups had"),
        (forget, "✗ Not yet. The averages are not what they were"),
        (start_anew, "✗ Not yet. The averages are not what they were"),
        (unanswered, "Not answered yet"),
    ],
)
def test_halve_lr(answer, start, capsys):
    check_halve_lr(answer)
    assert said(capsys, start)


def momentum(weight, grad, state, lr, *, papers=False, forget=False):
    if papers:
        state["v"] = 0.9 * state.get("v", 0) + lr * grad
        return weight - state["v"]
    state["v"] = grad if forget else 0.9 * state.get("v", 0) + grad
    return weight - lr * state["v"]


@pytest.mark.parametrize(
    "answer, start",
    [
        (momentum, "✓"),
        (lambda *args: momentum(*args, forget=True), "✗ Not yet. The first step agrees. After step 2 torch's weight"),
        (lambda *args: momentum(*args, papers=True), "✗ Not yet. The first 4 steps agree. After step 5 torch's weight"),
        (lambda weight, grad, state, lr: weight + lr * grad, "✗ Not yet. After step 1 torch's weight"),
        (lambda weight, grad, state, lr: None, "✗ Not yet. Return the new weight, a tensor of shape (3,)"),
        (unanswered, "Not answered yet"),
    ],
)
def test_step(answer, start, capsys):
    check_step(answer, lambda params: torch.optim.SGD(params, momentum=0.9), lrs=[0.1] * 4 + [0.01] * 2)
    assert said(capsys, start)


def my_loop(optimizer, scheduler, epochs, batches, loss_of, *, per="epoch", before=False, skip=False):
    for _ in range(epochs):
        for batch in range(batches):
            optimizer.zero_grad()
            loss_of(batch).backward()
            if before:
                scheduler.step()
            if not (skip and batch == 0):
                optimizer.step()
            if per == "batch" and not before:
                scheduler.step()
        if per == "epoch" and not before:
            scheduler.step()


@pytest.mark.parametrize(
    "options, per_batch, start",
    [
        ({}, False, "✓"),
        ({"per": "batch"}, True, "✓"),
        ({"per": "batch"}, False, "✗ Not yet. Epoch 1, batch 2 is the first that goes wrong: lr 0.05, planned 0.1."),
        ({}, True, "✗ Not yet. Epoch 1, batch 2 is the first that goes wrong: lr 0.1, planned 0.05."),
        ({"per": "batch", "before": True}, True, "✗ Not yet. Epoch 1, batch 1 is the first that goes wrong: lr 0.05"),
        ({"skip": True}, False, "✗ Not yet. The loop made 9 optimizer steps; 3 x 4 were wanted."),
        (None, False, "Not answered yet"),
    ],
)
def test_loop(options, per_batch, start, capsys):
    answer = unanswered if options is None else lambda *args: my_loop(*args, **options)
    check_loop(answer, lambda o: StepLR(o, 1, 0.5), per_batch=per_batch)
    assert said(capsys, start)
