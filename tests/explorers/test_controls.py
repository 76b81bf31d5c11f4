"""What a slider shows is what is drawn; what it is given it can hold, or it says that it cannot."""

import html
import math
import random
import re

import ipywidgets as widgets
import numpy as np
import pytest
import torch
from test_explore import EXPLORERS, call, chooser, curve, starts_at_a_place

from lrcourse import explore_adaptive, explore_descent, explore_schedule, simulate
from lrcourse.explorers.controls import MOST_DIGITS, log_slider, slider
from lrcourse.explorers.schedules import SCHEDULERS


def shown(control):
    """Return the number that stands beside a slider."""
    return float(format(control.value, control.readout_format))


def drawn_with(explorer, monkeypatch):
    """Return the list of arguments that the picture is drawn with from now on."""
    seen, draw = [], explorer._draw
    monkeypatch.setattr(explorer, "_draw", lambda **arguments: seen.append(arguments) or draw(**arguments))
    return seen


@pytest.mark.parametrize("name", EXPLORERS)
def test_the_value_that_a_slider_shows_is_the_one_that_is_drawn(name, monkeypatch):
    explorer = EXPLORERS[name]()
    seen, choose = drawn_with(explorer, monkeypatch), random.Random(0)
    for argument, control in explorer.controls.items():
        if isinstance(control, (widgets.FloatSlider, widgets.FloatLogSlider)):
            low, high = control.min, control.max
            for _ in range(3):
                value = choose.uniform(low, high)  # as a number that is typed, between two places
                control.value = control.base**value if hasattr(control, "base") else value
                assert seen[-1][argument] == shown(control)
        elif isinstance(control, widgets.IntSlider) and control.max > control.min:
            control.value = control.min if control.value != control.min else control.max
            assert seen[-1][argument] == control.value
        elif isinstance(control, widgets.Checkbox):
            control.value = not control.value
            assert seen[-1][argument] is control.value


@pytest.mark.parametrize("name", SCHEDULERS)
def test_the_call_holds_the_numbers_that_the_sliders_show(name):
    explorer = explore_schedule(SCHEDULERS[name], lr=0.0123)
    words = html.unescape(explorer._note.value)
    for argument, control in explorer.controls.items():
        if isinstance(control, (widgets.FloatSlider, widgets.FloatLogSlider)) and argument != "lr":
            assert f"{argument}={shown(control)!r}" in words
        elif isinstance(control, widgets.IntSlider) and argument not in ("milestone", "steps_per_epoch"):
            assert f"{argument}={control.value}" in words


@pytest.mark.parametrize("lr", [50, 1e-7, 0.1, 0.0123, 0.123456, 10, 12.5, np.float64(3e-6), torch.tensor(0.25)])
@pytest.mark.parametrize("name", ["StepLR", "OneCycleLR", "CyclicLR", "SWALR"])
def test_a_slider_makes_room_for_the_lr_it_is_given(name, lr):
    explorer = explore_schedule(SCHEDULERS[name], lr=lr, steps=10)
    control = explorer.controls["lr"]
    assert shown(control) == control.value == float(lr)
    assert 10**control.min <= control.value <= 10**control.max
    assert control.min <= -4 and control.max >= 1
    starts_at_a_place(control)
    assert curve(explorer) == pytest.approx(simulate(call(explorer), 10, lr=float(lr)))
    for argument, share in {"max_lr": 1, "base_lr": 0.1, "swa_lr": 0.1}.items():
        if argument in explorer.controls:
            assert shown(explorer.controls[argument]) == pytest.approx(share * float(lr), rel=1e-5)


def test_the_lrs_of_another_scheduler_follow_the_lr_that_is_shown():
    explorer = explore_schedule()
    explorer.controls["lr"].value = 10**-1.05
    chooser(explorer, "scheduler").value = "OneCycleLR"
    assert explorer.controls["max_lr"].value == 0.089 and "max_lr=0.089," in explorer._note.value
    chooser(explorer, "and a second").value = "SWALR"
    assert explorer.controls["2nd: swa_lr"].value == pytest.approx(0.0089)


