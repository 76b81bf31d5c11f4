import html
import io
import math
import random
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from ipywidgets.widgets import widget
from PIL import Image
from torch.optim.lr_scheduler import ChainedScheduler, OneCycleLR, ReduceLROnPlateau, SequentialLR, StepLR

from lrcourse import (
    effective_lr,
    explore_adaptive,
    explore_descent,
    explore_schedule,
    explore_two_clocks,
    record,
    simulate,
)
from lrcourse.explorers.adaptive import PANELS
from lrcourse.explorers.descent import OPTIMIZERS, SURFACES
from lrcourse.explorers.schedules import SCHEDULERS
from lrcourse.training.loop import History


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
    "my surface": lambda: explore_descent(lambda x, y: torch.cos(3 * x) + y**2),
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
    for argument, control in list(explorer.controls.items()):
        if argument == "milestones" or control.layout.display == "none":
            continue
        was, at_first = explorer._picture.value, control.value
        answers = []
        for value in other_values(control):
            control.value = value
            answers.append((explorer._picture.value, explorer._note.value))
        assert any(picture != was or "Not possible" in note for picture, note in answers) or argument in NO_MATTER
        control.value = at_first
        assert explorer._picture.value == was
    assert Image.open(io.BytesIO(explorer._picture.value)).size == explorer.figure.canvas.get_width_height()
    assert plt.get_fignums() == open_before


@pytest.mark.parametrize("name", EXPLORERS)
def test_every_slider_starts_at_one_of_its_places(name):
    # Where it does not, the browser moves it there.
    for control in EXPLORERS[name]().controls.values():
        starts_at_a_place(control)


def starts_at_a_place(control):
    if hasattr(control, "base"):
        place = round((math.log(control.value, control.base) - control.min) / control.step)
        moved = control.base ** (control.min + place * control.step)
        assert format(moved, control.readout_format) == format(control.value, control.readout_format)
    elif hasattr(control, "min"):
        place = (control.value - control.min) / control.step
        assert place == pytest.approx(round(place), abs=1e-6)


