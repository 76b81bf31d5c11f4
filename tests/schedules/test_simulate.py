import copy
import math

import numpy as np
import pandas as pd
import pytest
import strangers
import torch
from cases import MAKE_SCHEDULER, OPTIMIZERS, same
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.optim import lr_scheduler as schedulers

from lrcourse import simulate


def an_optimizer():
    return torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1)


def test_every_scheduler_of_torch_is_among_the_cases():
    there = {name for name in schedulers.__all__ if name != "LRScheduler"} | {"SWALR"}
    assert set(MAKE_SCHEDULER) == there


def test_step_lr_changes_after_step_size_steps():
    lr = simulate(lambda o: schedulers.StepLR(o, step_size=10, gamma=0.5), 24, lr=0.01)
    assert lr == [0.01] * 10 + [0.005] * 10 + [0.0025] * 4


def test_a_plateau_is_driven_by_the_metrics():
    lr = simulate(lambda o: schedulers.ReduceLROnPlateau(o, patience=1), 5, lr=1.0, metrics=[3, 2, 2, 2, 2])
    assert lr == [1.0, 1.0, 1.0, 1.0, 0.1]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_any_optimizer_can_carry_the_schedule(name):
    assert simulate(MAKE_SCHEDULER["StepLR"], 3, lr=0.5, optimizer=OPTIMIZERS[name]) == [0.5, 0.5, 0.25]


def test_simulate_leaves_the_global_generator_alone():
    state = torch.get_rng_state()
    for name, make in MAKE_SCHEDULER.items():
        simulate(make, 6, metrics=[1.0] * 6 if name == "ReduceLROnPlateau" else None)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("steps", [0, -2, 2.0, True])
def test_steps_must_be_a_whole_number_from_1(steps):
    with pytest.raises(ValueError, match="steps must be a whole number of optimizer steps, from 1, got"):
        simulate(MAKE_SCHEDULER["StepLR"], steps)


@pytest.mark.parametrize(
    "name, metrics, message",
    [
        ("ReduceLROnPlateau", None, "ReduceLROnPlateau takes one metric each time it is stepped, 3 in all; got none"),
        ("ReduceLROnPlateau", [1, 2], "one metric each time it is stepped, 3 in all; got 2"),
        ("StepLR", [1, 2, 3], "StepLR takes no metrics; got 3"),
    ],
)
def test_metrics_are_for_a_plateau_one_for_each_step(name, metrics, message):
    with pytest.raises(ValueError, match=message):
        simulate(MAKE_SCHEDULER[name], 3, metrics=metrics)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"per_epoch": MAKE_SCHEDULER["StepLR"]}, "go together; got steps_per_epoch=None"),
        ({"steps_per_epoch": 3}, "go together; got steps_per_epoch=3"),
        (
            {"per_epoch": MAKE_SCHEDULER["StepLR"], "steps_per_epoch": 0},
            "steps_per_epoch must be a whole number of optimizer",
        ),
        ({"per_epoch": MAKE_SCHEDULER["ReduceLROnPlateau"], "steps_per_epoch": 4}, "2 in all; got none"),
    ],
)
def test_a_second_scheduler_needs_to_know_the_epoch(options, message):
    with pytest.raises(ValueError, match=message):
        simulate(MAKE_SCHEDULER["ExponentialLR"], 9, **options)


def test_two_plateaus_cannot_share_the_metrics():
    plateau = MAKE_SCHEDULER["ReduceLROnPlateau"]
    with pytest.raises(ValueError, match="both schedulers take metrics, ReduceLROnPlateau and ReduceLROnPlateau; one"):
        simulate(plateau, 4, per_epoch=plateau, steps_per_epoch=2, metrics=[1, 1, 1, 1])


def test_metrics_may_be_an_array():
    lr = simulate(MAKE_SCHEDULER["ReduceLROnPlateau"], 3, lr=1.0, metrics=np.array([1.0, 2.0, 0.5]))
    assert lr == [1.0, 1.0, 0.5]


def test_an_optimizer_of_ones_own_is_copied_with_its_groups_and_left_alone():
    one, two = (torch.nn.Parameter(torch.ones(3, 2)) for _ in range(2))
    own = torch.optim.AdamW([{"params": [("one", one)]}, {"params": [("two", two)], "lr": 0.5}], lr=0.1)
    state, attributes = copy.deepcopy(own.state_dict()), set(vars(own))
    make = MAKE_SCHEDULER["StepLR"]
    planned = simulate(make, 4, optimizer=own, read=lambda o: [group["lr"] for group in o.param_groups])
    assert planned == [[0.1, 0.5], [0.1, 0.5], [0.05, 0.25], [0.05, 0.25]]
    assert same(own.state_dict(), state) and set(vars(own)) == attributes and not own.state
    assert simulate(make, 4, optimizer=own) == [0.1, 0.1, 0.05, 0.05]


