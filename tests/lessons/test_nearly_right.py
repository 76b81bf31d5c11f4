"""A check tells right from wrong also where they nearly agree, counts what it should, and says what helps."""

import copy

import pytest
import torch
from cases import said
from torch.optim.lr_scheduler import ExponentialLR, StepLR

from lrcourse import predict
from lrcourse.base import memory
from lrcourse.lessons import (
    check_effective_lr,
    check_halve_lr,
    check_loop,
    check_lr_per_epoch,
    check_number,
    check_schedule,
    check_step,
    check_steps_per_epoch,
    predictions,
)


@pytest.mark.parametrize(
    "answer, right, start",
    [
        (2, 2.01, "✓"),  # one of them is not whole, so to 1 %
        (2.01, 2, "✓"),
        (2, 2.03, "✗ Not yet. 2 is too small."),
        (1000, 1001, "✗ Not yet. 1000 is too small."),  # both whole
        (0.0, 0.0, "✓"),
        (1e-9, 0.0, "✗ Not yet. 1e-09 is too large."),
        (0.0, 1e-9, "✗ Not yet. 0 is too small."),
        (-1.0, 1.0, "✗ Not yet. -1 is too small."),
        (0.0, 1e-13, "✓"),  # rounding, where nothing was to be left
        (1e-13, 0.0, "✓"),
    ],
)
def test_a_number_is_right_to_one_percent_and_a_whole_one_exactly(answer, right, start, capsys):
    check_number(answer, lambda: right)
    assert said(capsys, start)


def test_a_hint_belongs_to_its_own_wrong_number_and_the_first_that_fits_is_told(capsys):
    hints = {4: "Four.", 3.0: "Three.", 3.001: "Nearly three."}
    for answer, start in [(4, "✗ Not yet. Four."), (3, "✗ Not yet. Three."), (5, "✗ Not yet. 5 is too large.")]:
        check_number(answer, lambda: 2, hints=hints)
        assert said(capsys, start)


def test_one_of_two_answers_is_not_enough(capsys):
    for steps, last in [(..., 1), (2, ...)]:
        check_steps_per_epoch(steps, last, images=4, batch_size=3)
        assert said(capsys, "Not answered yet")
    check_steps_per_epoch(2, 3, images=6, batch_size=3)
    assert said(capsys, "✓")


def test_a_list_of_lrs_is_right_to_rounding_alone(capsys):
    def check(*lrs):
        check_lr_per_epoch(list(lrs), lambda o: StepLR(o, 1, 0.1), lr=1.0, epochs=3)

    check(1.0, 0.1, 0.1 * 0.1)
    assert said(capsys, "✓")
    check(1.0, 0.1, 0.01 * (1 + 1e-7))
    assert said(capsys, "✗ Not yet. Epoch 3 is the first that is wrong. Count the calls of step()")
    check(2.0, 0.1, 0.01)
    assert said(capsys, "✗ Not yet. Epoch 1 is the first that is wrong")


@pytest.mark.parametrize("options", [{"lr": 0.4}, {"lr": 0.4, "optimizer": torch.optim.Adam}])
def test_a_schedule_is_checked_at_the_lr_it_is_wanted_at(options, capsys):
    check_schedule(lambda o: StepLR(o, 2, 0.5), [0.4, 0.4, 0.2], **options)
    assert said(capsys, "✓")
    check_schedule(lambda o: StepLR(o, 2, 0.5 * (1 + 1e-5)), [0.4, 0.4, 0.2], **options)
    assert said(capsys, "✗ Not yet. Step 3 would use lr 0.200002, wanted is 0.2; the steps before it are right.")
    check_schedule(lambda o: StepLR(o, 2, 0.5), [0.1, 0.4, 0.2], **options)
    assert said(capsys, "✗ Not yet. Step 1 would use lr 0.4, wanted is 0.1")


def test_a_schedule_may_be_driven_by_metrics_and_belongs_to_an_optimizer(capsys):
    def plateau(o):
        assert isinstance(o, torch.optim.Optimizer) and "betas" in o.param_groups[0]
        return torch.optim.lr_scheduler.ReduceLROnPlateau(o, factor=0.5, patience=0)

    check_schedule(plateau, [0.1, 0.1, 0.05], optimizer=torch.optim.Adam, metrics=[1.0, 2.0, 3.0])
    assert said(capsys, "✓")


def rmsprop(optimizer, param, **fixed):
    group = {**optimizer.param_groups[0], **fixed}
    return group["lr"] / (optimizer.state[param]["square_avg"].sqrt() + group["eps"])


@pytest.mark.parametrize(
    "answer",
    [
        lambda *args: rmsprop(*args, lr=0.01),  # right at the settings that are tried first
        lambda *args: rmsprop(*args, eps=1e-8),
        lambda *args: rmsprop(*args) * (1 + 1e-6),
        lambda *args: rmsprop(*args)[:1],
        lambda *args: rmsprop(*args).tolist(),
    ],
    ids=["an lr of its own", "an eps of its own", "rounded", "one of them", "a list"],
)
def test_an_effective_lr_that_holds_for_one_setting_or_nearly_is_wrong(answer, capsys):
    check_effective_lr(answer)
    assert said(capsys, "✗ Not yet. ")


