"""What is used like an optimizer or a scheduler of torch's is one, and what is not gets the line that makes it so."""

import itertools
import re
import types

import pytest
import strangers
import torch
from cases import MAKE_SCHEDULER, OPTIMIZERS
from torch.optim import lr_scheduler as schedulers

from lrcourse.base import (
    acts_on,
    check_scheduler,
    is_optimizer,
    is_scheduler,
    optimizers_in,
    switch_mode,
    takes_metric,
)


def weight():
    return torch.nn.Parameter(torch.ones(1, 1))


def sgd():
    return torch.optim.SGD([weight()], lr=0.1)


def make(name):
    return (OPTIMIZERS | strangers.OPTIMIZERS)[name]([weight()])


@pytest.mark.parametrize("name", sorted(OPTIMIZERS | strangers.OPTIMIZERS))
def test_an_optimizer_is_one_and_no_scheduler(name):
    optimizer = make(name)
    assert is_optimizer(optimizer) and not is_scheduler(optimizer) and optimizers_in(optimizer)[0] is optimizer


@pytest.mark.parametrize("name", sorted(MAKE_SCHEDULER | strangers.MAKE_SCHEDULER))
def test_a_scheduler_is_one_and_acts_on_its_optimizer_alone(name):
    optimizer = sgd()
    scheduler = (MAKE_SCHEDULER | strangers.MAKE_SCHEDULER)[name](optimizer)
    check_scheduler("per_epoch", scheduler)
    assert is_scheduler(scheduler) and not is_optimizer(scheduler) and acts_on(scheduler, optimizer)
    assert takes_metric(scheduler) == (name in ("ReduceLROnPlateau", "Greedy"))
    if name != "HoldsGroup":  # which does not show an optimizer
        assert not acts_on(scheduler, sgd())


@pytest.mark.parametrize("thing", [torch.optim.SGD, schedulers.StepLR, print, None, 3, "StepLR", {}, torch.nn.ReLU()])
def test_nothing_else_is_either(thing):
    assert not is_optimizer(thing) and not is_scheduler(thing)


@pytest.mark.parametrize("outer", [strangers.Lookahead, strangers.Modes])
def test_what_acts_on_the_inner_optimizer_acts_on_the_outer_one(outer):
    optimizer = outer([weight()])
    _, inner = optimizers_in(optimizer)
    assert acts_on(schedulers.StepLR(inner, 1), optimizer) and acts_on(strangers.Plain(optimizer), inner)


class Side:
    """Two optimizers side by side, and the groups of both made into a new list each time."""

    def __init__(self, *optimizers):
        self.optimizers = list(optimizers)

    @property
    def param_groups(self):
        return [group for optimizer in self.optimizers for group in optimizer.param_groups]

    def step(self):
        for optimizer in self.optimizers:
            optimizer.step()

    zero_grad = step


def test_optimizers_are_found_in_lists_and_through_several_layers():
    one, other = sgd(), strangers.Lookahead([weight()])
    both = Side(one, other)
    assert optimizers_in(both) == [both, one, other, other.base_optimizer]
    assert acts_on(schedulers.StepLR(one, 1), both) and acts_on(schedulers.StepLR(other.base_optimizer, 1), both)
    one.around = both  # a ring
    assert len(optimizers_in(both)) == 4 and len(optimizers_in(one)) == 4


@pytest.mark.parametrize("around", [lambda o: o, lambda o: types.SimpleNamespace(param_groups=[], optimizer=o)])
def test_a_mode_is_switched_wherever_there_is_one(around):
    optimizer = strangers.Modes([weight()])
    outer = around(optimizer)
    outer.step = outer.zero_grad = lambda: None
    switch_mode(outer, "train")
    assert optimizer.train_mode
    switch_mode(outer, "eval")
    assert not optimizer.train_mode
    switch_mode(sgd(), "train")  # there is none


def stepping(step):
    return types.SimpleNamespace(step=step)


