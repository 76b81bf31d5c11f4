"""Numbers, lists and schedules: each check knows right, typically wrong and empty answers."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas
import pytest
import torch
from cases import said
from torch.optim.lr_scheduler import StepLR

from lrcourse.lessons.answers import check_lr_per_epoch, check_number, check_schedule, check_steps_per_epoch

NOT_ANSWERED = "Not answered yet: replace the ... with your answer and run the cell again.\n"


@pytest.mark.parametrize("steps, last, right", [(63, 32, True), (62, 32, False), (63, 64, False), (62.5, 32, False)])
def test_steps_per_epoch(steps, last, right, capsys):
    check_steps_per_epoch(steps, last, images=4000, batch_size=64)
    assert said(
        capsys, "✓" if right else f"✗ Not yet. The {'size of the last batch' if steps == 63 else 'number of steps'} is"
    )
    check_steps_per_epoch(..., ..., images=4000, batch_size=64)
    assert said(capsys, "Not answered yet")


NUMBERS = [
    int,
    float,
    np.int64,
    np.float32,
    np.float64,
    torch.tensor,
    Fraction,
    Decimal,
    lambda n: np.array(float(n)),
    lambda n: torch.tensor(float(n), requires_grad=True),
    lambda n: pandas.Series([n]).iloc[0],
    lambda n: pandas.Series([float(n)]).mean(),
]


@pytest.mark.parametrize("kind", NUMBERS)
def test_a_number_counts_whoever_made_it(kind, capsys):
    check_steps_per_epoch(kind(63), kind(32), images=4000, batch_size=64)
    check_number(kind(63), lambda: 63)
    check_number(kind(63), lambda: kind(63))
    check_number(kind(63), lambda: 63.0)
    assert capsys.readouterr().out == "✓ Right.\n" * 4
    check_number(kind(62), lambda: 63, hints={62: "One less."})
    check_number(kind(64), lambda: 63)
    check_steps_per_epoch(kind(62), kind(64), images=4000, batch_size=64)
    one_less, more, steps = capsys.readouterr().out.splitlines()
    assert one_less == "✗ Not yet. One less." and more == "✗ Not yet. 64 is too large."
    assert steps.startswith("✗ Not yet. The number of steps is wrong: 4000 images do not divide by 64 without a rest")


NOT_NUMBERS = {
    "'63' is a str": "63",
    "None is a NoneType": None,
    "True is a bool": True,
    "[63] is a list": [63],
    "array([63, 63]) is a ndarray": np.array([63, 63]),
    "tensor([63]) is a Tensor": torch.tensor([63]),
    "(63+0j) is a complex": 63 + 0j,
    "is a type": int,
}


@pytest.mark.parametrize("words", NOT_NUMBERS)
def test_what_is_no_number_is_told_what_it_is(words, capsys):
    answer = NOT_NUMBERS[words]
    check_number(answer, lambda: 63)
    check_steps_per_epoch(answer, 32, images=4000, batch_size=64)
    check_steps_per_epoch(63, answer, images=4000, batch_size=64)
    for line in capsys.readouterr().out.splitlines():
        assert line.startswith("✗ Not yet. Give a number; ") and line.endswith(f"{words}.")


@pytest.mark.parametrize("nan", [math.nan, np.nan, np.float32("nan"), torch.tensor(math.nan), Decimal("nan")])
def test_nan_is_no_number(nan, capsys):
    check_number(nan, lambda: 63)
    check_steps_per_epoch(63, nan, images=4000, batch_size=64)
    assert capsys.readouterr().out.splitlines() == [
        "✗ Not yet. Your answer is nan, which is no number: look for the step that made it, such as 0 / 0.",
        "✗ Not yet. The size of the last batch is nan, which is no number: look for the step that made it, such as"
        " 0 / 0.",
    ]
    check_number(math.inf, lambda: 63)
    assert said(capsys, "✗ Not yet. inf is too large.")


def test_batches_without_a_rest_are_not_said_to_leave_one(capsys):
    check_steps_per_epoch(2, 2, images=6, batch_size=3)
    assert said(capsys, "✗ Not yet. The size of the last batch is wrong: 6 images divide by 3 without a rest.")


def test_a_whole_number_given_as_a_float_must_be_exact_too(capsys):
    check_number(1915.0, lambda: 1915)
    check_number(1914.0, lambda: 1915)
    assert capsys.readouterr().out == "✓ Right.\n✗ Not yet. 1914 is too small.\n"


@pytest.mark.parametrize(
    "answer",
    [
        (1.0, 1.0, 0.1),
        np.array([1.0, 1.0, 0.1]),
        np.array([1.0, 1.0, 0.1], dtype=np.float32),
        torch.tensor([1.0, 1.0, 0.1]),
        pandas.Series([1.0, 1.0, 0.1]),
        [np.float32(1), torch.tensor(1.0), np.float32(0.1)],
        [1, Fraction(1), Decimal("0.1")],
    ],
    ids=lambda answer: type(answer).__name__,
)
def test_a_list_of_lrs_counts_whoever_made_it(answer, capsys):
    check_lr_per_epoch(answer, lambda o: StepLR(o, 2, 0.1), lr=1.0, epochs=3)
    assert said(capsys, "✓")


@pytest.mark.parametrize(
    "answer, words",
    [
        ([1, ..., 0.1], NOT_ANSWERED + "The lr of epoch 2 is still missing.\n"),
        ([1, 1, ...], NOT_ANSWERED + "The lr of epoch 3 is still missing.\n"),
        ([1, math.nan, ...], "✗ Not yet. Epoch 2: The lr of epoch 2 is nan, which is no number: look for"),
        ([1, "1", 0.1], "✗ Not yet. Epoch 2: Give a number; '1' is a str."),
        ([1, [1], 0.1], "✗ Not yet. Epoch 2: Give a number; [1] is a list."),
        ([1, None, 0.1], "✗ Not yet. Epoch 2: Give a number; None is a NoneType."),
        ("1 1", "✗ Not yet. Give a list of 3 numbers, one for each epoch; yours is a str."),
        ({1: 1, 2: 1, 3: 0.1}, "✗ Not yet. Give a list of 3 numbers, one for each epoch; yours is a dict."),
        (None, "✗ Not yet. Give a list of 3 numbers, one for each epoch; yours is a NoneType."),
        (np.ones(2), "✗ Not yet. Give a list of 3 numbers, one for each epoch; yours has 2."),
        (torch.ones(()), "✗ Not yet. Give a list of 3 numbers, one for each epoch; yours is a Tensor."),
        ([1, 1, 0.1000002], "✗ Not yet. Epoch 3 is the first that is wrong."),
        (np.array([1, 1, 0.1000002], dtype=np.float32), "✗ Not yet. Epoch 3 is the first that is wrong."),
        ([1, 1, -0.1], "✗ Not yet. Epoch 3 is the first that is wrong."),
    ],
    ids=str,
)
def test_a_list_of_lrs_that_is_none_or_half_filled_is_told_what_lacks(answer, words, capsys):
    check_lr_per_epoch(answer, lambda o: StepLR(o, 2, 0.1), lr=1.0, epochs=3)
    assert said(capsys, words)


@pytest.mark.parametrize(
    "answer, start",
    [
        ([1, 1, 0.1, 0.1, 0.01], "✓"),
        ([1, 0.1, 0.1, 0.01, 0.01], "✗ Not yet. Epoch 2 is the first that is wrong"),
        ([1, 1, 1, 0.1, 0.1], "✗ Not yet. Epoch 3"),
        ([1, 1], "✗ Not yet. Give a list of 5 numbers"),
        (0.1, "✗ Not yet. Give a list of 5 numbers"),
        (..., "Not answered yet"),
    ],
)
def test_lr_per_epoch(answer, start, capsys):
    check_lr_per_epoch(answer, lambda o: StepLR(o, 2, 0.1), lr=1.0, epochs=5)
    assert said(capsys, start)


@pytest.mark.parametrize(
    "answer, start",
    [
        (2.0, "✓"),
        (2.01, "✓"),
        (3, "✗ Not yet. That is the other one."),
        (2.5, "✗ Not yet. 2.5 is too large."),
        (-2, "✗ Not yet. -2 is too small."),
        ("2", "✗ Not yet. Give a number; '2' is a str."),
        (True, "✗ Not yet. Give a number; True is a bool."),
        (..., "Not answered yet"),
    ],
)
def test_number(answer, start, capsys):
    check_number(answer, lambda: 2, hints={3: "That is the other one."})
    assert said(capsys, start)


def test_a_whole_number_that_is_off_by_one_is_wrong(capsys):
    check_number(1915, lambda: 1915)
    assert said(capsys, "✓")
    check_number(1914, lambda: 1915, hints={1916: "Not this one."})
    assert said(capsys, "✗ Not yet. 1914 is too small.")


@pytest.mark.parametrize(
    "answer, start",
    [
        (lambda o: StepLR(o, 2, 0.5), "✓"),
        (
            lambda o: StepLR(o, 1, 0.5),
            "✗ Not yet. Step 2 would use lr 0.05, wanted is 0.1; the steps before it are right.",
        ),
        (lambda o: StepLR(o), "✗ Not yet. TypeError:"),
        (lambda o: None, "✗ Not yet. TypeError: make_scheduler must take an optimizer and return a scheduler"),
        (lambda o: ..., "Not answered yet"),
        (..., "Not answered yet"),
    ],
)
def test_schedule(answer, start, capsys):
    check_schedule(answer, [0.1, 0.1, 0.05, 0.05])
    assert said(capsys, start)


def test_lrs_that_differ_in_late_digits_are_shown_with_so_many(capsys):
    check_schedule(lambda o: StepLR(o, 1, 0.5 * (1 + 2e-6)), [0.1, 0.05])
    assert said(capsys, "✗ Not yet. Step 2 would use lr 0.0500001, wanted is 0.05; the steps before it are right.")
    check_schedule(lambda o: StepLR(o, 1, 0.5), [0.1, 0.05 * (1 + 1.1e-6)])
    assert said(capsys, "✗ Not yet. Step 2 would use lr 0.05, wanted is 0.0500001; the steps before it are right.")


def misspelled(optimizer):
    return StepLR(optimiser, 2)  # noqa: F821


def test_an_error_of_the_learners_own_is_told_with_the_line_it_is_in(capsys):
    check_schedule(misspelled, [0.1, 0.1])
    first, second, *lines = capsys.readouterr().out.splitlines()
    assert first == "✗ Not yet. NameError: name 'optimiser' is not defined"
    assert second == "Your lines that lead there:"
    assert lines[0].endswith("in misspelled") and "StepLR(optimiser, 2)" in lines[1]
    assert sum("File" in line for line in lines) == 1


def test_an_error_of_torch_is_told_in_its_words_alone(capsys):
    check_schedule(lambda o: StepLR(o, 2, last_epoch=3), [0.1, 0.1])
    out = capsys.readouterr().out
    assert out.startswith("✗ Not yet. KeyError: ") and "Your lines" not in out


def test_a_zero_that_was_rounded_is_a_zero(capsys):
    check_schedule(lambda o: torch.optim.lr_scheduler.LambdaLR(o, lambda t: 1e-17 if t else 1.0), [0.1, 0.0])
    assert said(capsys, "✓")
