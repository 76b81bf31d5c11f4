"""The same mistake gets the same cause, whichever of torch's schedulers it is made with."""

import copy

import pytest
from cases import MAKE_SCHEDULER
from hypothesis import given, settings
from hypothesis import strategies as st
from loops import BATCHES, Loop
from torch.optim.lr_scheduler import ExponentialLR

from lrcourse import guard, simulate
from lrcourse.schedules import PlanError

STEPS = 29  # that OneCycleLR among the cases can make


def early(make, loop, scheduler):
    def batch():
        loop.optimizer.zero_grad()
        loop.backward()
        scheduler.step()
        loop.optimizer.step()

    with guard(loop.optimizer, make, steps=STEPS):
        loop.train(2, batch=batch)


def twice(make, loop, scheduler):
    with guard(loop.optimizer, make, steps=STEPS):
        loop.train(2, after_batch=lambda: (scheduler.step(), scheduler.step()))


def each_of_three(make, loop, scheduler):
    seen = []

    def batch():
        loop.backward()
        seen.append(1)
        if len(seen) % 3 == 0:
            loop.optimizer.step()
            loop.optimizer.zero_grad()
        scheduler.step()

    with guard(loop.optimizer, make, steps=STEPS):
        loop.train(4, batch=batch)


def never(make, loop, scheduler):
    with guard(loop.optimizer, make, steps=STEPS):
        loop.train(3)


def each_batch(make, loop, scheduler):
    with guard(loop.optimizer, simulate(make, 20), steps_per_epoch=BATCHES):
        loop.train(4, after_batch=scheduler.step)


def made_anew(make, loop, scheduler):
    loop.train(1, after_batch=scheduler.step)
    again = loop.copy()
    again.optimizer.load_state_dict(copy.deepcopy(loop.optimizer.state_dict()))
    later = make(again.optimizer)
    with guard(again.optimizer, make, steps=STEPS, first_step=BATCHES + 1):
        again.train(3, after_batch=later.step)


def half_loaded(make, loop, scheduler):
    loop.train(1, after_batch=scheduler.step)
    again = loop.copy()
    later = make(again.optimizer)
    later.load_state_dict(copy.deepcopy(scheduler.state_dict()))
    with guard(again.optimizer, make, steps=STEPS, first_step=BATCHES + 1):
        again.train(3, after_batch=later.step)


def by_hand(make, loop, scheduler):
    seen = []

    def after_batch():
        scheduler.step()
        seen.append(1)
        if len(seen) == 4:
            loop.optimizer.param_groups[0]["lr"] = 0.0123

    with guard(loop.optimizer, make, steps=STEPS):
        loop.train(2, after_batch=after_batch)


def left_out(make, loop, scheduler):
    seen = []

    def batch():
        seen.append(1)
        if len(seen) != 5:
            loop.batch()

    with guard(loop.optimizer, make, steps=STEPS):
        loop.train(3, batch=batch, after_batch=scheduler.step)


def second_scheduler(make, loop, scheduler):
    other = ExponentialLR(loop.optimizer, 0.77)
    with guard(loop.optimizer, make, steps=STEPS):
        loop.train(2, after_batch=lambda: (scheduler.step(), other.step()))


MISTAKES = {
    early: ["scheduler.step() called before optimizer.step()"],
    # The first step is as planned in both, and where the lr stands still at first, so are more.
    twice: ["scheduler.step() called twice for each step", "optimizer.step(), or twice for each step"],
    each_of_three: ["the gradients of 3 are accumulated", "once a batch while 3 are accumulated"],
    never: ["not stepped: scheduler.step() is missing"],
    each_batch: ["scheduler.step() called once a batch where once an epoch was planned"],
    made_anew: ["the plan from its start again"],
    half_loaded: ["the scheduler was loaded, the optimizer was not"],
    by_hand: ["by hand, or loaded"],
    left_out: ["scheduler.step() called where no step was made"],
    second_scheduler: ["2 schedulers on one optimizer"],
}
# These lead to the planned lrs all the same: factors that never change, or that have been used up, or a closed form.
HARMLESS = {
    made_anew: {"ExponentialLR", "MultiplicativeLR", "StepLR", "SWALR"},
    half_loaded: {"CosineAnnealingWarmRestarts"},
    left_out: {"ConstantLR", "LinearLR", "MultiStepLR", "SWALR"},
}


@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step:UserWarning")
@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    mistake=st.sampled_from(list(MISTAKES)), name=st.sampled_from(sorted(set(MAKE_SCHEDULER) - {"ReduceLROnPlateau"}))
)
def test_a_mistake_is_told_whatever_the_scheduler(mistake, name):
    make, loop = MAKE_SCHEDULER[name], Loop()
    scheduler = make(loop.optimizer)
    if name in HARMLESS.get(mistake, ()):
        mistake(make, loop, scheduler)
        return
    with pytest.raises(PlanError) as caught:
        mistake(make, loop, scheduler)
    assert any(words in str(caught.value) for words in MISTAKES[mistake]), str(caught.value)