@pytest.mark.parametrize(
    "step, takes",
    [
        (lambda: None, False),
        (lambda epoch=None: None, False),
        (lambda count=0, metric=None: None, False),
        (lambda metrics: None, True),
        (lambda val_loss, epoch=None: None, True),
        (lambda score=None: None, True),
        (lambda *args, **kwargs: None, False),
    ],
)
def test_a_metric_is_what_the_first_argument_is_called(step, takes):
    check_scheduler("per_epoch", stepping(step))
    assert takes_metric(stepping(step)) == takes


def test_a_scheduler_that_hands_all_on_takes_what_the_one_inside_takes():
    assert takes_metric(strangers.HandsOn(sgd(), schedulers.ReduceLROnPlateau))
    with pytest.raises(TypeError, match=r"per_epoch: HandsOn wants step\(epoch\)"):
        check_scheduler("per_epoch", strangers.HandsOn(sgd(), strangers.ByEpoch))


@pytest.mark.parametrize(
    "step, wanted",
    [
        (lambda epoch: None, "epoch"),
        (lambda epoch, metric: None, "epoch, metric"),
        (lambda loss, epoch: None, "loss, epoch"),
        (lambda t, loss=None: None, "t"),
    ],
)
def test_a_scheduler_that_wants_to_be_told_the_epoch_is_refused(step, wanted):
    with pytest.raises(TypeError, match=rf"per_epoch: SimpleNamespace wants step\({wanted}\), but torch's schedulers"):
        check_scheduler("per_epoch", stepping(step))


class OnlySteps(strangers.ByEpoch):
    """Nothing but ``step(epoch)``: what it computes cannot be asked for."""

    def __init__(self, optimizer):
        super().__init__(optimizer)
        self.bases = vars(self).pop("base_values")

    _get_lr = property()

    def step(self, epoch):
        self.optimizer.param_groups[0]["lr"] = self.bases[0] * max(0, 1 - epoch / self.lasts)


@pytest.mark.parametrize("cls", [strangers.ByEpoch, OnlySteps])
def test_the_line_that_the_error_names_adapts_it(cls):
    with pytest.raises(TypeError) as refused:
        check_scheduler("per_epoch", cls(sgd()))
    line = re.search(rf"with scheduler = {cls.__name__}\(\.\.\.\), take (.*) in its place", str(refused.value))[1]
    optimizer = sgd()
    names = {"scheduler": cls(optimizer), "optimizer": optimizer}
    adapted = eval(line, {"torch": torch, "types": types, "itertools": itertools, **names})
    check_scheduler("per_epoch", adapted)
    assert acts_on(adapted, optimizer)
    used = []
    for _ in range(6):
        used.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        adapted.step()
    assert used == pytest.approx([0.1, 0.08, 0.06, 0.04, 0.02, 0])


@pytest.mark.parametrize(
    "thing, said",
    [
        (schedulers.StepLR, "got the class StepLR itself: pass the scheduler itself, such as StepLR"),
        (lambda o: schedulers.StepLR(o, 1), "got function: pass the scheduler itself"),
        (sgd(), "got SGD: pass the scheduler itself"),
        ("cosine", "got str: pass the scheduler itself"),
    ],
)
def test_what_is_no_scheduler_is_refused(thing, said):
    with pytest.raises(TypeError, match=f"per_batch must be a scheduler, {said}"):
        check_scheduler("per_batch", thing)


def test_an_optimizer_is_found_in_a_scheduler_inside_a_scheduler_and_a_ring_has_an_end():
    mine, other = sgd(), sgd()
    inside = stepping(lambda: None)
    inside.schedulers = [schedulers.StepLR(other, 1)]
    outside = stepping(lambda: None)
    outside.scheduler, outside.other = inside, stepping(lambda: None)
    assert acts_on(outside, other) and not acts_on(outside, mine)
    around = stepping(lambda: None)
    around.itself = around
    assert acts_on(around, mine)  # it does not show what it acts on


def test_a_scheduler_that_cannot_be_asked_for_its_lr_is_counted_for():
    for hidden in ("_get_lr", "base_values"):
        shows = stepping(lambda epoch: None)
        setattr(shows, hidden, lambda t: [0.1])
        with pytest.raises(TypeError, match="take types.SimpleNamespace"):
            check_scheduler("per_epoch", shows)
