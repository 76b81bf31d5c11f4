import copy

import numpy as np
import pytest
import torch
from cases import MAKE_SCHEDULER, OPTIMIZERS, same
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