# What has no effect on the picture of the start: see the arguments of torch's schedulers.
NO_MATTER = {
    "steps_per_epoch",  # at both ends there is no epoch to mark
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
    metrics = [1.0] * 20 if name == "ReduceLROnPlateau" else None
    lrs = simulate(call(explorer), 20, lr=0.2, metrics=metrics)
    assert len(lrs) == 20
    if metrics is None:
        (line,) = explorer.figure.axes[0].lines
        assert list(line.get_ydata()) == pytest.approx(lrs)


def test_another_scheduler_brings_its_own_controls_and_is_drawn_once(monkeypatch):
    explorer = explore_schedule(StepLR)
    drawn, draw = [], explorer._draw
    monkeypatch.setattr(explorer, "_draw", lambda **arguments: drawn.append(arguments) or draw(**arguments))
    said = []
    explorer._note.observe(lambda change: said.append(change["new"]), names="value")
    chooser(explorer, "scheduler").value = "OneCycleLR"
    assert "max_lr" in explorer.controls and "step_size" not in explorer.controls
    assert len(drawn) == 1 and len(said) == 1
    assert ">OneCycleLR(optimizer, max_lr=" in explorer._note.value
    assert len(explorer.figure.axes) == 2  # the momentum, too


def chooser(explorer, description):
    (control,) = [control for control in explorer._place.children if control.description == description]
    return control


def curve(explorer):
    return list(explorer.figure.axes[0].lines[0].get_ydata())


def call(explorer):
    code = re.search("<code.*?>(.*)</code>", explorer._note.value, re.S)[1]
    return eval(f"lambda optimizer: {html.unescape(code)}", JOINED)


JOINED = {**SCHEDULERS, "SequentialLR": SequentialLR, "ChainedScheduler": ChainedScheduler}


def test_a_second_scheduler_can_follow_the_first():
    explorer = explore_schedule(SCHEDULERS["LinearLR"], steps=20)
    chooser(explorer, "and a second").value = "CosineAnnealingLR"
    assert explorer.controls["milestone"].layout.display is None
    assert explorer.controls["2nd: T_max"].value == 12  # what is left of the steps
    explorer.controls["milestone"].value = 5
    explorer.controls["2nd: T_max"].value = 15
    make = lambda o: SequentialLR(  # noqa: E731
        o, [SCHEDULERS["LinearLR"](o, 0.1, 1.0, 8), SCHEDULERS["CosineAnnealingLR"](o, 15)], milestones=[5]
    )
    assert curve(explorer) == simulate(make, 20) == simulate(call(explorer), 20)
    chooser(explorer, "and a second").value = "none"
    assert "2nd: T_max" not in explorer.controls and explorer.controls["milestone"].layout.display == "none"


def test_two_schedulers_can_act_together():
    explorer = explore_schedule(StepLR, steps=20)
    chooser(explorer, "and a second").value = "ExponentialLR"
    chooser(explorer, "joined by").value = "ChainedScheduler"
    explorer.controls["2nd: gamma"].value = 0.9
    make = lambda o: ChainedScheduler([StepLR(o, 4, 0.1), SCHEDULERS["ExponentialLR"](o, 0.9)])  # noqa: E731
    assert curve(explorer) == simulate(make, 20) == simulate(call(explorer), 20)


def test_what_cannot_be_joined_is_refused_in_the_words_of_torch():
    explorer = explore_schedule(SCHEDULERS["LinearLR"])
    picture = explorer._picture.value
    chooser(explorer, "and a second").value = "ReduceLROnPlateau"
    assert "ReduceLROnPlateau" in explorer._note.value.split("Not possible.</b>")[1]
    assert explorer._picture.value == picture


def test_ends_of_epochs_are_marked_and_the_scale_can_be_logarithmic():
    explorer = explore_schedule(OneCycleLR, steps=20, steps_per_epoch=8)
    for ax in explorer.figure.axes:
        assert [line.get_xdata()[0] for line in ax.lines[1:]] == [8.5, 16.5]
    assert explorer.figure.axes[0].get_yscale() == "linear"
    explorer.controls["log"].value = True
    explorer.controls["steps_per_epoch"].value = 0
    assert explorer.figure.axes[0].get_yscale() == "log" and len(explorer.figure.axes[0].lines) == 1


@pytest.mark.parametrize("name", ["two clocks", "adaptive", "descent", "OneCycleLR"])
def test_a_picture_does_not_depend_on_the_moves_before(name):
    moved, fresh = EXPLORERS[name](), EXPLORERS[name]()
    choose = random.Random(0)
    for _ in range(12):
        argument = choose.choice(list(moved.controls))
        control = moved.controls[argument]
        control.value = choose.choice(other_values(control))
    moved.controls["at" if name == "two clocks" else "lr"].value = 1
    fresh.use({name: control for name, control in moved.controls.items()})
    assert moved._picture.value == fresh._picture.value


def test_what_torch_refuses_is_said_and_the_last_curve_stays():
    explorer = explore_schedule(OneCycleLR, steps=50)
    picture = explorer._picture.value
    explorer.controls["total_steps"].value = 30
    assert "Not possible.</b> ValueError: Tried to step 31 times" in explorer._note.value
    assert explorer._picture.value == picture
    explorer.controls["total_steps"].value = 60
    assert "Not possible" not in explorer._note.value and explorer._picture.value != picture


def test_milestones_are_typed():
    explorer = explore_schedule(SCHEDULERS["MultiStepLR"], lr=1.0, steps=10)
    explorer.controls["gamma"].value = 0.5
    explorer.controls["milestones"].value = "3 7"
    assert list(explorer.figure.axes[0].lines[0].get_ydata()) == [1.0] * 3 + [0.5] * 4 + [0.25] * 3
    explorer.controls["milestones"].value = "3, x"
    assert "ValueError" in explorer._note.value


def test_a_plateau_is_shown_with_the_loss_it_is_given():
    explorer = explore_schedule(ReduceLROnPlateau)
    assert explorer.figure.axes[1].get_ylabel() == "loss given"


def test_a_plateau_can_be_shown_with_losses_of_ones_own():
    explorer = explore_schedule(ReduceLROnPlateau, lr=1.0, metrics=torch.tensor([1.0, 0.5, 0.6, 0.6, 0.6]))
    explorer.controls["patience"].value, explorer.controls["factor"].value = 1, 0.5
    assert list(explorer.figure.axes[1].lines[0].get_ydata()) == pytest.approx([1.0, 0.5, 0.6, 0.6, 0.6])
    assert curve(explorer) == [1.0, 1.0, 1.0, 1.0, 0.5]


@pytest.mark.parametrize("metrics", [[], [[1.0]], ["a"], [1.0, float("inf")], History()])
def test_losses_are_one_finite_number_for_each_step(metrics):
    with pytest.raises(ValueError, match="metrics must be finite numbers, one for each step, got .*history.val_loss"):
        explore_schedule(ReduceLROnPlateau, metrics=metrics)


def test_an_explorer_is_a_picture_with_words_where_nothing_can_be_moved():
    bundle = explore_descent()._repr_mimebundle_()
    assert "image/png" in bundle and bundle["text/plain"].startswith("An explorer: paths of four optimizers")


def test_what_the_adaptive_explorer_draws_is_what_torch_does():
    history = [3.0, -4.0, 0.0]
    explorer = explore_adaptive(history)
    for name, value in {"lr": 0.5, "beta1": 0.75, "beta2": 0.5, "eps": 1e-4}.items():
        explorer.controls[name].value = value
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = torch.optim.Adam([weight], lr=0.5, betas=(0.75, 0.5), eps=1e-4)
    wanted = []
    for gradient in history:
        weight.grad, before = torch.tensor([gradient], dtype=torch.float64), weight.item()
        optimizer.step()
        state, rate = optimizer.state[weight], effective_lr(optimizer, weight).item()
        average, square = state["exp_avg"].item(), state["exp_avg_sq"].sqrt().item()
        wanted.append([average, square, rate / 0.5, rate, abs(weight.item() - before)])
    seen = []
    for title in PANELS:
        (ax,) = [ax for ax in explorer.figure.axes if ax.get_title(loc="left") == title]
        (adam,) = [line for line in ax.lines if line.get_label() == "Adam"]
        seen.append(list(adam.get_ydata()))
    assert [list(row) for row in zip(*seen, strict=True)] == [pytest.approx(row) for row in wanted]
    assert explorer._note.value.count("Adam 0.5 ×") == 1


def test_a_step_between_two_of_size_0_is_a_dot_since_no_line_reaches_it():
    explorer = explore_adaptive([0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0])
    (ax,) = [ax for ax in explorer.figure.axes if ax.get_title(loc="left") == "size of the step"]
    dots = {line.get_label(): line.get_markevery() for line in ax.lines}
    assert dots == {"SGD": [1, 6], "RMSprop": [1, 6], "Adagrad": [1, 6], "Adam": []}


@pytest.mark.parametrize("gradients", [[], [[1.0, 2.0]], [1.0, float("nan")], 3.0])
def test_a_history_is_one_finite_number_for_each_step(gradients):
    with pytest.raises(ValueError, match="gradients must be finite numbers, one for each step, got"):
        explore_adaptive(gradients)


def test_a_trace_is_no_history_of_gradients():
    with pytest.raises(TypeError, match=r"must not be a Trace, .* collect weight.grad"):
        explore_adaptive(a_trace())


def test_optimizers_can_be_left_out_of_a_descent():
    explorer = explore_descent()
    picture = explorer._picture.value
    for name in OPTIMIZERS:
        explorer.controls[name].value = name == "Adam"
    shown = {line.get_label() for line in explorer.figure.axes[0].lines if len(line.get_xdata())}
    assert shown == {"Adam"} and "RMSprop" not in explorer._note.value
    explorer.controls["Adam"].value = False
    assert "no optimizer is chosen" in explorer._note.value
    for name in OPTIMIZERS:
        explorer.controls[name].value = True
    assert explorer._picture.value == picture


@pytest.mark.parametrize("lr", [0.01, 1.0])
@pytest.mark.parametrize("surface", SURFACES)
def test_the_losses_of_a_descent_fill_their_panel(surface, lr):
    explorer = explore_descent()
    explorer.controls["lr"].value = lr
    for visited in (*SURFACES, surface):
        explorer.controls["surface"].value = visited
    ax = explorer.figure.axes[1]
    heights = [ax.transAxes.inverted().transform(ax.transData.transform(line.get_xydata()))[:, 1] for line in ax.lines]
    assert all(0 <= line[0] <= 1 for line in heights)
    assert any(np.ptp(line[(line >= 0) & (line <= 1)]) > 0.2 for line in heights)


def test_a_surface_of_ones_own_is_walked_as_torch_walks_it():
    surface = lambda x, y: torch.cos(3 * x) + y**2  # noqa: E731
    explorer = explore_descent(surface)
    weights = torch.nn.Parameter(torch.tensor([-1.7, 0.9], dtype=torch.float64))
    optimizer = torch.optim.Adam([weights], lr=explorer.controls["lr"].value)
    for _ in range(80):
        optimizer.zero_grad()
        surface(*weights).backward()
        optimizer.step()
    (adam,) = [line for line in explorer.figure.axes[0].lines if line.get_label() == "Adam"]
    assert [adam.get_xdata()[-1], adam.get_ydata()[-1]] == pytest.approx(weights.tolist())
    assert explorer.figure.axes[1].get_yscale() == "linear"  # it goes below 0


@pytest.mark.parametrize("surface", [3, lambda x, y: 1.0, lambda x, y: (x**2).sum()])
def test_what_is_no_surface_is_refused(surface):
    with pytest.raises(TypeError, match="surface must be a function of two tensors .* got .*: pass one such as"):
        explore_descent(surface)


def test_beside_a_saddle_plain_sgd_lingers():
    explorer = explore_descent()
    explorer.controls["surface"].value = "saddle"
    losses = {name: line.get_ydata() for name, line in zip(OPTIMIZERS, explorer.figure.axes[1].lines, strict=True)}
    late = {name: sum(abs(loss) < 0.2) for name, loss in losses.items()}
    assert late["SGD"] > 3 * max(late[name] for name in ("SGD with momentum", "RMSprop", "Adam"))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_path_is_what_the_optimizer_walks_alone(name):
    explorer = explore_descent()
    explorer.controls["schedule"].value = "StepLR, a tenth"
    weights = torch.nn.Parameter(torch.tensor([-1.7, 0.9], dtype=torch.float64))
    optimizer = OPTIMIZERS[name]([weights], explorer.controls["lr"].value, 0.9)
    scheduler = StepLR(optimizer, 40, 0.1)
    for _ in range(80):
        optimizer.zero_grad()
        (0.5 * (weights[0] ** 2 + 25 * weights[1] ** 2)).backward()
        optimizer.step()
        scheduler.step()
    (line,) = [line for line in explorer.figure.axes[0].lines if line.get_label() == name]
    assert [line.get_xdata()[-1], line.get_ydata()[-1]] == pytest.approx(weights.tolist())


def test_controls_that_are_left_are_closed_and_no_figure_is_open():
    figures, explorer = plt.get_fignums(), explore_schedule(StepLR)
    chooser(explorer, "scheduler").value = "OneCycleLR"
    count = len(widget._instances)
    for name in ("StepLR", "OneCycleLR"):
        chooser(explorer, "scheduler").value = name
    assert len(widget._instances) == count
    assert plt.get_fignums() == figures
