"""A training as it was planned is left alone, whatever it is made of; one that is not ends at the step that differs."""

import copy
import math

import numpy as np
import pytest
import strangers
import torch
from cases import MAKE_SCHEDULER, OPTIMIZERS, same, train_a_little
from hypothesis import given, settings
from hypothesis import strategies as st
from loops import BATCHES, Loop, cosine, every_3, fall, straight
from torch.optim.lr_scheduler import ReduceLROnPlateau, StepLR

from lrcourse import SmallCNN, fit, guard, record, simulate
from lrcourse.schedules import PlanError

LRS = {
    "float": lambda lr: lr,
    "tensor": torch.tensor,
    "64 bits": lambda lr: torch.tensor(lr, dtype=torch.float64),
    "NumPy, 32 bits": np.float32,
}


def lrs(optimizer):
    return [group["lr"] for group in optimizer.param_groups]


def losses(name, number):
    """Return what the scheduler is given, if it is a plateau."""
    return [float((7 * i) % 5) for i in range(number)] if name == "ReduceLROnPlateau" else None


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    name=st.sampled_from(sorted(MAKE_SCHEDULER)),
    lr=st.sampled_from(sorted(LRS)),
    groups=st.integers(1, 3),
    epoch=st.sampled_from([1, 4]),
    listed=st.booleans(),
    late=st.booleans(),
)
def test_a_training_as_planned_is_left_alone(name, lr, groups, epoch, listed, late):
    """By every scheduler, per batch or per epoch, told by a list or by the factory, which may be made already."""
    make, steps = MAKE_SCHEDULER[name], 20
    loop = Loop(lr=LRS[lr](0.1), groups=groups)
    for group, own in zip(loop.optimizer.param_groups, (0.1, 0.02, 0.3), strict=False):
        group["lr"] = LRS[lr](own)
    metrics = losses(name, steps // epoch)
    read = {"optimizer": copy.deepcopy(loop.optimizer), "metrics": metrics, "read": lrs}
    scheduler = None if late else make(loop.optimizer)
    if listed:
        of = simulate(make, steps // epoch, **{**read, "read": lambda o: [float(lr) for lr in lrs(o)]})
        plan = guard(loop.optimizer, of, steps_per_epoch=epoch, to_the_end=True)
    elif epoch == 1:
        plan = guard(loop.optimizer, make, steps=steps, metrics=metrics, to_the_end=True)
    else:
        plan = guard(loop.optimizer, per_epoch=make, steps_per_epoch=epoch, steps=steps, metrics=metrics)
    with plan:
        scheduler = scheduler or make(loop.optimizer)
        for step in range(1, steps + 1):
            loop.batch()
            if step % epoch == 0:
                scheduler.step(*([metrics[step // epoch - 1]] if metrics else []))


@pytest.mark.parametrize("name", sorted(set(MAKE_SCHEDULER) - {"ReduceLROnPlateau"}))
@pytest.mark.parametrize("stop", [1, 5, 8])
def test_a_run_that_goes_on_as_it_should_is_left_alone(name, stop):
    make, loop = MAKE_SCHEDULER[name], Loop(torch.optim.Adam)
    scheduler = make(loop.optimizer)
    with guard(loop.optimizer, make, steps=12):
        for _ in range(stop):
            loop.batch()
            scheduler.step()
    again = loop.copy(torch.optim.Adam)
    later = make(again.optimizer)
    again.optimizer.load_state_dict(copy.deepcopy(loop.optimizer.state_dict()))
    later.load_state_dict(copy.deepcopy(scheduler.state_dict()))
    with guard(again.optimizer, make, steps=12, to_the_end=True):
        for _ in range(12 - stop):
            again.batch()
            later.step()


@pytest.mark.parametrize("interrupted", [False, True])
def test_fit_is_held_to_both_its_schedulers_also_from_a_checkpoint(interrupted, data, tmp_path):
    def run(stop_at):
        torch.manual_seed(0)
        model = SmallCNN()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        one, other = straight(optimizer), fall(optimizer)
        made = []

        def stop(*_):
            made.append(1)
            if len(made) == stop_at:
                raise KeyboardInterrupt

        optimizer.register_step_post_hook(stop)
        with guard(optimizer, straight, steps=12, per_epoch=fall, steps_per_epoch=4, to_the_end=True):
            fit(
                model,
                optimizer,
                data,
                epochs=3,
                batch_size=11,
                per_batch=one,
                per_epoch=other,
                checkpoint=tmp_path / "run.pt",
            )
        return len(made)

    if interrupted:
        with pytest.raises(KeyboardInterrupt):
            run(6)
    assert run(None) == (8 if interrupted else 12)


def hooks_of(optimizer):
    return len(optimizer._optimizer_step_pre_hooks) + len(optimizer._optimizer_step_post_hooks)


class Mine(Exception):
    pass


@pytest.mark.parametrize("error", [Mine("x"), KeyboardInterrupt(), AssertionError("y"), StopIteration()])
def test_the_hooks_are_gone_afterwards_and_an_error_of_the_training_passes(error):
    loop = Loop()
    with pytest.raises(type(error)) as caught:
        with guard(loop.optimizer, [0.1] * 9):
            assert hooks_of(loop.optimizer) == 2
            loop.batch()
            raise error
    assert caught.value is error and hooks_of(loop.optimizer) == 0


@pytest.mark.parametrize("name", sorted(set(OPTIMIZERS) - {"LBFGS"}))
def test_the_step_that_raises_is_whole_and_the_guard_changes_nothing(name):
    def run(around=None):
        sparse = name == "SparseAdam"
        return train_a_little(lambda params: OPTIMIZERS[name](params, lr=0.01), sparse=sparse, around=around)

    def held(model, optimizer):
        return guard(optimizer, [0.01] * 3 + [0.02])

    model, optimizer = run()
    kept = []

    def keep(model, optimizer):
        kept.extend([model, optimizer])
        return held(model, optimizer)

    with pytest.raises(PlanError, match="^step 4, param group 0: planned lr 0.02, used lr 0.01\n"):
        run(keep)
    assert same(kept[0].state_dict(), model.state_dict()) and same(kept[1].state_dict(), optimizer.state_dict())
    assert hooks_of(kept[1]) == 0


def test_a_training_that_goes_on_after_the_error_is_told_again():
    loop = Loop()
    told = []
    with guard(loop.optimizer, [0.1, 0.2, 0.1]):
        for _ in range(3):
            try:
                loop.batch()
            except PlanError as error:
                told.append(error)
    assert [error.step for error in told] == [2, 2] and told[0] is told[1]
    assert (told[0].group, told[0].planned, told[0].used) == (0, 0.2, 0.1)


def deeper(base):
    class Deeper(base):
        def step(self, closure=None):
            return super().step(closure)

    return Deeper


class TwoPhases(torch.optim.Optimizer):
    """As sharpness-aware minimization: uphill, and then a step of another optimizer from there."""

    def __init__(self, params, lr):
        super().__init__(params, {"lr": lr})
        self.base = torch.optim.SGD(self.param_groups, lr=lr)
        self.param_groups = self.base.param_groups

    def step(self, closure=None):
        self.base.step()


KINDS = {
    "SGD": torch.optim.SGD,
    "deeper": deeper(deeper(torch.optim.SGD)),
    "two phases": TwoPhases,
    "fused": lambda params, lr: torch.optim.Adam(params, lr=lr, fused=True),
    "Lookahead": strangers.Lookahead,
    "Guesses": strangers.Guesses,
}


def train(optimizer, layer, batches, begun=None):
    """Train batch by batch: with a gradient or without, or with a closure that fails, or skipped by a GradScaler."""
    begun = [] if begun is None else begun
    for what in batches:
        begun.append(what)
        layer.zero_grad()
        if what != "no gradient":
            layer(torch.ones(1, 2)).square().sum().backward()
        if what == "skipped":
            optimizer.found_inf, optimizer.grad_scale = torch.ones(()), torch.ones(())
        if what == "fails":
            with pytest.raises(ZeroDivisionError):
                optimizer.step(lambda: 1 / 0)
        else:
            optimizer.step()
        vars(optimizer).pop("found_inf", None), vars(optimizer).pop("grad_scale", None)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(data=st.data(), kind=st.sampled_from(sorted(KINDS)))
def test_steps_are_counted_as_record_counts_them(data, kind):
    happens = [
        "step",
        *["no gradient", "fails"] * (kind in ("SGD", "deeper", "fused")),
        *["skipped"] * (kind == "fused"),
    ]
    batches = [*data.draw(st.lists(st.sampled_from(happens), max_size=9)), "step"]
    layer = torch.nn.Linear(2, 1)
    with record(layer, optimizer := KINDS[kind](layer.parameters(), lr=0.1)) as trace:
        train(optimizer, layer, batches)
    optimizer = KINDS[kind](layer.parameters(), lr=0.1)
    begun = []
    with pytest.raises(PlanError) as caught, guard(optimizer, [0.1] * (len(trace.step) - 1) + [0.2]):
        train(optimizer, layer, batches, begun)
    assert caught.value.step == trace.step[-1] == batches.count("step")
    assert begun == batches  # not before the last of them


def test_a_closure_that_fails_makes_no_step():
    loop = Loop()
    with guard(loop.optimizer, [0.1, 0.2]):
        loop.batch()
        with pytest.raises(ZeroDivisionError):
            loop.optimizer.step(lambda: 1 / 0)
        loop.optimizer.param_groups[0]["lr"] = 0.2
        loop.batch()


def test_steps_that_the_scaler_skips_are_none_of_the_plan():
    loop, scaler = Loop(), torch.amp.GradScaler("cpu")
    scheduler = fall(loop.optimizer)
    with guard(loop.optimizer, fall, steps=8, to_the_end=True):
        for batch in range(10):
            loop.optimizer.zero_grad()
            scaler.scale(loop.layers(torch.ones(3, 2)).square().sum()).backward()
            if batch in (0, 4):
                next(loop.layers.parameters()).grad.fill_(math.inf)
            before = scaler.get_scale()
            scaler.step(loop.optimizer)
            scaler.update()
            if scaler.get_scale() >= before:
                scheduler.step()


@pytest.mark.parametrize("name", ["Modes", "Lookahead", "ScheduleFree", "Guesses"])
def test_optimizers_of_others_are_held_to_the_plan(name):
    layer = torch.nn.Linear(2, 1)
    optimizer = strangers.OPTIMIZERS[name](layer.parameters(), lr=0.1)
    if hasattr(optimizer, "train"):
        optimizer.train()
    with pytest.raises(PlanError, match="step 3, param group 0: planned lr 0.05, used lr 0.1"):
        with guard(optimizer, [0.1, 0.1, 0.05]):
            for _ in range(3):
                layer(torch.ones(1, 2)).square().sum().backward()
                optimizer.step()


def test_a_tensor_lr_is_compared_as_it_was_in_the_step():
    loop = Loop(lr=(lr := torch.tensor(0.1)))
    with pytest.raises(PlanError, match="step 2, .*planned lr 0.1, used lr 0.05"):
        with guard(loop.optimizer, [lr.item()] * 3):
            loop.batch()
            lr.mul_(0.5)
            loop.batch()


@pytest.mark.parametrize("make", [straight, fall, cosine])
def test_a_tensor_of_32_bits_may_be_rounded_at_each_step_and_no_more(make):
    plan = simulate(make, 300)
    loop = Loop(lr=torch.tensor(0.1))
    scheduler = make(loop.optimizer)
    with guard(loop.optimizer, plan):
        loop.train(50, after_batch=scheduler.step)
    with pytest.raises(PlanError, match="step 1, .*planned lr 0.1, used lr 0.100001"):
        loop = Loop(lr=torch.tensor(0.100001))
        with guard(loop.optimizer, [0.1]):
            loop.batch()


def test_a_number_is_compared_to_the_last_bit_unless_a_difference_is_let_pass():
    near = math.nextafter(0.1, 1)
    loop = Loop(lr=near)
    with pytest.raises(
        PlanError, match=rf"planned lr 0.1, used lr {near!r}\nThis fits with the same schedule, computed"
    ):
        with guard(loop.optimizer, [0.1]):
            loop.batch()
    with guard(loop.optimizer, [0.1], tolerance=1e-12, first_step=1):
        loop.batch()
    with pytest.raises(PlanError):
        with guard(loop.optimizer, [0.2], tolerance=0.4, first_step=1):
            loop.batch()


def test_every_group_is_looked_at():
    loop = Loop(groups=3)
    with pytest.raises(PlanError, match=r"^step 2, param group 1 \(and 2\): planned lr 0.2, used lr 0.1") as caught:
        with guard(loop.optimizer, torch.tensor([[0.1, 0.1, 0.1], [0.1, 0.2, 0.3]], dtype=torch.float64)):
            loop.batch()
            loop.batch()
    assert (caught.value.step, caught.value.group) == (2, 1)


def test_the_plan_may_be_shorter_than_the_training_and_longer():
    loop = Loop()
    with guard(loop.optimizer, [0.1] * 5):
        loop.train(1, batch=lambda: None)
        loop.batch()
    with pytest.raises(PlanError, match="^the training ended after step 3, and the plan has 5\n") as caught:
        with guard(loop.optimizer, [0.1] * 5, to_the_end=True):  # goes on counting: it is step 2
            loop.batch()
            loop.batch()
    assert caught.value.step == 3
    with pytest.raises(PlanError, match="^step 6 was made, and the plan has 5; used lr 0.1\n"):
        with guard(loop.optimizer, [0.1] * 5):
            loop.train()
    with guard(loop.optimizer, [0.1] * BATCHES, first_step=1, to_the_end=True):
        loop.train(1)


def test_it_goes_on_from_what_was_recorded_and_the_other_way_round():
    loop = Loop()
    with record(loop.layers, loop.optimizer):
        loop.batch()
    with guard(loop.optimizer, [9.0, 0.1, 0.1]):
        loop.batch()
    with record(loop.layers, loop.optimizer) as trace:
        loop.batch()
    assert trace.step == [3]


def test_a_plateau_that_goes_on_needs_a_list():
    def plateau(optimizer):
        return ReduceLROnPlateau(optimizer, patience=0)

    loop = Loop(torch.optim.Adam)
    loop.batch()
    options = {"steps": 3, "metrics": [1.0, 1.0, 1.0]}
    with pytest.raises(ValueError, match="has made 1 steps, and its param groups do not say with which lr they began"):
        with guard(loop.optimizer, plateau, **options):
            pass
    with pytest.raises(ValueError, match="has made 4 steps"):
        with guard(loop.optimizer, plateau, first_step=5, **options):
            pass
    with guard(loop.optimizer, plateau, first_step=1, **options):
        loop.batch()


INDEX = {
    "early": (lambda step: step + 1, 1, "scheduler.step() called before optimizer.step()"),
    "late": (lambda step: max(step - 1, 0), 2, "scheduler"),
    "twice": (lambda step: 2 * step, 2, "scheduler.step() called twice for each step: in 2 places"),
    "five times": (lambda step: 5 * step, 2, "scheduler.step() called 5 times for each step"),
    "accumulated": (lambda step: 3 * step + 2, 1, "gradients of 3 are accumulated"),
    "never": (lambda step: 0, 2, "no scheduler of torch that acts on this optimizer"),
    "once left out": (lambda step: step - (step > 5), 7, "one scheduler.step() left out"),
    "half as fast": (lambda step: step / 2, 2, "a plan gone through about 2 times as slowly"),
}


@pytest.mark.parametrize("name", INDEX)
def test_causes_are_measured_also_where_no_scheduler_of_torch_sets_the_lr(name):
    index, step, words = INDEX[name]

    def lr_at(step):
        return 0.1 * (1 + math.cos(math.pi * step / 80))

    loop = Loop()
    with pytest.raises(PlanError) as caught:
        with guard(loop.optimizer, [lr_at(step) for step in range(40)]):
            for made in range(40):
                loop.optimizer.param_groups[0]["lr"] = lr_at(index(made))
                loop.batch()
    assert caught.value.step == step and words in str(caught.value)


class Odd(torch.optim.lr_scheduler.LRScheduler):
    """One of torch's by class, that keeps nothing of what those keep."""

    def __init__(self, optimizer, **kept):
        self.optimizer = optimizer
        vars(self).update(kept)

    def step(self):
        for group in self.optimizer.param_groups:
            group["lr"] *= 0.5


@pytest.mark.parametrize(
    "kept", [{}, {"last_epoch": None}, {"last_epoch": 3, "_last_lr": 0.1}, {"_schedulers": [], "T_max": None}]
)
def test_a_scheduler_that_counts_otherwise_hides_no_error(kept):
    loop = Loop()
    scheduler = Odd(loop.optimizer, **kept)
    with pytest.raises(PlanError, match="^step 2, param group 0: planned lr 0.1, used lr 0.05\nThis fits with "):
        with guard(loop.optimizer, [0.1] * 3):
            loop.train(1, after_batch=scheduler.step)


def test_a_group_that_was_taken_away_hides_no_error():
    loop = Loop(groups=2)
    with pytest.raises(PlanError, match="^step 1, param group 0: planned lr 0.2, used lr 0.1\nThis fits with "):
        with guard(loop.optimizer, [[0.2, 0.2]] * 3):
            loop.optimizer.param_groups.pop()
            loop.batch()


@pytest.mark.parametrize(
    "call, error, message",
    [
        (
            lambda o: guard(every_3(o), [0.1]),
            TypeError,
            "guard watches an optimizer, got StepLR: pass guard(optimizer, ",
        ),
        (lambda o: guard(o), TypeError, "there is no plan: pass what simulate(...) returned, or a factory of sched"),
        (lambda o: guard(o, every_3), ValueError, "a factory alone does not say how long the training is: pass steps="),
        (lambda o: guard(o, [0.1], steps=1), ValueError, "steps is for a plan that is a factory; a list says itself"),
        (lambda o: guard(o, [0.1], metrics=[1]), ValueError, "metrics is for a plan that is a factory"),
        (lambda o: guard(o, []), ValueError, "plan must be finite numbers, one for each step, got []: pass what"),
        (lambda o: guard(o, 0.1), ValueError, "plan must be finite numbers, one for each step, got"),
        (lambda o: guard(o, "0.1"), ValueError, "plan must be finite numbers, one for each step, got"),
        (lambda o: guard(o, [0.1, math.nan]), ValueError, "plan must be finite numbers, one for each step, got"),
        (lambda o: guard(o, [[0.1], [None]]), ValueError, "plan must be finite numbers, one for each step, got [None]"),
        (
            lambda o: guard(o, [[0.1, 0.1]]),
            ValueError,
            "plan has 2 lrs for the first step, but the optimizer has 1 par",
        ),
        (lambda o: guard(o, [0.1], first_step=0), ValueError, "first_step must be a whole number from 1, got 0"),
        (
            lambda o: guard(o, [0.1], steps_per_epoch=0),
            ValueError,
            "steps_per_epoch must be a whole number of optimizer",
        ),
        (lambda o: guard(o, [0.1], tolerance=-1), ValueError, "tolerance must be a finite number from 0, got -1"),
        (lambda o: guard(o, per_epoch=fall, steps=4), ValueError, "per_epoch and steps_per_epoch go together"),
        (
            lambda o: guard(o, StepLR(o, 2), steps=4),
            TypeError,
            "plan is a StepLR, got where a function that makes one is",
        ),
        (
            lambda o: guard(strangers.OwnLr([torch.nn.Parameter(torch.ones(1))]), [0.1]),
            ValueError,
            "OwnLr holds no lr, because it chooses its lr itself",
        ),
    ],
)
def test_a_wrong_call_is_refused_before_the_training(call, error, message):
    optimizer = Loop().optimizer
    with pytest.raises(error) as caught:
        with call(optimizer):
            pass
    assert caught.value.args[0].startswith(message) and hooks_of(optimizer) == 0
