"""Laws 2, 4 and 5 of the course, over optimizers, their options, schedulers, and when these are stepped."""

import copy

import matplotlib.pyplot as plt
import pytest
import torch
from cases import MAKE_SCHEDULER, OPTIMIZERS, options_of, same
from hypothesis import given, settings
from hypothesis import strategies as st

from lrcourse import (
    decompose,
    effective_lr,
    evaluate,
    explore_two_clocks,
    fit,
    load_data,
    plot_lr,
    plot_step,
    plot_trace,
    plot_two_clocks,
    record,
    simulate,
)
from lrcourse.images.data import Data, Split

# fit has no closure for LBFGS; Muon takes matrices and SparseAdam sparse gradients only.
TRAINABLE = sorted(set(OPTIMIZERS) - {"LBFGS", "Muon", "SparseAdam"})
PLATEAU = "ReduceLROnPlateau"


def tiny_data():
    """Return 24 random training images and 8 others."""
    generator = torch.Generator().manual_seed(7)
    images, labels = torch.randn(40, 3, 4, 4, generator=generator), torch.arange(40) % 10
    splits = zip(images.split([24, 8, 8]), labels.split([24, 8, 8]), strict=True)
    return Data(*(Split(*split) for split in splits), classes=tuple("abcdefghij"), source="noise")


def tiny_model():
    """Return a net of two layers, whose dropout draws from the global generator in every training step."""
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Conv2d(3, 2, 3), torch.nn.Flatten(), torch.nn.Dropout(), torch.nn.Linear(8, 10))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_what_was_logged_is_what_was_planned(data):
    name = data.draw(st.sampled_from(TRAINABLE))
    options = data.draw(options_of(name))
    per_batch = data.draw(st.sampled_from([None, *sorted(set(MAKE_SCHEDULER) - {PLATEAU})]))
    per_epoch = data.draw(st.sampled_from([None, *sorted(MAKE_SCHEDULER)]))
    epochs, batches, every = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 5)), data.draw(st.integers(1, 3))

    model = tiny_model()
    groups = [{"params": model[0].parameters()}, {"params": model[3].parameters(), "lr": 0.002}]
    optimizer = OPTIMIZERS[name](groups, lr=0.03, **options)
    before = copy.deepcopy(optimizer)
    schedulers = {
        when: MAKE_SCHEDULER[which](optimizer)
        for when, which in (("per_batch", per_batch), ("per_epoch", per_epoch))
        if which is not None
    }
    with record(model, optimizer, every=every) as trace:
        history = fit(model, optimizer, tiny_data(), epochs=epochs, batch_size=-(-24 // batches), **schedulers)

    steps = history.steps_per_epoch * epochs
    metrics = history.val_loss if per_epoch == PLATEAU else None
    lr_of_groups = {"optimizer": before, "read": lambda o: [float(group["lr"]) for group in o.param_groups]}
    if per_batch is None and per_epoch is None:
        planned = [[0.03, 0.002]] * steps
    elif per_batch is None:
        planned = simulate(MAKE_SCHEDULER[per_epoch], epochs, metrics=metrics, **lr_of_groups)
        planned = [lr for lr in planned for _ in range(history.steps_per_epoch)]
    elif per_epoch is None:
        planned = simulate(MAKE_SCHEDULER[per_batch], steps, **lr_of_groups)
    else:
        epoch = {"per_epoch": MAKE_SCHEDULER[per_epoch], "steps_per_epoch": history.steps_per_epoch}
        planned = simulate(MAKE_SCHEDULER[per_batch], steps, metrics=metrics, **epoch, **lr_of_groups)
    assert history.lr == [lr for lr, _ in planned]
    assert [*zip(*trace.group_lr, strict=True)] == [tuple(planned[step - 1]) for step in trace.step]
    assert trace.step == list(range(1, steps + 1, every))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_simulate_touches_nothing(data):
    name = data.draw(st.sampled_from(sorted(OPTIMIZERS)))
    options = data.draw(options_of(name))
    weight = torch.nn.Parameter(torch.randn(3, 2, generator=torch.Generator().manual_seed(1)))
    optimizer = OPTIMIZERS[name]([weight], lr=0.03, **options)
    used = data.draw(st.booleans()) and name != "SparseAdam"
    if used:  # an optimizer in the middle of a run, with a scheduler of its own
        MAKE_SCHEDULER["StepLR"](optimizer)
        weight.grad = torch.ones(3, 2)
        optimizer.step(lambda: weight.square().sum())
    state, attributes, was = copy.deepcopy(optimizer.state_dict()), set(vars(optimizer)), weight.detach().clone()
    generator = torch.get_rng_state()

    scheduler = data.draw(st.sampled_from(sorted(MAKE_SCHEDULER)))
    epoch = data.draw(st.sampled_from([None, *sorted(set(MAKE_SCHEDULER) - {PLATEAU})]))
    second = {} if epoch is None else {"per_epoch": MAKE_SCHEDULER[epoch], "steps_per_epoch": 2}
    metrics = [1.0] * 5 if scheduler == PLATEAU else None
    simulate(MAKE_SCHEDULER[scheduler], 5, optimizer=optimizer, metrics=metrics, **second)

    assert torch.equal(torch.get_rng_state(), generator)
    assert torch.equal(weight, was) and same(optimizer.state_dict(), state) and set(vars(optimizer)) == attributes


def look_everywhere(actions, model, optimizer, trace, data):
    """Do what a curious learner does between two training steps."""
    weight = model[3].weight
    for action in actions:
        if action == "evaluate":
            evaluate(model, data.val)
        elif action == "load":
            load_data(train=8, val=8, test=8)
        elif action == "simulate":
            plot_lr(simulate(MAKE_SCHEDULER["StepLR"], 4, optimizer=optimizer))
        elif action == "take apart" and weight.grad is not None:
            effective_lr(optimizer, weight)
            decompose(optimizer, weight, before=weight)
        elif action == "plot" and trace.step:
            plot_trace(trace)
            plot_two_clocks(trace)
            plot_step(trace, 0)
        elif action == "explore" and trace.step:
            explore_two_clocks(trace).children[0].value = 0
    plt.close("all")


ACTIONS = ["evaluate", "load", "simulate", "take apart", "plot", "explore"]


@pytest.mark.filterwarnings("ignore:More than 20 figures")
@settings(max_examples=12, deadline=None, derandomize=True)
@given(data=st.data())
def test_looking_never_changes_a_later_step(data):
    name = data.draw(st.sampled_from(sorted({"SGD", "RMSprop", "Adam", "AdamW", "Adagrad", "Rprop"})))
    options = data.draw(options_of(name))
    scheduler = data.draw(st.sampled_from(sorted(set(MAKE_SCHEDULER) - {PLATEAU})))
    plan = data.draw(st.lists(st.lists(st.sampled_from(ACTIONS), max_size=3), min_size=4, max_size=4))
    images = tiny_data()

    def train(plan):
        model = tiny_model()
        optimizer = OPTIMIZERS[name](model.parameters(), lr=0.03, **options)
        schedule = MAKE_SCHEDULER[scheduler](optimizer)
        with record(model, optimizer) as trace:
            for actions in plan:
                model.train()
                optimizer.zero_grad()
                torch.nn.functional.cross_entropy(model(images.train.images), images.train.labels).backward()
                optimizer.step()
                schedule.step()
                look_everywhere(actions, model, optimizer, trace, images)
        return [model.state_dict(), optimizer.state_dict(), torch.get_rng_state()]

    assert same(train(plan), train([[]] * len(plan)))
