"""Code: each check accepts the right answer, refuses the usual wrong ones with a hint, and knows an empty one."""

import copy
import re

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

NOT_ANSWERED = "Not answered yet: replace the ... with your answer and run the cell again.\n"
LEFT_OVER = NOT_ANSWERED + "But your code did something: if the answer is there, remove the line with ... below it.\n"


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
        ({"steps": False}, "✗ Not yet. The model did not change"),  # but for what batch norm averages
        (None, "Not answered yet"),
    ],
)
def test_training_loop(change, start, data, capsys):
    big = data.train._replace(images=data.train.images.repeat(7, 1, 1, 1), labels=data.train.labels.repeat(7))
    data = type(data)(big, data.val, data.test, data.classes, data.source)
    answer = unanswered if change is None else lambda *args: loop(*args, **change)
    check_training_loop(answer, SmallCNN, data)
    assert said(capsys, start)


def test_a_training_loop_in_which_the_dots_were_left_is_told_to_remove_them(data, capsys):
    def left(*args):
        loop(*args)
        return ...

    check_training_loop(left, SmallCNN, data)
    assert capsys.readouterr().out == LEFT_OVER
    check_training_loop(unanswered, SmallCNN, data)
    check_training_loop(..., SmallCNN, data)
    assert capsys.readouterr().out == 2 * NOT_ANSWERED


def test_a_training_loop_must_train_the_weights_it_is_given(data, capsys):
    def on_a_copy(model, optimizer, data, generator):
        other = copy.deepcopy(model)
        loop(other, torch.optim.Adam(other.parameters(), lr=0.01), data, generator)

    check_training_loop(on_a_copy, SmallCNN, data)
    assert said(capsys, "✗ Not yet. The model did not change")
    check_training_loop(lambda *args: loop(*args) or loop(*args), SmallCNN, data)
    assert said(capsys, "✗ Not yet. The weights differ from fit's")


def test_while_a_wrong_loop_is_compared_with_slips_a_bar_is_shown(data, monkeypatch, capsys):
    monkeypatch.delenv("LRCOURSE_PROGRESS")
    check_training_loop(lambda *args: loop(*args) or loop(*args), SmallCNN, data)
    seen = capsys.readouterr()
    assert "looking for what is different" in seen.err and seen.out.startswith("✗ Not yet.")


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


@pytest.mark.parametrize("wrong", [2e-9, 1e-6, 1e-4, 0.1])
def test_effective_lrs_that_differ_in_late_digits_are_shown_with_so_many(wrong, capsys):
    check_effective_lr(lambda *args: rmsprop(*args) * (1 + wrong))
    there, yours = re.search(r"gradient is (\[.*\]), yours (\[.*\])\.", capsys.readouterr().out).groups()
    assert there != yours
    assert eval(yours) == pytest.approx([(1 + wrong) * number for number in eval(there)], rel=1e-3)


def test_without_eps_the_numbers_that_are_shown_differ(capsys):
    check_effective_lr(lambda *args: rmsprop(*args, no_eps=True))
    there, yours = re.search(r"gradient is (\[.*\]), yours (\[.*\])\.", capsys.readouterr().out).groups()
    assert there != yours


def test_an_effective_lr_may_be_of_32_bits(capsys):
    check_effective_lr(lambda *args: rmsprop(*args).float())
    assert said(capsys, "✓")
    check_effective_lr(lambda *args: rmsprop(*args).float() * 1.0001)
    assert said(capsys, "✗ Not yet. With {'lr': 0.01}, change / -gradient is")
    check_effective_lr(lambda *args: rmsprop(*args) * torch.tensor([1.0, torch.nan, 1.0]))
    assert "nan" in capsys.readouterr().out


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


def with_betas(optimizer):
    halve(optimizer)
    optimizer.param_groups[1]["betas"] = (0.5, 0.5)
    optimizer.param_groups[1]["eps"] = 1.0


def to_none(optimizer):
    optimizer.param_groups[0]["lr"] = None


def by_32_bits(optimizer):
    for group in optimizer.param_groups:
        group["lr"] = torch.tensor(group["lr"]) / 2


def by_a_scheduler(optimizer):
    torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: 0.5)  # which notes down the initial lr in the groups


def add_a_group(optimizer):
    halve(optimizer)
    optimizer.add_param_group({"params": [torch.nn.Parameter(torch.ones(1))], "lr": 0.2})


@pytest.mark.parametrize(
    "answer, words",
    [
        (by_32_bits, "✓ Right.\n"),
        (by_a_scheduler, "✓ Right.\n"),
        (with_betas, "✗ Not yet. Of the groups, betas and eps changed too: change the lr only.\n"),
        (to_none, "✗ Not yet. The groups had lr 0.4 and 0.02 and now have [None, 0.02]: halve every group's own.\n"),
        (add_a_group, "✗ Not yet. The groups had lr 0.4 and 0.02 and now have [0.2, 0.01, 0.2]: halve every group's"),
        (lambda optimizer: halve(optimizer) or ..., LEFT_OVER),
        (..., NOT_ANSWERED),
    ],
)
def test_halving_changes_the_lr_and_nothing_else(answer, words, capsys):
    check_halve_lr(answer)
    assert said(capsys, words)


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


@pytest.mark.parametrize("off", [2e-7, 1e-5])
def test_weights_that_differ_in_late_digits_are_shown_with_so_many(off, capsys):
    check_step(lambda weight, grad, state, lr: (weight - lr * grad) * (1 + off), torch.optim.SGD)
    there, yours = re.search(r"weight is (\[.*\]), yours (\[.*\])\.", capsys.readouterr().out).groups()
    assert there != yours


