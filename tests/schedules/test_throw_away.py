"""What ``simulate`` plans on: a throw-away copy of the groups, made by a factory that is named where it is wrong."""

import math

import pytest
import torch
from cases import MAKE_SCHEDULER
from torch.optim import lr_scheduler as schedulers

from lrcourse import simulate
from lrcourse.schedules import base_lr

STEP = MAKE_SCHEDULER["StepLR"]


def weight():
    return torch.nn.Parameter(torch.ones(1))


def test_groups_of_several_named_weights_are_copied_with_one_weight_each():
    seen = []

    def look(optimizer):
        seen.append([[param.shape for param in group["params"]] for group in optimizer.param_groups])
        return STEP(optimizer)

    own = torch.optim.SGD([{"params": [("a", weight()), ("b", weight())]}, {"params": [("c", weight())]}], lr=0.5)
    assert simulate(look, 3, optimizer=own) == [0.5, 0.5, 0.25]
    assert seen == [[[(1, 1)], [(1, 1)]]]


def test_what_a_scheduler_writes_into_the_copy_does_not_reach_the_optimizer():
    own = torch.optim.SGD([{"params": [weight()], "notes": [1]}], lr=torch.tensor(0.5))
    own.defaults["notes"] = [2]

    def writes(optimizer):
        optimizer.param_groups[0]["notes"].append("more")
        optimizer.defaults["notes"].append("more")
        return STEP(optimizer)

    simulate(writes, 4, optimizer=own)
    assert own.param_groups[0]["notes"] == [1] and own.defaults["notes"] == [2]
    assert own.param_groups[0]["lr"].item() == 0.5


def test_an_optimizer_without_defaults_can_carry_the_schedule():
    class Bare:
        def __init__(self):
            self.param_groups = [{"params": [weight()], "lr": 0.5}]

        def step(self): ...

        def zero_grad(self): ...

    seen = []

    def look(optimizer):
        seen.append(optimizer.defaults)
        return STEP(optimizer)

    assert simulate(look, 3, optimizer=Bare()) == [0.5, 0.5, 0.25]
    assert seen == [{}]


@pytest.mark.parametrize("lr, read", [(0.5, 0.5), (torch.tensor(0.25), 0.25), (None, math.nan)])
def test_the_base_lr_is_a_number_and_nan_where_there_is_none(lr, read):
    optimizer = torch.optim.SGD([weight()], lr=0.1)
    optimizer.param_groups[0]["lr"] = lr
    assert type(base_lr(optimizer)) is float and base_lr(optimizer) == pytest.approx(read, nan_ok=True)


class Callable(schedulers.StepLR):
    """A scheduler that can be called, as some that people wrote can."""

    def __call__(self, optimizer):
        return self


@pytest.mark.parametrize("wrong", [3, "StepLR", STEP, Callable])
@pytest.mark.parametrize("where", ["make_scheduler", "per_epoch"])
def test_a_scheduler_itself_or_what_is_no_function_is_no_factory(wrong, where):
    if wrong is STEP:
        wrong = STEP(torch.optim.SGD([weight()], lr=0.1))
    elif wrong is Callable:
        wrong = Callable(torch.optim.SGD([weight()], lr=0.1), 2)
    second = {"per_epoch": wrong, "steps_per_epoch": 2} if where == "per_epoch" else {}
    with pytest.raises(
        TypeError, match=f"got {type(wrong).__name__} where a function that makes a scheduler is wanted"
    ):
        simulate(STEP if second else wrong, 4, **second)


@pytest.mark.parametrize("where", ["make_scheduler", "per_epoch"])
def test_a_factory_of_something_else_or_for_another_optimizer_is_named(where):
    def planned(make):
        second = {"per_epoch": make, "steps_per_epoch": 2} if where == "per_epoch" else {}
        simulate(STEP if second else make, 4, **second)

    with pytest.raises(TypeError, match=f"^{where} must take an optimizer and return a scheduler; it returned SGD"):
        planned(lambda optimizer: torch.optim.SGD([weight()]))
    with pytest.raises(ValueError, match=f"was made for another optimizer: use the one that {where} is given"):
        planned(lambda optimizer: STEP(torch.optim.SGD([weight()], lr=0.1)))

    class Counted(schedulers.LRScheduler):
        def get_lr(self):
            return self.base_lrs

        def step(self, epoch, update=0): ...

    with pytest.raises(TypeError, match=rf"^{where}: Counted wants step\(epoch\)"):
        Counted.__init__ = lambda self, optimizer: None
        planned(Counted)


@pytest.mark.parametrize("number", [0, 1.5, True])
def test_steps_of_an_epoch_are_named_with_their_unit(number):
    with pytest.raises(
        ValueError, match=f"^steps_per_epoch must be a whole number of optimizer steps, from 1, got {number}"
    ):
        simulate(STEP, 4, per_epoch=STEP, steps_per_epoch=number)


def test_an_empty_series_is_none_that_a_step_lr_would_take():
    with pytest.raises(ValueError, match="StepLR takes no metrics; got 0"):
        simulate(STEP, 3, metrics=[])
    with pytest.raises(ValueError, match="ReduceLROnPlateau takes one metric each time it is stepped, 3 in all; got 0"):
        simulate(MAKE_SCHEDULER["ReduceLROnPlateau"], 3, metrics=[])


def test_a_loss_that_went_astray_is_a_metric():
    plateau = MAKE_SCHEDULER["ReduceLROnPlateau"]
    assert simulate(plateau, 3, lr=1.0, metrics=[1.0, math.inf, math.nan]) == [1.0, 1.0, 0.5]


@pytest.mark.parametrize("lr", ["0.1", -0.1, math.inf, None, True])
def test_a_wrong_lr_is_named(lr):
    with pytest.raises(ValueError, match="^lr must be a finite number from 0, got "):
        simulate(STEP, 3, lr=lr)