def test_the_learners_function_may_work_on_weights_that_want_gradients(capsys):
    check_effective_lr(lambda optimizer, param: rmsprop(optimizer, param) + 0 * param)
    assert said(capsys, "✓")


def zero_the_averages(optimizer):
    for group in optimizer.param_groups:
        group["lr"] /= 2
        for param in group["params"]:
            for value in optimizer.state[param].values():
                value.zero_()


def forget_one(optimizer):
    for group in optimizer.param_groups:
        group["lr"] /= 2
    del optimizer.state[optimizer.param_groups[1]["params"][0]]


def move_the_second(optimizer):
    for group in optimizer.param_groups:
        group["lr"] /= 2
    optimizer.state[optimizer.param_groups[1]["params"][0]]["exp_avg"] *= 2


@pytest.mark.parametrize("change", [zero_the_averages, forget_one, move_the_second])
def test_the_averages_are_compared_and_not_only_their_names(change, capsys):
    check_halve_lr(change)
    assert said(
        capsys, "✗ Not yet. The averages are not what they were: change param_groups in place and nothing else."
    )


def sgd_until(step, off):
    """Return a step of SGD that is off from the step with this number on."""
    made = []

    def my_step(weight, grad, state, lr):
        made.append(lr)
        return (weight - lr * grad) * (1 if len(made) < step else 1 + off)

    return my_step


@pytest.mark.parametrize(
    "step, start",
    [
        (1, "✗ Not yet. After step 1 torch's weight"),
        (2, "✗ Not yet. The first step agrees. After step 2 torch's weight"),
        (3, "✗ Not yet. The first 2 steps agree. After step 3 torch's weight"),
        (4, "✗ Not yet. The first 3 steps agree. After step 4 torch's weight"),
        (9, "✓"),
    ],
)
@pytest.mark.parametrize("off", [0.5, 1e-6])
def test_a_step_is_compared_at_each_step_to_rounding(step, start, off, capsys):
    check_step(sgd_until(step, off), torch.optim.SGD)
    assert said(capsys, start)


def test_a_step_is_given_its_lr_and_a_gradient_of_its_own(capsys):
    lrs = []

    def my_step(weight, grad, state, lr):
        lrs.append(lr)
        new = weight - lr * grad
        grad.zero_()  # which must not reach torch's optimizer
        return new

    check_step(my_step, torch.optim.SGD, lrs=[0.1, 0.2, 0.3])
    assert said(capsys, "✓") and lrs == [0.1, 0.2, 0.3]
    lrs.clear()
    check_step(my_step, torch.optim.SGD)
    assert lrs == [0.1] * 8


def loop(optimizer, scheduler, epochs, batches, loss_of, early=False):
    for epoch in range(epochs):
        for batch in range(batches):
            if early and epoch == batch == 0:
                scheduler.step()
            optimizer.zero_grad()
            loss_of(batch).backward()
            optimizer.step()
        scheduler.step()


def test_what_torch_warns_of_is_told_where_the_lrs_are_right(capsys):
    def late(optimizer):
        return StepLR(optimizer, 100)

    check_loop(loop, late, per_batch=False)
    assert said(capsys, "✓")
    check_loop(lambda *args: loop(*args, early=True), late, per_batch=False)
    assert said(capsys, "✗ Not yet. torch warns: Detected call of `lr_scheduler.step()` before `optimizer.step()`")


def test_a_loop_is_checked_at_the_lr_and_size_it_is_called_with(capsys):
    seen = []

    def watched(optimizer, scheduler, epochs, batches, loss_of):
        seen.append((optimizer.param_groups[0]["lr"], epochs, batches))
        loop(optimizer, scheduler, epochs, batches, loss_of)

    check_loop(watched, lambda o: ExponentialLR(o, 0.5), per_batch=False, lr=0.3, epochs=2, batches=5)
    assert said(capsys, "✓") and seen == [(0.3, 2, 5)]
    check_loop(loop, lambda o: ExponentialLR(o, 0.5), per_batch=True, lr=0.3, epochs=2, batches=5)
    assert said(capsys, "✗ Not yet. Epoch 1, batch 2 is the first that goes wrong: lr 0.3, planned 0.15.")


def test_an_lr_that_goes_wrong_late_is_placed(capsys):
    def forgets(optimizer, scheduler, epochs, batches, loss_of):
        for epoch in range(epochs):
            for batch in range(batches):
                loss_of(batch).backward()
                if (epoch, batch) == (1, 2):
                    optimizer.param_groups[0]["lr"] *= 1 + 1e-8
                optimizer.step()
            scheduler.step()

    check_loop(forgets, lambda o: StepLR(o, 1, 0.5), per_batch=False)
    assert said(capsys, "✗ Not yet. Epoch 2, batch 3 is the first that goes wrong: lr 0.050000001, planned 0.05.")


