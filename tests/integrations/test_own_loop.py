"""A loop of one's own, with what torch has for it: accumulation, a scaler, compiled models and compiled steps."""

import copy
from contextlib import nullcontext
from itertools import compress

import pytest
import torch
from small_training import (
    BATCHES,
    LR,
    NotingScaler,
    assert_recorded,
    assert_same,
    halving,
    hooks,
    loss_of,
    make_loader,
    make_net,
    planned,
    weights,
)
from strangers import Modes

from lrcourse import record

STEPS = 2 * BATCHES
OPTIMIZERS = {cls.__name__: cls for cls in (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW)}


def batches():
    return [batch for _ in range(2) for batch in make_loader()]


def train(watch=True, make_optimizer=torch.optim.Adam, model=lambda net: net, step=lambda optimizer: optimizer.step):
    """Return the weights, the optimizer, and the trace if it was watched."""
    net = make_net()
    forward, optimizer = model(net), make_optimizer(net.parameters(), lr=LR)
    scheduler, make_step = halving(optimizer), step(optimizer)
    with record(net, optimizer) if watch else nullcontext() as trace:
        for batch in batches():
            optimizer.zero_grad()
            loss_of(forward, batch).backward()
            make_step()
            scheduler.step()
    return weights(net), optimizer, trace


def test_a_loop_is_recorded_and_changed_by_nothing():
    ours, optimizer, trace = train()
    assert_recorded(trace, STEPS)
    assert not hooks(optimizer)
    assert_same(ours, train(watch=False)[0])


def test_an_optimizer_that_is_none_by_class_is_recorded_by_the_one_inside():
    net = make_net()
    optimizer = Modes(net.parameters(), lr=LR)
    optimizer.train()
    with record(net, optimizer) as trace:
        loss_of(net, batches()[0]).backward()
        optimizer.step()
    assert trace.optimizer == "SGD in Modes" and trace.step == [1] and trace.base_lr == [LR]
    assert not hooks(optimizer.base)


def test_accumulated_gradients_are_one_step():
    net = make_net()
    optimizer = torch.optim.Adam(net.parameters(), lr=LR)
    scheduler = halving(optimizer)
    with record(net, optimizer) as trace:
        for number, batch in enumerate(batches(), start=1):
            (loss_of(net, batch) / 4).backward()
            if number % 4 == 0:
                optimizer.step()
                scheduler.step()
                optimizer.zero_grad()
    assert_recorded(trace, STEPS // 4)


@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step..` before")
@pytest.mark.parametrize("options", [{}, {"fused": True}], ids=["plain", "fused"])
def test_steps_that_the_scaler_skipped_are_none(options):
    def run(watch):
        net, scaler = make_net(), NotingScaler()
        optimizer = torch.optim.Adam(net.parameters(), lr=LR, **options)
        scheduler = halving(optimizer)
        with record(net, optimizer) if watch else nullcontext() as trace:
            for batch in batches():
                optimizer.zero_grad()
                with torch.autocast("cpu", dtype=torch.float16):
                    loss = loss_of(net, batch)
                scaler.scale(loss).backward()
                scaler.step(optimizer)
                scaler.update()
                scheduler.step()
        return weights(net), [not skipped for skipped in scaler.skipped], trace

    ours, made, trace = run(watch=True)
    assert BATCHES < sum(made) < STEPS
    assert trace.step == list(range(1, sum(made) + 1))
    assert trace.base_lr == [*compress(planned(STEPS), made)]
    assert_same(ours, run(watch=False)[0])


@pytest.mark.parametrize("make_optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_a_loop_goes_on_from_state_dicts(make_optimizer):
    net = make_net()
    optimizer = make_optimizer(net.parameters(), lr=LR)
    with record(net, optimizer):
        for batch in make_loader():
            optimizer.zero_grad()
            loss_of(net, batch).backward()
            optimizer.step()
    again = copy.deepcopy(net)
    resumed = make_optimizer(again.parameters(), lr=LR)
    resumed.load_state_dict(optimizer.state_dict())
    counts = make_optimizer is not torch.optim.SGD  # which keeps no count, so it must be told
    with record(again, resumed, first_step=None if counts else BATCHES + 1) as trace:
        loss_of(again, next(iter(make_loader()))).backward()
        resumed.step()
    assert trace.step == [BATCHES + 1]


@pytest.mark.parametrize("make_optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_a_compiled_model_is_recorded(make_optimizer):
    def compiled(net):
        return torch.compile(net, backend="aot_eager")

    ours, _, trace = train(make_optimizer=make_optimizer, model=compiled)
    assert_recorded(trace, STEPS)
    assert_same(ours, train(watch=False, make_optimizer=make_optimizer, model=compiled)[0])


@pytest.mark.parametrize("make_optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_a_compiled_step_is_recorded_and_changed_by_nothing(make_optimizer):
    def compiled(optimizer):
        return torch.compile(optimizer.step, backend="eager")

    torch.compiler.reset()
    ours, optimizer, trace = train(make_optimizer=make_optimizer, step=compiled)
    assert_recorded(trace, STEPS, within=1024)  # compiled, Adam corrects its bias in 32 bits
    assert not hooks(optimizer)
    torch.compiler.reset()
    assert_same(ours, train(watch=False, make_optimizer=make_optimizer, step=compiled)[0])


def test_a_step_that_was_compiled_before_is_recorded():
    torch.compiler.reset()
    net = make_net()
    optimizer = torch.optim.Adam(net.parameters(), lr=LR)
    scheduler = halving(optimizer)
    step = torch.compile(optimizer.step, backend="eager")
    for number, batch in enumerate(batches()):
        optimizer.zero_grad()
        loss_of(net, batch).backward()
        with record(net, optimizer) if number >= 5 else nullcontext() as trace:
            step()
        scheduler.step()
        assert trace is None or trace.step == [number + 1]
        assert trace is None or trace.base_lr == planned(number + 1, first=number + 1)