def test_a_copy_keeps_what_an_earlier_scheduler_left_behind():
    own = an_optimizer()
    MAKE_SCHEDULER["StepLR"](own)
    own.param_groups[0]["lr"] = 0.7
    # torch starts a second scheduler from the initial_lr that the first one noted, not from the lr of now.
    make = MAKE_SCHEDULER["LambdaLR"]
    assert simulate(make, 1, optimizer=own) == [0.1]
    make(own)
    assert own.param_groups[0]["lr"] == 0.1


@pytest.mark.parametrize("name", ["CyclicLR", "OneCycleLR"])
@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_a_cycled_momentum_can_be_read(name, optimizer):
    def make(o):
        if name == "CyclicLR":
            return schedulers.CyclicLR(o, 0.001, 0.1, step_size_up=3)
        return schedulers.OneCycleLR(o, 0.1, total_steps=9)

    def momentum(o):
        group = o.param_groups[0]
        return group["betas"][0] if "betas" in group else group["momentum"]

    planned = simulate(make, 9, optimizer=OPTIMIZERS[optimizer], read=momentum)
    real = OPTIMIZERS[optimizer]([torch.nn.Parameter(torch.ones(1))], lr=0.1)
    scheduler, seen = make(real), []
    for _ in range(9):
        seen.append(momentum(real))
        real.step()
        scheduler.step()
    assert planned == seen and len(set(planned)) > 3


NUMBERS = {
    "Python": float,
    "NumPy": np.float64,
    "NumPy, 32 bits": np.float32,
    "torch": torch.tensor,
    "pandas": lambda lr: pd.Series([lr]).iloc[0],
}


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    kind=st.sampled_from(sorted(NUMBERS)),
    name=st.sampled_from(sorted(set(MAKE_SCHEDULER) - {"ReduceLROnPlateau"})),
    steps=st.integers(1, 9),
)
def test_an_lr_of_any_kind_is_planned_as_it_is_trained_with(kind, name, steps):
    """To the last bit: an lr of 32 bits is multiplied in 32 bits."""
    given, make = NUMBERS[kind](0.03), MAKE_SCHEDULER[name]
    whole = {"NumPy": np.int64, "torch": torch.tensor}.get(kind, int)
    planned = simulate(make, whole(steps), lr=given)
    assert float(given) == pytest.approx(0.03, rel=1e-7)  # a tensor is not the one that the plan has moved
    own = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=NUMBERS[kind](0.03))
    scheduler, used = make(own), []
    again = simulate(make, steps, optimizer=torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=given))
    for _ in range(steps):
        used.append(float(own.param_groups[0]["lr"]))
        own.step()
        scheduler.step()
    assert planned == again == used and {type(lr) for lr in planned} == {float}


@pytest.mark.parametrize("make", MAKE_SCHEDULER.values(), ids=MAKE_SCHEDULER)
def test_a_tensor_lr_of_ones_own_is_not_shared(make):
    lr = torch.tensor(0.25)
    own = torch.optim.Adam([torch.nn.Parameter(torch.ones(1))], lr=lr)
    metrics = [1.0] * 6 if make is MAKE_SCHEDULER["ReduceLROnPlateau"] else None

    def writes_the_defaults(optimizer):
        optimizer.defaults["lr"].fill_(9.0)
        return make(optimizer)

    simulate(writes_the_defaults, 6, optimizer=own, metrics=metrics)
    assert own.param_groups[0]["lr"] is lr is own.defaults["lr"] and lr.item() == 0.25


@pytest.mark.parametrize("name", sorted(set(strangers.OPTIMIZERS) - {"OwnLr"}))
def test_optimizers_of_others_can_carry_the_schedule(name):
    make, weight = MAKE_SCHEDULER["StepLR"], torch.nn.Parameter(torch.ones(1, 1))
    own = strangers.OPTIMIZERS[name]([weight], lr=0.5)
    groups = copy.deepcopy([{**group, "params": []} for group in own.param_groups])
    assert simulate(make, 4, optimizer=own) == [0.5, 0.5, 0.25, 0.25]
    assert simulate(make, 4, lr=0.5, optimizer=strangers.OPTIMIZERS[name]) == [0.5, 0.5, 0.25, 0.25]
    assert [{**group, "params": []} for group in own.param_groups] == groups and not own.state


