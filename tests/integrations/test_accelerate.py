"""accelerate: ``record`` watches its loop as any other, with what ``prepare`` returned."""

import math
from contextlib import nullcontext

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
    weights,
)

from lrcourse import record

accelerate = pytest.importorskip("accelerate", exc_type=ModuleNotFoundError)


@pytest.fixture(autouse=True)
def fresh_state():
    """Forget the precision that an earlier test chose: a process has one."""
    accelerate.state.AcceleratorState._reset_state(reset_partial_state=True)


def train(epochs=2, watch=True, make_optimizer=torch.optim.Adam, scaler=None, explodes=(), goes_on=None, **options):
    """Return the accelerator, the model, its optimizer and the trace, if it was watched."""
    accelerator = accelerate.Accelerator(cpu=True, **options)
    accelerator.scaler = scaler or accelerator.scaler
    net = make_net()
    optimizer = make_optimizer(net.parameters(), lr=LR)
    net, optimizer, scheduler, loader = accelerator.prepare(net, optimizer, halving(optimizer), make_loader())
    if goes_on:
        accelerator.load_state(goes_on)
    with record(net, optimizer) if watch else nullcontext() as trace:
        for number, batch in enumerate(batch for _ in range(epochs) for batch in loader):
            with accelerator.accumulate(net):
                accelerator.backward(loss_of(net, batch) * (math.inf if number in explodes else 1))
                optimizer.step()
                scheduler.step()
                optimizer.zero_grad()
    return accelerator, net, optimizer, trace


def test_a_loop_is_recorded_and_changed_by_nothing():
    _, net, optimizer, trace = train()
    assert_recorded(trace, 2 * BATCHES)
    assert trace.optimizer == "Adam in AcceleratedOptimizer" and not hooks(optimizer.optimizer)
    _, other, *_ = train(watch=False)
    assert_same(weights(net), weights(other))


def test_accumulated_gradients_are_one_step():
    *_, trace = train(gradient_accumulation_steps=3)
    assert_recorded(trace, 2 * 3)


def test_a_loop_in_half_precision_is_recorded():
    *_, trace = train(mixed_precision="bf16")
    assert_recorded(trace, 2 * BATCHES)


def test_steps_that_the_scaler_skipped_are_none():
    *_, trace = train(mixed_precision="fp16", scaler=(scaler := NotingScaler()), explodes=[0, 5])
    assert [i for i, skipped in enumerate(scaler.skipped) if skipped] == [0, 5]
    assert_recorded(trace, 2 * BATCHES - 2)  # accelerate does not step the scheduler then


def test_a_loop_from_a_checkpoint_goes_on_counting(tmp_path):
    accelerator, *_ = train(epochs=1)
    accelerator.save_state(str(tmp_path))
    *_, trace = train(epochs=1, goes_on=str(tmp_path))
    assert_recorded(trace, 2 * BATCHES, first=BATCHES + 1)
