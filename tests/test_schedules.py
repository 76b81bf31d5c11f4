import pytest
import torch
from cases import MAKE_SCHEDULER, OPTIMIZERS
from torch.optim import lr_scheduler as schedulers

from lrcourse import simulate


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
    with pytest.raises(ValueError, match="steps is the number of optimizer steps"):
        simulate(MAKE_SCHEDULER["StepLR"], steps)


@pytest.mark.parametrize(
    "name, metrics, message",
    [
        ("ReduceLROnPlateau", None, "ReduceLROnPlateau takes one metric for each of the 3 steps; got none"),
        ("ReduceLROnPlateau", [1, 2], "one metric for each of the 3 steps; got 2"),
        ("StepLR", [1, 2, 3], "StepLR takes no metrics; got 3"),
    ],
)
def test_metrics_are_for_a_plateau_one_for_each_step(name, metrics, message):
    with pytest.raises(ValueError, match=message):
        simulate(MAKE_SCHEDULER[name], 3, metrics=metrics)


def test_a_factory_that_makes_something_else_is_an_error():
    with pytest.raises(TypeError, match="return a scheduler; it returned int"):
        simulate(lambda optimizer: 3, 3)