def test_a_step_may_be_of_32_bits(capsys):
    check_step(lambda weight, grad, state, lr: weight.float() - lr * grad.float(), torch.optim.SGD)
    assert said(capsys, "✓")


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


def does_not_train(optimizer, scheduler, epochs, batches, loss_of, *, how):
    for _ in range(epochs):
        if how == "zero_grad once an epoch":
            optimizer.zero_grad()
        for batch in range(batches):
            loss = loss_of(0 if how == "always batch 0" else batch)
            if how != "zero_grad never" and how != "zero_grad once an epoch" and how != "zero_grad late":
                optimizer.zero_grad()
            if how != "no backward":
                loss.backward()
            if how == "zero_grad late":
                optimizer.zero_grad()
            optimizer.step()
            if how == "the last batch twice" and batch == 3:
                loss_of(batch).backward()
        scheduler.step()


@pytest.mark.parametrize(
    "how, where, words",
    [
        (
            "no backward",
            "epoch 1, batch 1",
            "trains nothing: call backward() after zero_grad(), and step() after both.",
        ),
        ("zero_grad late", "epoch 1, batch 1", "trains nothing: call backward() after zero_grad()"),
        ("zero_grad never", "epoch 1, batch 2", "has the gradients of batches before it, too: call zero_grad()"),
        ("zero_grad once an epoch", "epoch 1, batch 2", "has the gradients of batches before it, too"),
        ("always batch 0", "epoch 1, batch 2", "has another gradient than that of its batch: call loss_of(batch)"),
    ],
)
def test_a_loop_that_does_not_train_as_it_should_is_not_right(how, where, words, capsys):
    check_loop(lambda *args: does_not_train(*args, how=how), lambda o: StepLR(o, 1, 0.5), per_batch=False)
    assert said(capsys, f"✗ Not yet. The lrs are right, but {where} {words}")


def test_a_loop_may_be_written_in_more_ways_than_one(capsys):
    def other(optimizer, scheduler, epochs, batches, loss_of):
        for step in range(epochs * batches):
            loss = loss_of(step % batches)
            loss_of(step % batches).item()  # only looked at
            optimizer.zero_grad(set_to_none=False)
            loss.backward()
            with torch.no_grad():
                optimizer.step()
            if step % batches == batches - 1:
                scheduler.step()

    for lr in (0.1, 0.5):
        check_loop(other, lambda o: StepLR(o, 1, 0.5), per_batch=False, lr=lr)
        check_loop(other, lambda o: StepLR(o, 1, 0.5), per_batch=True, lr=lr, batches=1)
        assert capsys.readouterr().out == 2 * "✓ Right.\n"


def test_a_loop_in_which_the_dots_were_left_is_told_to_remove_them(capsys):
    check_loop(lambda *args: my_loop(*args) or ..., lambda o: StepLR(o, 1, 0.5), per_batch=False)
    assert capsys.readouterr().out == LEFT_OVER
    check_loop(..., lambda o: StepLR(o, 1, 0.5), per_batch=False)
    assert capsys.readouterr().out == NOT_ANSWERED


def test_lrs_of_a_loop_that_differ_in_late_digits_are_shown_with_so_many(capsys):
    def changes(optimizer, *args):
        optimizer.param_groups[0]["lr"] *= 1 + 1e-8
        my_loop(optimizer, *args)

    check_loop(changes, lambda o: StepLR(o, 1, 0.5), per_batch=False)
    assert said(capsys, "✗ Not yet. Epoch 1, batch 1 is the first that goes wrong: lr 0.100000001, planned 0.1.")


CHECKS = {
    "training loop": lambda code, data: check_training_loop(code, SmallCNN, data),
    "effective lr": lambda code, data: check_effective_lr(code),
    "halve lr": lambda code, data: check_halve_lr(code),
    "step": lambda code, data: check_step(code, torch.optim.SGD),
    "loop": lambda code, data: check_loop(code, lambda o: StepLR(o, 1, 0.5), per_batch=False),
}


@pytest.mark.parametrize("name", CHECKS)
def test_an_error_in_the_learners_code_is_told_with_the_learners_lines_alone(name, data, capsys):
    def deeper():
        return torch.ones(2) @ torch.ones(3)

    def mine(*_):
        return deeper()

    CHECKS[name](mine, data)
    first, second, *lines = capsys.readouterr().out.splitlines()
    assert first.startswith("✗ Not yet. Your code stops with RuntimeError: ")
    assert second == "Your lines that lead there:"
    assert [line.split("in ")[1] for line in lines if line.startswith("  File")] == ["mine", "deeper"]
    assert any("torch.ones(2) @ torch.ones(3)" in line for line in lines)


@pytest.mark.parametrize("name", CHECKS)
def test_a_function_of_other_arguments_or_none_at_all_is_told(name, data, capsys):
    CHECKS[name](lambda: 1, data)
    out = capsys.readouterr().out
    assert out.startswith("✗ Not yet. Your code stops with TypeError: ") and out.count("\n") == 1
    CHECKS[name](None, data)
    assert said(capsys, "✗ Not yet. Give a function; None is a NoneType.")


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_what_is_to_stop_the_cell_stops_it(stop):
    def interrupted(*_):
        raise stop

    with pytest.raises(stop):
        check_halve_lr(interrupted)
