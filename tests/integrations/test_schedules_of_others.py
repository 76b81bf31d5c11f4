"""Schedules of transformers and timm: what ``simulate`` plans is what a loop uses."""

from itertools import count
from types import SimpleNamespace

import pytest
import torch
from small_training import BATCHES, LR, loss_of, make_loader, make_net

from lrcourse import record, simulate

transformers = pytest.importorskip("transformers", exc_type=ModuleNotFoundError)
timm = pytest.importorskip("timm.scheduler", exc_type=ModuleNotFoundError)
STEPS = 2 * BATCHES

OF_TRANSFORMERS = {
    "linear": {},
    "cosine": {},
    "cosine_with_restarts": {"num_cycles": 2},
    "polynomial": {"power": 2.0},
    "constant": {},
    "constant_with_warmup": {},
    "inverse_sqrt": {},
    "cosine_with_min_lr": {"min_lr": 0.001},
    "cosine_warmup_with_min_lr": {"min_lr": 0.001},
    "warmup_stable_decay": {"num_decay_steps": 5},
}
OF_TIMM = {
    "CosineLRScheduler": {"t_initial": 10, "warmup_t": 3, "warmup_lr_init": 0.001, "cycle_limit": 2},
    "StepLRScheduler": {"decay_t": 3, "decay_rate": 0.5},
    "TanhLRScheduler": {"t_initial": 10},
    "PolyLRScheduler": {"t_initial": 10},
    "MultiStepLRScheduler": {"decay_t": [2, 7]},
}


def train(make_scheduler, step):
    """Return the trace of a loop that steps the scheduler by ``step(scheduler, number)`` after each batch."""
    net = make_net()
    optimizer = torch.optim.Adam(net.parameters(), lr=LR)
    scheduler = make_scheduler(optimizer)
    with record(net, optimizer) as trace:
        for number, batch in enumerate([*make_loader(), *make_loader()], start=1):
            optimizer.zero_grad()
            loss_of(net, batch).backward()
            optimizer.step()
            step(scheduler, number)
    assert trace.step == list(range(1, STEPS + 1)) and max(trace.everything.residual) < 32
    return trace


@pytest.mark.parametrize("name", OF_TRANSFORMERS)
def test_the_lrs_of_transformers_are_the_planned_ones(name):
    def make(optimizer):
        return transformers.get_scheduler(
            name,
            optimizer,
            num_warmup_steps=4,
            num_training_steps=STEPS,
            scheduler_specific_kwargs=OF_TRANSFORMERS[name],
        )

    trace = train(make, lambda scheduler, number: scheduler.step())
    assert trace.base_lr == simulate(make, STEPS, lr=LR)


@pytest.mark.parametrize("name", OF_TIMM)
def test_the_lrs_of_timm_are_the_planned_ones(name):
    def make(optimizer):
        return getattr(timm, name)(optimizer, **OF_TIMM[name])

    def counting(optimizer):  # timm's are told the number of the step, torch's count themselves
        scheduler, numbers = make(optimizer), count(1)
        return SimpleNamespace(step=lambda: scheduler.step(next(numbers)))

    with pytest.raises(TypeError, match="torch's schedulers have step.. and count themselves"):
        simulate(make, STEPS, lr=LR)
    trace = train(make, lambda scheduler, number: scheduler.step(number))
    assert trace.base_lr == simulate(counting, STEPS, lr=LR)
