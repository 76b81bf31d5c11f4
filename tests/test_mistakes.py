"""What a user gets who holds recorder, rules or simulate the wrong way round."""

import pytest
import torch
from torch.optim.lr_scheduler import ReduceLROnPlateau, StepLR

from lrcourse import decompose, effective_lr, plot_step, plot_two_clocks, record, simulate
from lrcourse.traces import Trace


class Mine(torch.optim.Optimizer):
    """An optimizer there is no rule for."""

    def __init__(self, params):
        super().__init__(params, {"lr": 0.1})

    def step(self, closure=None):
        pass


class Scene:
    """A model, its optimizer, and a step made; what a mistake is made with."""

    def __init__(self):
        self.model = torch.nn.Linear(2, 1)
        self.adamw = torch.optim.AdamW(self.model.parameters(), lr=0.1)
        self.fresh = torch.optim.Adam(self.model.parameters(), lr=0.1)
        self.scheduler = StepLR(self.adamw, 2)
        self.model(torch.ones(1, 2)).sum().backward()
        self.adamw.step()

    def record(self, *args, **kwargs):
        with record(*args, **kwargs):
            pass

    def stepped(self, optimizer):
        optimizer.step()
        return optimizer


MISTAKES = {
    "record: the scheduler instead of the optimizer": (
        lambda s: s.record(s.model, s.scheduler),
        TypeError,
        "record watches an optimizer, got StepLR: pass record(model, optimizer)",
    ),
    "record: model and optimizer swapped": (
        lambda s: s.record(s.adamw, s.model),
        TypeError,
        "record watches an optimizer, got Linear: pass record(model, optimizer)",
    ),
    "record: every step, but none": (
        lambda s: s.record(s.model, s.adamw, every=0),
        ValueError,
        "every must be a whole number of steps, from 1, got 0",
    ),
    "plot: nothing was recorded": (
        lambda s: plot_two_clocks(Trace()),
        ValueError,
        "this trace holds no step: draw it after a run inside `with record(...) as trace:`",
    ),
    "plot: one step of a trace without any": (
        lambda s: plot_step(Trace(), 0),
        ValueError,
        "this trace holds no step",
    ),
    "effective_lr: before the first step": (
        lambda s: effective_lr(s.fresh, s.model.weight),
        ValueError,
        "Adam keeps no 'exp_avg_sq' for this parameter yet: call optimizer.step() first",
    ),
    "effective_lr: a parameter of another optimizer": (
        lambda s: effective_lr(s.adamw, torch.nn.Parameter(torch.ones(2))),
        KeyError,
        "param is not a parameter of this optimizer: pass one of its param_groups",
    ),
    "effective_lr: an optimizer without a rule": (
        lambda s: effective_lr(Mine(s.model.parameters()), s.model.weight),
        TypeError,
        "there is no rule for Mine, only for ASGD, Adadelta,",
    ),
    "decompose: after zero_grad": (
        lambda s: (s.adamw.zero_grad(), decompose(s.adamw, s.model.weight)),
        ValueError,
        "param has no gradient, so no step was made on it: call this after step(), before zero_grad()",
    ),
    "decompose: weight decay, but not the weights before": (
        lambda s: decompose(s.adamw, s.model.weight),
        ValueError,
        "this step depends on the weights before it: clone them, then pass before=",
    ),
    "decompose: state that the step overwrote": (
        lambda s: decompose(
            s.stepped(s.stepped(torch.optim.Adadelta(s.model.parameters()))), s.model.weight, before=s.model.weight
        ),
        ValueError,
        "Adadelta overwrites acc_delta in the step: call lrcourse.adaptive.look_before(optimizer, param) before it",
    ),
    "simulate: the scheduler instead of a factory": (
        lambda s: simulate(s.scheduler, 5),
        TypeError,
        "got StepLR where a function that makes a scheduler is wanted, such as lambda optimizer: StepLR(optimizer",
    ),
    "simulate: a factory that uses the optimizer outside": (
        lambda s: simulate(lambda optimizer: StepLR(s.adamw, 2), 5),
        ValueError,
        "StepLR was made for another optimizer: use the one that make_scheduler is given",
    ),
    "simulate: a factory that returns nothing": (
        lambda s: simulate(lambda optimizer: None, 5),
        TypeError,
        "make_scheduler must take an optimizer and return a scheduler; it returned NoneType",
    ),
    "simulate: a plateau without metrics": (
        lambda s: simulate(lambda optimizer: ReduceLROnPlateau(optimizer), 5),
        ValueError,
        "ReduceLROnPlateau takes one metric each time it is stepped, 5 in all; got none",
    ),
    "simulate: metrics for a scheduler that takes none": (
        lambda s: simulate(lambda optimizer: StepLR(optimizer, 2), 2, metrics=[1, 2]),
        ValueError,
        "StepLR takes no metrics; got 2",
    ),
    "simulate: epochs as a fraction": (
        lambda s: simulate(lambda optimizer: StepLR(optimizer, 2), 2.5),
        ValueError,
        "steps must be a whole number of optimizer steps, from 1, got 2.5",
    ),
    "simulate: a second scheduler, but how long is an epoch": (
        lambda s: simulate(lambda o: StepLR(o, 2), 4, per_epoch=lambda o: StepLR(o, 1)),
        ValueError,
        "per_epoch and steps_per_epoch go together; got steps_per_epoch=None",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_gets_a_clear_error(mistake):
    do, kind, message = MISTAKES[mistake]
    with pytest.raises(kind) as caught:
        do(Scene())
    assert message in caught.value.args[0]
