import io
import re

import matplotlib.pyplot as plt
import pytest
import torch
from PIL import Image
from torch.optim.lr_scheduler import OneCycleLR, ReduceLROnPlateau, StepLR

from lrcourse import explore_adaptive, explore_descent, explore_schedule, explore_two_clocks, record, simulate
from lrcourse.explore_schedules import SCHEDULERS


def a_trace():
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.Adam(model.parameters())
    with record(model, optimizer) as trace:
        for _ in range(3):
            model(torch.ones(1, 2)).sum().backward()
            optimizer.step()
    return trace


EXPLORERS = {
    "two clocks": lambda: explore_two_clocks(a_trace()),
    "adaptive": explore_adaptive,
    "my gradients": lambda: explore_adaptive([1.0, -2.0, 0.5]),
    "descent": explore_descent,
    **{name: lambda cls=cls: explore_schedule(cls) for name, cls in SCHEDULERS.items()},
}


def other_values(control):
    """Return all values of a choice, and both ends of a slider."""
    if hasattr(control, "options"):
        return [option[1] if isinstance(option, tuple) else option for option in control.options]
    if hasattr(control, "base"):
        return [control.base**control.min, control.base**control.max]
    return [control.min, control.max] if hasattr(control, "min") else [not control.value]


@pytest.mark.parametrize("name", EXPLORERS)
def test_every_control_moves_the_picture_or_says_what_torch_says(name):
    open_before = plt.get_fignums()
    explorer = EXPLORERS[name]()
    for argument, control in list(explorer._controls.items()):
        if argument in ("kind", "milestones"):
            continue
        was, at_first = explorer._picture.value, control.value
        answers = []
        for value in other_values(control):
            control.value = value
            answers.append((explorer._picture.value, explorer._note.value))
        assert any(picture != was or "torch says" in note for picture, note in answers) or argument in NO_MATTER
        control.value = at_first
        assert explorer._picture.value == was
    assert Image.open(io.BytesIO(explorer._picture.value)).size == (720, 378)
    assert plt.get_fignums() == open_before


# What has no effect on the picture of the start: see the arguments of torch's schedulers.
NO_MATTER = {
    "which",  # the optimizer, where the momentum is not moved
    "lr",  # where the scheduler replaces it
    "gamma",  # of CyclicLR, in another mode
    "base_momentum",
    "max_momentum",
    "threshold_mode",
    "T_mult",
    "eps",
    "beta2",
}


@pytest.mark.parametrize("name", SCHEDULERS)
def test_the_call_below_the_picture_gives_the_curve(name):
    explorer = explore_schedule(SCHEDULERS[name], lr=0.2, steps=20)
    call = re.sub("<[^>]*>", "", explorer._note.value).replace("&#x27;", "'")
    metrics = [1.0] * 20 if name == "ReduceLROnPlateau" else None
    lrs = simulate(lambda optimizer: eval(call, {**SCHEDULERS, "optimizer": optimizer}), 20, lr=0.2, metrics=metrics)
    assert len(lrs) == 20
    if metrics is None:
        (line,) = explorer._figure.axes[0].lines
        assert list(line.get_ydata()) == pytest.approx(lrs)


def test_another_scheduler_brings_its_own_controls():
    explorer = explore_schedule(StepLR)
    explorer._controls["kind"].value = "OneCycleLR"
    assert "max_lr" in explorer._controls and "step_size" not in explorer._controls
    assert explorer._note.value.startswith("<code>OneCycleLR(optimizer, max_lr=")
    assert len(explorer._figure.axes) == 2  # the momentum, too


def test_what_torch_refuses_is_said_and_the_last_curve_stays():
    explorer = explore_schedule(OneCycleLR, steps=50)
    picture = explorer._picture.value
    explorer._controls["total_steps"].value = 30
    assert "torch says:</b> ValueError: Tried to step 31 times" in explorer._note.value
    assert explorer._picture.value == picture
    explorer._controls["total_steps"].value = 60
    assert "torch says" not in explorer._note.value and explorer._picture.value != picture


def test_milestones_are_typed():
    explorer = explore_schedule(SCHEDULERS["MultiStepLR"], lr=1.0, steps=10)
    explorer._controls["gamma"].value = 0.5
    explorer._controls["milestones"].value = "3 7"
    assert list(explorer._figure.axes[0].lines[0].get_ydata()) == [1.0] * 3 + [0.5] * 4 + [0.25] * 3
    explorer._controls["milestones"].value = "3, x"
    assert "ValueError" in explorer._note.value


def test_a_plateau_is_shown_with_the_loss_it_is_given():
    explorer = explore_schedule(ReduceLROnPlateau)
    assert explorer._figure.axes[1].get_ylabel() == "loss given"


def test_an_explorer_is_a_picture_with_words_where_nothing_can_be_moved():
    bundle = explore_descent()._repr_mimebundle_()
    assert "image/png" in bundle and bundle["text/plain"].startswith("An explorer: paths of four optimizers")


def test_what_the_adaptive_explorer_draws_is_what_torch_does():
    explorer = explore_adaptive([3.0, 4.0])
    explorer._controls["lr"].value = 0.5
    sgd, *_ = explorer._figure.axes[1].lines
    assert list(sgd.get_ydata()) == [0.5, 0.5]
    steps, *_ = explorer._figure.axes[2].lines
    assert list(steps.get_ydata()) == [1.5, 2.0]