def test_of_an_lr_of_many_digits_six_are_shown_and_used():
    explorer = explore_schedule(lr=1 / 3, steps=2)
    assert curve(explorer)[0] == shown(explorer.controls["lr"]) == 0.333333
    explorer = explore_schedule(lr=0.1)
    explorer.controls["lr"].value = 10**-1.05
    assert curve(explorer)[0] == shown(explorer.controls["lr"]) == 0.089


@pytest.mark.parametrize("lr", [0, 0.0, -1, math.nan, math.inf, "0.1", None, True, [0.1]])
def test_an_lr_without_a_place_on_a_logarithmic_slider_is_refused(lr):
    with pytest.raises(ValueError, match="optimizer's lr must be (above 0|a finite number from 0), got "):
        explore_schedule(lr=lr)


@pytest.mark.parametrize("lr", [50, 1e-7])
@pytest.mark.parametrize("steps", [1, 2, 3, 7, 5000])
def test_any_number_of_steps_can_be_drawn_of_every_scheduler(steps, lr):
    for name in SCHEDULERS if steps < 10 else ["OneCycleLR", "CosineAnnealingLR", "MultiStepLR"]:
        explorer = explore_schedule(SCHEDULERS[name], lr=lr, steps=steps)
        assert "Not possible" not in explorer._note.value
        assert len(curve(explorer)) == steps
        for control in explorer.controls.values():
            if isinstance(control, widgets.IntSlider):
                assert control.min <= control.value <= control.max
    if steps == 5000:
        assert explore_schedule(SCHEDULERS["OneCycleLR"], steps=steps).controls["total_steps"].value == 5000


@pytest.mark.parametrize("steps", [0, -1, 2.5, "10", None, True])
def test_steps_are_a_whole_number(steps):
    with pytest.raises(ValueError, match="steps must be a whole number from 1, got"):
        explore_schedule(steps=steps)
    if steps != 0:
        with pytest.raises(ValueError, match="steps_per_epoch must be a whole number from 0, got"):
            explore_schedule(steps_per_epoch=steps)


@pytest.mark.parametrize("given, marks", [(0, []), (3, [3.5, 6.5, 9.5]), (np.int64(4), [4.5, 8.5]), (100, [])])
def test_ends_of_epochs_stand_where_they_are_asked_for(given, marks):
    explorer = explore_schedule(steps=10, steps_per_epoch=given)
    control = explorer.controls["steps_per_epoch"]
    assert control.value == given and control.max >= given
    assert [line.get_xdata()[0] for line in explorer.figure.axes[0].lines[1:]] == marks


@pytest.mark.parametrize("scheduler", ["StepLR", None, 3, torch.optim.lr_scheduler.SequentialLR, torch.optim.SGD])
def test_what_cannot_be_chosen_is_refused_with_what_can(scheduler):
    with pytest.raises(TypeError, match="scheduler must be the class of one of torch's schedulers, .* StepLR, SWALR"):
        explore_schedule(scheduler)


@pytest.mark.parametrize("typed", ["10, x", "10.5", "ten", "10; 20", "1e1"])
def test_milestones_that_are_no_whole_numbers_are_named(typed):
    explorer = explore_schedule(SCHEDULERS["MultiStepLR"])
    picture = explorer._picture.value
    explorer.controls["milestones"].value = typed
    words = f"milestones must be whole numbers, such as 10, 20; got {typed}"
    assert f"Not possible.</b> ValueError: {words} (The last picture stays.)" in explorer._note.value
    assert explorer._picture.value == picture
    explorer.controls["milestones"].value = "10 20, 30,"
    assert "milestones=[10, 20, 30]" in explorer._note.value


