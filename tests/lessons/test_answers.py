"""Numbers, lists and schedules: each check knows right, typically wrong and empty answers."""

import pytest
from cases import said
from torch.optim.lr_scheduler import StepLR

from lrcourse.lessons.answers import check_lr_per_epoch, check_number, check_schedule, check_steps_per_epoch


@pytest.mark.parametrize("steps, last, right", [(63, 32, True), (62, 32, False), (63, 64, False), (62.5, 32, False)])
def test_steps_per_epoch(steps, last, right, capsys):
    check_steps_per_epoch(steps, last, images=4000, batch_size=64)
    assert said(
        capsys, "✓" if right else f"✗ Not yet. The {'size of the last batch' if steps == 63 else 'number of steps'} is"
    )
    check_steps_per_epoch(..., ..., images=4000, batch_size=64)
    assert said(capsys, "Not answered yet")


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
