"""What a user gets who holds a public function the wrong way round: what was wrong, and what to do."""

import math
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import pytest
import strangers
import torch
from test_laws import tiny_data, tiny_model
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau, StepLR

from lrcourse import (
    decompose,
    effective_lr,
    evaluate,
    expect,
    fit,
    grid,
    load_data,
    lr_range_test,
    plot_history,
    plot_range_test,
    plot_step,
    plot_trace,
    plot_two_clocks,
    predict,
    record,
    simulate,
    sweep,
)
from lrcourse.images.download import FetchError, fetch
from lrcourse.steps.traces import Trace
from lrcourse.training.loop import History
from lrcourse.training.range_test import RangeTest


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

    def fit(self, **changed):
        """Train a small net, with some arguments changed."""
        model = tiny_model()
        call = {"model": model, "optimizer": torch.optim.Adam(model.parameters()), "data": tiny_data(), "epochs": 1}
        return fit(**{**call, **changed})

    def range_test(self, **changed):
        call = {"model": tiny_model(), "make_optimizer": torch.optim.Adam, "data": tiny_data()}
        return lr_range_test(**{**call, "lr_min": 1e-3, "lr_max": 1.0, "steps": 3, **changed})

    def trace(self):
        with record(self.model, self.fresh) as trace:
            self.fresh.step()
        return trace

    def record(self, *args, **kwargs):
        with record(*args, **kwargs):
            pass

    def spoiled(self):
        model = tiny_model()
        torch.nn.init.constant_(model[0].weight, math.nan)
        return model

    def holder(self):
        """Return a scheduler whose function holds another scheduler."""
        function = type("WarmThen", (), {"__call__": lambda self, step: 1.0})()
        function.then = self.scheduler
        return LambdaLR(self.adamw, function)

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
        "Adadelta overwrites acc_delta in the step: call lrcourse.steps.look_before(optimizer, param) before it",
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
    "simulate: a text instead of metrics": (
        lambda s: simulate(lambda optimizer: ReduceLROnPlateau(optimizer), 2, metrics="12"),
        ValueError,
        "metrics must be numbers, one for each step, got '12': pass losses, such as history.val_loss",
    ),
    "simulate: an optimizer that holds no lr": (
        lambda s: simulate(lambda o: StepLR(o, 1), 2, optimizer=strangers.OwnLr(s.model.parameters())),
        ValueError,
        "OwnLr holds no lr, because it chooses its lr itself, so there is nothing to change: make it with one, such as",
    ),
    "simulate: a factory of something else than an optimizer": (
        lambda s: simulate(lambda o: StepLR(o, 1), 2, optimizer=lambda params, lr: None),
        TypeError,
        "optimizer must be a class such as torch.optim.Adam, or an optimizer; calling it gave NoneType",
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
    "fit: model and optimizer swapped": (
        lambda s: s.fit(model=s.adamw, optimizer=s.model),
        TypeError,
        "model must be of type Module, got AdamW: call fit(model, optimizer, data, epochs=...)",
    ),
    "fit: a class of optimizer": (
        lambda s: s.fit(optimizer=torch.optim.Adam),
        TypeError,
        "optimizer must be of type Optimizer, got the class Adam itself: make one, such as torch.optim.Adam(model",
    ),
    "fit: the optimizer of an earlier model": (
        lambda s: s.fit(optimizer=s.adamw),
        ValueError,
        "optimizer holds no parameter of model, so nothing would be trained: was the model made anew after it?",
    ),
    "fit: one set of images": (
        lambda s: s.fit(data=tiny_data().train),
        TypeError,
        "data must be of type Data, got Split: pass what load_data() returns, not one of its splits",
    ),
    "fit: no epoch": (lambda s: s.fit(epochs=0), ValueError, "epochs must be a whole number from 1, got 0"),
    "fit: half an epoch": (lambda s: s.fit(epochs=0.5), ValueError, "epochs must be a whole number from 1, got 0.5"),
    "fit: batches of none": (
        lambda s: s.fit(batch_size=0),
        ValueError,
        "batch_size must be a whole number from 1, got 0",
    ),
    "fit: a seed that is none": (
        lambda s: s.fit(seed=None),
        ValueError,
        "seed must be a whole number from 0, got None",
    ),
    "fit: LBFGS": (
        lambda s: s.fit(optimizer=torch.optim.LBFGS([torch.ones(1)])),
        TypeError,
        "LBFGS evaluates the loss several times a step, so step() needs a closure",
    ),
    "fit: a factory of schedulers": (
        lambda s: s.fit(per_epoch=lambda optimizer: StepLR(optimizer, 1)),
        TypeError,
        "per_epoch must be a scheduler, got function: pass the scheduler itself, such as StepLR(optimizer, 10)",
    ),
    "fit: a class of scheduler": (
        lambda s: s.fit(per_epoch=StepLR),
        TypeError,
        "per_epoch must be a scheduler, got the class StepLR itself: pass the scheduler itself",
    ),
    "fit: the optimizer once more, as a scheduler": (
        lambda s: s.fit(per_epoch=s.adamw),
        TypeError,
        "per_epoch must be a scheduler, got AdamW: pass the scheduler itself",
    ),
    "fit: a scheduler that wants to be told the epoch": (
        lambda s: s.fit(per_epoch=strangers.ByEpoch(s.adamw)),
        TypeError,
        "per_epoch: ByEpoch wants step(epoch), but torch's schedulers have step() and count themselves; with scheduler",
    ),
    "fit: several optimizers": (
        lambda s: s.fit(optimizer=[s.adamw, s.fresh]),
        TypeError,
        "fit steps one optimizer, got a list of 2: for several side by side, such as Muon and AdamW, write the loop of",
    ),
    "fit: the parameters instead of an optimizer": (
        lambda s: s.fit(optimizer=s.model.parameters()),
        TypeError,
        "optimizer must be of type Optimizer, got generator: make one, such as torch.optim.Adam(model.parameters()",
    ),
    "fit: epochs as a truth value": (
        lambda s: s.fit(epochs=torch.tensor(True)),
        ValueError,
        "epochs must be a whole number from 1, got tensor(True)",
    ),
    "fit: a scheduler that a checkpoint cannot hold": (
        lambda s: s.fit(optimizer=s.adamw, model=s.model, per_epoch=s.holder(), checkpoint="run.pt"),
        ValueError,
        "per_epoch=LambdaLR keeps a StepLR in its attribute 'lr_lambdas'[0]['then'], which cannot be read back",
    ),
    "fit: the scheduler of another optimizer": (
        lambda s: s.fit(per_batch=s.scheduler),
        ValueError,
        "per_batch=StepLR belongs to another optimizer, so it would change an lr that nobody uses: create it with",
    ),
    "fit: a plateau after every batch": (
        lambda s: s.fit(model=s.model, optimizer=s.adamw, per_batch=ReduceLROnPlateau(s.adamw)),
        TypeError,
        "ReduceLROnPlateau needs the validation loss, which there is once an epoch: pass it as per_epoch",
    ),
    "fit: a folder as checkpoint": (
        lambda s: s.fit(checkpoint=Path(__file__).parent),
        ValueError,
        "checkpoint must name a file, got the folder ",
    ),
    "fit: a checkpoint in a folder that is not there": (
        lambda s: s.fit(checkpoint="nowhere/run.pt"),
        FileNotFoundError,
        "checkpoint=nowhere/run.pt: there is no folder nowhere, make it first",
    ),
    "fit: a checkpoint that is a text": (
        lambda s: s.fit(checkpoint=__file__),
        ValueError,
        "was not written by fit: it does not begin like a file of torch.save. Name another file to begin anew",
    ),
    "evaluate: all sets at once": (
        lambda s: evaluate(tiny_model(), tiny_data()),
        TypeError,
        "split must be of type Split, got Data: pass one set of images, such as data.val",
    ),
    "evaluate: batches of none": (
        lambda s: evaluate(tiny_model(), tiny_data().val, batch_size=0),
        ValueError,
        "batch_size must be a whole number from 1, got 0",
    ),
    "load_data: a word for all": (
        lambda s: load_data(train="all"),
        ValueError,
        "a number of images is a whole number from 1, or None for all there is; got train=all and val=1000",
    ),
    "load_data: more than there is": (
        lambda s: load_data(train=50_000),
        ValueError,
        "has 10,000 images for train=50000 and val=1000: ask for fewer",
    ),
    "load_data: a seed with a fraction": (
        lambda s: load_data(seed=0.5),
        ValueError,
        "seed must be a whole number from 0, got 0.5",
    ),
    "lr_range_test: an optimizer instead of a factory": (
        lambda s: s.range_test(make_optimizer=s.adamw),
        TypeError,
        "make_optimizer must be a function that makes an optimizer, got AdamW: pass a class such as torch.optim.Adam",
    ),
    "lr_range_test: a factory that ignores its argument": (
        lambda s: s.range_test(make_optimizer=lambda parameters: s.adamw),
        ValueError,
        "make_optimizer returned an optimizer over other parameters than it was given",
    ),
    "lr_range_test: a factory that returns nothing": (
        lambda s: s.range_test(make_optimizer=lambda parameters: None),
        TypeError,
        "make_optimizer must return an optimizer that needs no closure; it returned NoneType",
    ),
    "lr_range_test: from large to small": (
        lambda s: s.range_test(lr_min=1.0, lr_max=0.1),
        ValueError,
        "lr_min must be above 0 and below lr_max; got lr_min=1.0, lr_max=0.1",
    ),
    "lr_range_test: from 0, which no factor leaves": (
        lambda s: s.range_test(lr_min=0),
        ValueError,
        "lr_min must be above 0 and below lr_max; got lr_min=0, lr_max=1.0",
    ),
    "lr_range_test: to infinity": (
        lambda s: s.range_test(lr_max=math.inf),
        ValueError,
        "lr_max must be a finite number from 0, got inf",
    ),
    "lr_range_test: an lr as text": (
        lambda s: s.range_test(lr_min="1e-3"),
        ValueError,
        "lr_min must be a finite number from 0, got '1e-3'",
    ),
    "lr_range_test: one step": (
        lambda s: s.range_test(steps=1),
        ValueError,
        "steps must be a whole number from 2, got 1",
    ),
    "lr_range_test: batches of none": (
        lambda s: s.range_test(batch_size=0),
        ValueError,
        "batch_size must be a whole number from 1, got 0",
    ),
    "lr_range_test: weights that are NaN": (
        lambda s: s.range_test(model=s.spoiled()),
        ValueError,
        "the loss is not finite before the first step: look for NaN in the weights of model and in data",
    ),
    "record: no model": (
        lambda s: s.record(None, s.adamw),
        TypeError,
        "model must be of type Module, got NoneType: pass record(model, optimizer)",
    ),
    "effective_lr: the scheduler instead of the optimizer": (
        lambda s: effective_lr(s.scheduler, s.model.weight),
        TypeError,
        "optimizer must be of type Optimizer, got StepLR: pass the optimizer first, then one of its parameters",
    ),
    "decompose: optimizer and parameter swapped": (
        lambda s: decompose(s.model.weight, s.adamw),
        TypeError,
        "optimizer must be of type Optimizer, got Parameter: pass the optimizer first, then one of its parameters",
    ),
    "decompose: the weights before, of another layer": (
        lambda s: decompose(s.adamw, s.model.weight, before=torch.ones(3)),
        ValueError,
        "before must have the shape of param (1, 2), got (3,): clone param before the step",
    ),
    "simulate: the name of an optimizer": (
        lambda s: simulate(lambda optimizer: StepLR(optimizer, 2), 5, optimizer="Adam"),
        TypeError,
        "optimizer must be a class such as torch.optim.Adam, or an optimizer; got 'Adam'",
    ),
    "simulate: a negative lr": (
        lambda s: simulate(lambda optimizer: StepLR(optimizer, 2), 5, lr=-0.1),
        ValueError,
        "lr must be a finite number from 0, got -0.1",
    ),
    "simulate: a class of scheduler that wants more": (
        lambda s: simulate(StepLR, 5),
        TypeError,
        "missing 1 required positional argument: 'step_size'",
    ),
    "sweep: nothing to run": (
        lambda s: sweep(print, []),
        ValueError,
        "there is no configuration to run: pass at least one, for instance grid(lr=[0.1, 0.01])",
    ),
    "sweep: one configuration": (
        lambda s: sweep(print, {"lr": 0.1}),
        TypeError,
        "configs must be a list of dicts, one for each run, got dict: make it with grid(lr=[0.1, 0.01])",
    ),
    "sweep: a table": (
        lambda s: sweep(print, pd.DataFrame({"lr": [0.1]})),
        TypeError,
        "list of dicts, one for each run, got DataFrame: make it with grid(lr=[0.1, 0.01]), or of a table with",
    ),
    "sweep: the same twice": (
        lambda s: sweep(print, grid(lr=[0.1, 0.1])),
        ValueError,
        "this configuration stands twice: {'lr': 0.1}; give each run a seed of its own",
    ),
    "expect: claim and measurement swapped": (
        lambda s: expect(1 + 1 == 2, "one and one are two"),
        TypeError,
        "holds must be True or False, got 'one and one are two': compare it with something",
    ),
    "expect: a list, which is always true": (
        lambda s: expect("all losses fell", [False, False]),
        TypeError,
        "holds must be True or False, got [False, False]: compare it with something",
    ),
    "predict: one choice": (
        lambda s: predict("Will it rain?", ["yes"]),
        ValueError,
        "choices must be two or more different texts, got ['yes']",
    ),
    "predict: a text instead of a list of texts": (
        lambda s: predict("Will it rain?", "yes"),
        TypeError,
        "choices must be a list of texts, got the text 'yes': put each choice into the list",
    ),
    "predict: measured what nobody could choose": (
        lambda s: predict("Will it rain?", ["yes", "no"]).check("perhaps"),
        ValueError,
        "measured must be one of the choices ['yes', 'no'], got 'perhaps'",
    ),
    "plot: what fit saw, before it has seen anything": (
        lambda s: plot_history(History()),
        ValueError,
        "history holds no step: pass what fit returned",
    ),
    "plot: a list of losses": (
        lambda s: plot_history([2.3, 2.0]),
        TypeError,
        "history must be of type History, got list: pass what fit returned",
    ),
    "plot: a history that does not know its epochs": (
        lambda s: plot_history(History(train_loss=[2.3])),
        ValueError,
        "history.steps_per_epoch must be a whole number from 1, got 0",
    ),
    "plot: an empty range test": (
        lambda s: plot_range_test(RangeTest()),
        ValueError,
        "result must hold at least one step, got RangeTest(lr=[], loss=[], smooth=[]): pass what lr_range_test",
    ),
    "plot: what fit saw, where a trace is wanted": (
        lambda s: plot_trace(History()),
        TypeError,
        "trace must be of type Trace, got History: pass what `with record(...) as trace:` gave",
    ),
    "plot: epochs of no steps": (
        lambda s: plot_trace(s.trace(), steps_per_epoch=0),
        ValueError,
        "steps_per_epoch must be a whole number from 1, got 0",
    ),
    "plot: two clocks in two Axes": (
        lambda s: plot_two_clocks(s.trace(), [None, None]),
        ValueError,
        "axes must be four Axes, got 2: make them with plt.subplots(4, 1)[1]",
    ),
    "plot: a step that was not recorded": (
        lambda s: plot_step(s.trace(), 1),
        ValueError,
        "at must be below the number of recorded steps 1, got 1",
    ),
    "trace: a file of something else": (
        lambda s: Trace.load(__file__),
        ValueError,
        "is not a whole trace; read a file that Trace.save wrote",
    ),
    "fetch: an address without its beginning": (
        lambda s: fetch(url="www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"),
        FetchError,
        "url must begin with https:// or http://, got 'www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz'",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_gets_a_clear_error(mistake):
    do, kind, message = MISTAKES[mistake]
    open_before = plt.get_fignums()
    with pytest.raises(kind) as caught:
        do(Scene())
    assert type(caught.value) is kind and message in caught.value.args[0]
    assert plt.get_fignums() == open_before  # nothing was begun