def test_an_optimizer_whose_class_wants_more_than_groups_can_carry_the_schedule():
    class Wants(torch.optim.SGD):
        def __init__(self, params, lr, *, total):
            super().__init__(params, lr=lr)
            self.total = total

    own = Wants([torch.nn.Parameter(torch.ones(1))], 0.5, total=9)
    assert simulate(MAKE_SCHEDULER["StepLR"], 3, optimizer=own) == [0.5, 0.5, 0.25]
    made = simulate(MAKE_SCHEDULER["StepLR"], 3, lr=0.5, optimizer=lambda params, lr: Wants(params, lr, total=9))
    assert made == [0.5, 0.5, 0.25]


def test_an_optimizer_that_chooses_its_lr_itself_is_refused():
    own = strangers.OwnLr([torch.nn.Parameter(torch.ones(1))])
    with pytest.raises(ValueError, match="OwnLr holds no lr, because it chooses its lr itself"):
        simulate(MAKE_SCHEDULER["StepLR"], 3, optimizer=own)


@pytest.mark.parametrize("made", [None, [], torch.nn.ReLU(), torch.optim.SGD])
def test_a_factory_of_something_else_is_refused(made):
    with pytest.raises(TypeError, match=f"or an optimizer; calling it gave {type(made).__name__}"):
        simulate(MAKE_SCHEDULER["StepLR"], 3, optimizer=lambda params, lr: made)


@pytest.mark.parametrize("name", strangers.MAKE_SCHEDULER)
def test_schedulers_of_others_can_be_planned(name):
    own = an_optimizer()
    scheduler, used = strangers.MAKE_SCHEDULER[name](own), []
    metrics = [3.0, 2.0, 2.5, math.nan, 1.0, 0.5]
    for metric in metrics:
        used.append(own.param_groups[0]["lr"])
        own.step()
        scheduler.step(*[metric] * (name == "Greedy"))
    planned = simulate(strangers.MAKE_SCHEDULER[name], 6, metrics=metrics if name == "Greedy" else None)
    assert planned == used and len(set(planned)) > 2
    twice = {"per_epoch": MAKE_SCHEDULER["ExponentialLR"], "steps_per_epoch": np.int64(3)}
    both = simulate(strangers.MAKE_SCHEDULER[name], 6, metrics=metrics if name == "Greedy" else None, **twice)
    assert both[:3] == planned[:3] and both[3] < planned[3]


def test_a_scheduler_that_wants_the_epoch_is_refused_with_the_line_that_helps():
    with pytest.raises(TypeError, match=r"make_scheduler: ByEpoch wants step\(epoch\), .* lambda t: scheduler._get_lr"):
        simulate(strangers.ByEpoch, 5)

    def adapted(optimizer):
        scheduler = strangers.ByEpoch(optimizer)
        return schedulers.LambdaLR(optimizer, lambda t: scheduler._get_lr(t)[0] / scheduler.base_values[0])

    assert simulate(adapted, 5) == pytest.approx([0.1, 0.08, 0.06, 0.04, 0.02])


def test_two_kinds_of_scheduler_cannot_share_the_metrics():
    second = {"per_epoch": MAKE_SCHEDULER["ReduceLROnPlateau"], "steps_per_epoch": 2}
    with pytest.raises(ValueError, match="both schedulers take metrics, Greedy and ReduceLROnPlateau; one of"):
        simulate(strangers.Greedy, 4, metrics=[1.0] * 4, **second)


@pytest.mark.parametrize("metrics", [np.array, pd.Series, torch.tensor, iter, lambda m: [torch.tensor(x) for x in m]])
def test_metrics_may_be_any_series_of_numbers(metrics):
    plateau = MAKE_SCHEDULER["ReduceLROnPlateau"]
    assert simulate(plateau, 3, lr=1.0, metrics=metrics([1.0, 2.0, 0.5])) == [1.0, 1.0, 0.5]


@pytest.mark.parametrize(
    "metrics", ["123", [True] * 3, {0: 1.0, 1: 1.0, 2: 1.0}, 3.0, [[1.0]] * 3, [None] * 3, ["1"] * 3]
)
def test_metrics_that_are_no_numbers_are_refused(metrics):
    with pytest.raises(ValueError, match="metrics must be numbers, one for each step, got .*: pass losses"):
        simulate(MAKE_SCHEDULER["ReduceLROnPlateau"], 3, metrics=metrics)


def test_a_training_that_ends_before_the_first_epoch_needs_no_metrics():
    second = {"per_epoch": MAKE_SCHEDULER["ReduceLROnPlateau"], "steps_per_epoch": 9}
    assert simulate(MAKE_SCHEDULER["StepLR"], 3, lr=0.5, metrics=[], **second) == [0.5, 0.5, 0.25]