def test_a_slider_of_whole_numbers_and_of_others_reaches_as_far_as_what_it_holds():
    for value, kind in ((7, widgets.IntSlider), (7.0, widgets.FloatSlider), (-3, widgets.IntSlider)):
        control = slider("x", value, 0, 5, 1)
        assert isinstance(control, kind) and control.value == value
        assert (control.min, control.max) == (min(0, value), max(5, value))
    assert [slider("x", 0.5, 0.0, 1.0, step).readout_format for step in (0.1, 0.01, 0.001)] == [".1f", ".2f", ".3f"]
    for value, digits in ((0.1, 2), (0.25, 2), (0.123, 3), (123456.0, 6), (1 / 3, MOST_DIGITS)):
        assert log_slider("x", value, -1, 1).readout_format == f".{digits}g"
    assert (log_slider("x", 1000.0, -1, 1).max, log_slider("x", 0.001, -1, 1).min) == (3, -3)


# What four optimizers make of gradients.

LABELS = {"lr": "lr", "beta1": "beta1", "beta2": "beta2, alpha", "eps": "eps"}
MAKE = {
    "SGD": lambda p, lr, beta1, beta2, eps: torch.optim.SGD(p, lr=lr),
    "RMSprop": lambda p, lr, beta1, beta2, eps: torch.optim.RMSprop(p, lr=lr, alpha=beta2, eps=eps),
    "Adagrad": lambda p, lr, beta1, beta2, eps: torch.optim.Adagrad(p, lr=lr, eps=eps),
    "Adam": lambda p, lr, beta1, beta2, eps: torch.optim.Adam(p, lr=lr, betas=(beta1, beta2), eps=eps),
}


@pytest.mark.parametrize("name", MAKE)
@pytest.mark.parametrize(
    "moved", [{}, {"lr": 0.5}, {"beta1": 0.5}, {"beta2": 0.9}, {"eps": 0.1}, {"lr": 0.02, "beta1": 0.2, "beta2": 0.7}]
)
def test_each_optimizer_follows_its_sliders(name, moved):
    history = [3.0, -4.0, 0.5, 2.0]
    explorer = explore_adaptive(history)
    assert {key: control.description for key, control in explorer.controls.items() if key != "kind"} == LABELS
    for argument, value in moved.items():
        explorer.controls[argument].value = value
    values = {"lr": 0.01, "beta1": 0.9, "beta2": 0.99, "eps": 1e-8, **moved}
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer, walked = MAKE[name]([weight], **values), [0.0]
    for gradient in history:
        weight.grad = torch.tensor([gradient], dtype=torch.float64)
        optimizer.step()
        walked.append(weight.item())
    (ax,) = [ax for ax in explorer.figure.axes if ax.get_title(loc="left") == "size of the step"]
    (line,) = [line for line in ax.lines if line.get_label() == name]
    assert list(line.get_xdata()) == [1, 2, 3, 4]
    assert list(line.get_ydata()) == pytest.approx(np.abs(np.diff(walked)))


def test_each_history_is_drawn_as_it_is():
    explorer = explore_adaptive()
    for kind in explorer.controls["kind"].options:
        explorer.controls["kind"].value = kind
        (line,) = [line for line in explorer.figure.axes[0].lines if line.get_label() == "gradient"]
        assert list(line.get_xdata()) == list(range(1, 81))
    assert list(line.get_ydata()) == pytest.approx([0.95**i for i in range(80)])


def test_gradients_of_0_say_so_and_such_as_have_no_square_are_refused():
    explorer = explore_adaptive([0.0] * 4)
    said = {ax.get_title(loc="left"): ax.texts[0].get_text() for ax in explorer.figure.axes if ax.texts}
    assert said["size of the step"] == said["root of average or sum of squares"] == "0 for all"
    assert said["factor"] == said["effective lr"] == said["gradient and its average"] == ""
    explore_adaptive([1e150, -1e-300])
    with pytest.raises(ValueError, match="gradients must not lie beyond 1e\\+150, .* collect weight.grad"):
        explore_adaptive([1.0, -1e151])


# Surfaces.