@pytest.fixture
def session(monkeypatch):
    monkeypatch.setattr(memory, "_here", {kind: {} for kind in memory.KINDS})


def test_only_what_was_predicted_and_measured_is_counted(session, capsys):
    first, second, third = (predict(f"Question {i}?", ["this", "that"]) for i in range(3))
    for prediction, choice in ((first, "this"), (second, "that")):
        _, radio, commit, *_ = predictions._buttons(prediction).children
        radio.value = choice
        commit.click()
    third.check("this")  # measured and not predicted
    capsys.readouterr()
    first.check("this")  # of the second nothing is measured yet
    assert capsys.readouterr().out == "You predicted it: this\nSo far you predicted 1 of 1.\n"
    second.check("this")
    assert capsys.readouterr().out.endswith("So far you predicted 1 of 2.\n")


def test_the_question_and_the_choices_stand_above_the_button_as_they_were_written(session):
    prediction = predict("Is 1 < 2 & 2 > 1?", ["yes, <b>surely</b>", "no"])
    question, radio, commit, note, _ = predictions._buttons(prediction).children
    assert question.value == '<b class="lrcourse-question">Is 1 &lt; 2 &amp; 2 &gt; 1?</b>'
    assert list(radio.options) == prediction.choices and radio.value is None
    assert commit.description == "This is my prediction"
    assert {one.layout.width for one in (radio, commit)} == {"max-content"}
    assert note.value == "Choose, then commit. Run the next cells to see."
    assert list(note._dom_classes) == ["lrcourse-said"]  # by which a screen reader is told
    radio.value = "yes, <b>surely</b>"
    commit.click()
    prediction.check("no")
    again = predictions._buttons(copy.copy(prediction)).children
    assert again[1].value == "yes, <b>surely</b>"
    assert "✗ Measured: no. Read on to see why." in again[3].value


def test_an_lr_of_0_and_a_rounded_one_are_right(capsys):
    check_lr_per_epoch([0.1, 0.0, 0.0], lambda o: StepLR(o, 1, 0.0), lr=0.1, epochs=3)
    assert said(capsys, "✓")
    check_schedule(lambda o: StepLR(o, 1, 1 / 3), [0.1, 0.03333333, 0.01111111])
    assert said(capsys, "✓")


def test_a_wrong_step_is_told_with_the_numbers_of_both(capsys):
    check_step(
        lambda weight, grad, state, lr: weight, lambda params: torch.optim.SGD(params, momentum=0.9), lrs=[0.0, 1.0]
    )
    param = torch.nn.Parameter(torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64))
    optimizer, generator = torch.optim.SGD([param], lr=0.0, momentum=0.9), torch.Generator().manual_seed(0)
    for lr in (0.0, 1.0):
        optimizer.param_groups[0]["lr"] = lr
        param.grad = torch.randn(3, dtype=torch.float64, generator=generator) * torch.tensor([1.0, 10.0, 0.1])
        optimizer.step()
    there = [round(value, 5) for value in param.tolist()]
    assert capsys.readouterr().out == (
        f"✗ Not yet. The first step agrees. After step 2 torch's weight is {there}, yours [1.0, -2.0, 0.5].\n"
    )


@pytest.mark.parametrize(
    "check",
    [
        lambda: check_step(lambda weight, grad, state, lr: weight, torch.optim.SGD),
        lambda: check_effective_lr(lambda optimizer, param: torch.ones_like(param)),
        lambda: check_halve_lr(lambda optimizer: None),
        lambda: check_loop(loop, lambda o: StepLR(o, 1, 0.5), per_batch=True),
        lambda: check_lr_per_epoch([1, 1], lambda o: StepLR(o, 1, 0.5), lr=1.0, epochs=2),
    ],
)
def test_a_check_says_the_same_each_time_and_draws_nothing_from_the_global_generator(check, capsys):
    torch.manual_seed(3)
    state, texts = torch.get_rng_state(), []
    for _ in range(2):
        check()
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1] and texts[0].startswith("✗ Not yet. ")
    assert torch.equal(torch.get_rng_state(), state)


def test_in_a_notebook_the_buttons_are_shown_and_elsewhere_the_question_as_text(session, monkeypatch, capsys):
    shown = []
    monkeypatch.setattr("IPython.get_ipython", lambda: object())
    monkeypatch.setattr("IPython.display.display", lambda bundle, **how: shown.append((bundle, how)))
    prediction = predict("Which?", ["this", "that"])
    ((bundle, how),) = shown
    assert how == {"raw": True} and bundle["text/plain"] == str(prediction) == "Which?\n  ( ) this\n  ( ) that"
    assert "application/vnd.jupyter.widget-view+json" in bundle and capsys.readouterr().out == ""
