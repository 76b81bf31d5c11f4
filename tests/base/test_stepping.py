"""Which calls of ``step()`` are steps: the outermost of those within one another, if a weight was moved."""

import gc
import weakref

import pytest
import strangers
import torch
from torch.optim import SGD, Adam

from lrcourse.base import Outermost, moved_by_step, step_hooks, steps_inside


class Deeper(SGD):
    def step(self, closure=None):
        return super().step(closure)


class Deepest(Deeper):
    def step(self, closure=None):
        loss = super().step(closure)
        if closure is not None:
            raise RuntimeError("after the steps of both parents")
        return loss


def weight():
    param = torch.nn.Parameter(torch.ones(1))
    param.grad = torch.ones(1)
    return param


def hooks():
    """Return the calls as they are seen, the list to which each begin and end of a step is added, and what does so."""
    calls, seen = Outermost(), []

    def before(*_):
        if calls.begins():
            seen.append("begins")

    def after(*_):
        if calls.ends():
            seen.append("ends")

    return calls, seen, before, after


def watched(optimizer):
    calls, seen, before, after = hooks()
    optimizer.register_step_pre_hook(before)
    optimizer.register_step_post_hook(after)
    return calls, seen


@pytest.mark.parametrize("kind", [SGD, Deeper, Deepest])
def test_a_step_begins_and_ends_once_however_many_parents_make_it(kind):
    SGD([weight()])  # torch hooks a class when the first of it is made
    optimizer = kind([weight()], lr=0.1)
    _, seen = watched(optimizer)
    optimizer.step()
    optimizer.step()
    assert seen == ["begins", "ends"] * 2


def test_a_step_that_failed_does_not_hide_the_next():
    optimizer = Deepest([weight()], lr=0.1)
    _, seen = watched(optimizer)
    with pytest.raises(RuntimeError, match="after the steps of both"):
        optimizer.step(lambda: 0.0)
    optimizer.step()
    assert seen == ["begins", "begins", "ends"]


def test_nothing_of_a_step_is_kept_once_it_is_to_be_forgotten():
    class Batch:
        pass

    def train():
        batch = Batch()
        optimizer.step(lambda: batch and 0.0)
        return weakref.ref(batch)

    optimizer = SGD([weight()], lr=0.1)
    calls, _ = watched(optimizer)
    there = train()
    calls.forget()
    gc.collect()
    assert there() is None


def test_weights_with_a_gradient_are_moved_each_in_its_group():
    one, two, still = weight(), weight(), torch.nn.Parameter(torch.ones(1))
    optimizer = SGD([{"params": [one, still]}, {"params": [two]}], lr=0.1)
    assert moved_by_step(optimizer) == {one: 0, two: 1}
    optimizer.found_inf = torch.zeros(())
    assert moved_by_step(optimizer) == {one: 0, two: 1}
    optimizer.found_inf = torch.ones(())  # as GradScaler tells a fused one
    assert moved_by_step(optimizer) == {}
    del optimizer.found_inf
    optimizer.zero_grad()
    assert moved_by_step(optimizer) == {}


class Unknown(torch.optim.Optimizer):
    """One that runs hooks and is nobody's child; it may hold another."""

    def __init__(self, params, held=None):
        super().__init__(params, {"lr": 0.1})
        self.held = held

    def step(self, closure=None): ...


def test_the_one_inside_makes_the_steps_where_the_outer_one_runs_no_hooks_or_is_unknown():
    inner = Adam([weight()])
    assert steps_inside(inner) is inner
    assert steps_inside(Unknown([weight()], inner)) is inner
    assert steps_inside(Unknown([weight()], inner), lambda optimizer: True).held is inner
    alone = Unknown([weight()])
    assert steps_inside(alone) is alone
    lookahead, modes = strangers.Lookahead([weight()]), strangers.Modes([weight()])
    assert steps_inside(lookahead) is lookahead.base_optimizer and steps_inside(modes) is modes.base


def test_one_of_torchs_is_not_left_for_one_that_it_holds():
    holds = Deeper([weight()], lr=0.1)
    holds.other = Adam([weight()])
    assert steps_inside(holds) is holds


def test_what_runs_no_hooks_and_holds_nothing_is_refused():
    class Bare:
        def step(self): ...

    with pytest.raises(
        TypeError, match="^Bare does not run torch's step hooks, and holds no optimizer that does: call"
    ):
        steps_inside(Bare())


def test_of_hooks_on_a_compiled_step_nothing_is_compiled_and_it_is_one_step():
    optimizer = Deepest([weight()], lr=0.1)
    _, seen, before, after = hooks()
    compiling = []

    def look(*_):
        compiling.append(torch.compiler.is_compiling())

    step = torch.compile(optimizer.step, backend="eager")
    # That dynamo cannot trace what they do would be a warning.
    with step_hooks(optimizer, before, after), step_hooks(optimizer, look, look):
        step()
        step()
    step()
    assert seen == ["begins", "ends"] * 2 and len(compiling) == 12 and not any(compiling)


def test_hooks_are_gone_after_an_exception():
    optimizer = SGD([weight()], lr=0.1)
    _, seen, *both = hooks()
    with pytest.raises(ZeroDivisionError), step_hooks(optimizer, *both):
        optimizer.step()
        raise ZeroDivisionError
    optimizer.step()
    assert seen == ["begins", "ends"]