SURFACES = {
    "constant": lambda x, y: 0 * x + 3,
    "at its lowest from the start": lambda x, y: (x + 1.7) ** 2 + (y - 0.9) ** 2,
    "below 0": lambda x, y: (x + 1.7) ** 2 + (y - 0.9) ** 2 - 5,
    "without a bottom": lambda x, y: -(x**2) - y**2,
    "plane": lambda x, y: x + y,
    "high": lambda x, y: 1e5 * (x**2 + y**2),
    "very high": lambda x, y: 1e200 * (x**2 + y**2),
    "very low": lambda x, y: 1e-200 * (x**2 + y**2),
    "with a pole": lambda x, y: 1 / (x**2 + y**2),
    "with a hole": lambda x, y: torch.sqrt(y) + x**2,
    "of one weight": lambda x, y: y**2,
    "in float32": lambda x, y: (x**2 + y**2).float(),
    "in steps": lambda x, y: (x + y).round(),
}


@pytest.mark.parametrize("name", SURFACES)
@pytest.mark.parametrize("lr", [1e-3, 1.0])
def test_any_surface_is_shown_with_the_start_of_the_paths_in_the_picture(name, lr):
    explorer = explore_descent(SURFACES[name])
    explorer.controls["lr"].value = lr
    assert "Not possible" not in explorer._note.value
    paths, losses = explorer.figure.axes
    begin = float(SURFACES[name](torch.tensor(-1.7, dtype=torch.float64), torch.tensor(0.9, dtype=torch.float64)))
    for line in losses.lines:
        assert line.get_ydata()[0] == begin and losses.get_ylim()[0] <= begin <= losses.get_ylim()[1]


def test_what_diverges_is_said_to_and_when_it_leaves_the_picture():
    explorer = explore_descent(lambda x, y: -(x**2) - y**2)
    words = html.unescape(explorer._note.value)
    assert re.search(r"SGD -\S+ \(leaves the picture in step \d+\), SGD with momentum -", words)
    assert "diverges" not in words  # its loss falls for ever
    explorer.controls["surface"].value, explorer.controls["lr"].value = "valley", 0.01
    assert "picture" not in explorer._note.value
    explorer.controls["lr"].value = 0.1  # above 2 / 25
    words = html.unescape(explorer._note.value)
    left = int(re.search(r"SGD \S+ \(diverges: leaves the picture in step (\d+)\), SGD with momentum", words)[1])
    path = explorer.figure.axes[0].lines[0].get_xydata()
    assert (abs(path[:left]) <= 2).all() and abs(path[left:]).max(axis=1).min() > 2
    assert not re.search(r"Adam \S+ \(", words)


@pytest.mark.parametrize("height", [lambda x, y: torch.exp(4 * x**2 + y**2), lambda x, y: 1e200 * (x**2 + y**2)])
def test_what_is_no_longer_a_number_diverges(height):
    explorer = explore_descent(height)
    explorer.controls["lr"].value = 1.0
    assert re.search(r"SGD (nan|inf) \(diverges: leaves the picture in step 1\)", html.unescape(explorer._note.value))


@pytest.mark.parametrize(
    "surface", [lambda x, y: torch.log(x), lambda x, y: x * math.inf, lambda x, y: (x + 1.7).abs().sqrt()]
)
def test_a_surface_that_is_not_finite_where_the_paths_begin_is_refused(surface):
    with pytest.raises(ValueError, match=r"surface must be finite where the paths begin, at weights -1.7 and 0.9; its"):
        explore_descent(surface)


@pytest.mark.parametrize(
    "surface", [torch.zeros_like, lambda x, y: torch.zeros_like(x), lambda x, y: (x**2).detach(), lambda x, y: x > 0]
)
def test_a_surface_that_torch_cannot_differentiate_is_refused(surface):
    if surface is torch.zeros_like:
        surface = lambda x, y: torch.zeros_like(x).long()  # noqa: E731
    with pytest.raises(TypeError, match="surface must be a function of two tensors that computes one of their shape"):
        explore_descent(surface)
