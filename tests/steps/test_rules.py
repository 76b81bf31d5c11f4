"""Law 3, and with it 1 and 2: over optimizers, options, ways to compute them, schedulers and data types."""

from contextlib import nullcontext

import pytest
import torch
from cases import MAKE_SCHEDULER, OPTIMIZERS, OPTIONS, options_of, same, takes
from hypothesis import given, settings
from hypothesis import strategies as st

from lrcourse import decompose, effective_lr, record, simulate
from lrcourse.steps import look_before, rule

SHARE = {torch.float32: 1e-5, torch.float64: 1e-12}


def test_there_is_a_rule_and_a_case_for_every_optimizer_of_torch():
    for name, cls in OPTIMIZERS.items():
        assert rule.dispatch(cls) is not rule.dispatch(object)
        assert all(takes(cls, option) for option in OPTIONS[name])
    assert set(OPTIONS) == set(OPTIMIZERS)


def scheduler_for(name):
    """Draw a scheduler. The line search of LBFGS divides by lr, and this cosine reaches 0."""
    never = {"CosineAnnealingLR"} if name == "LBFGS" else set()
    return st.sampled_from(sorted(set(MAKE_SCHEDULER) - never))


def gradient(name, weight, generator):
    """Return a random gradient whose elements are of very different size."""
    grad = torch.randn(weight.shape, dtype=weight.dtype, generator=generator)
    if not weight.is_complex():
        grad = grad * torch.logspace(-4, 2, weight.numel(), dtype=weight.dtype).view(weight.shape)
    return grad[:1].to_sparse(1).sparse_resize_(weight.shape, 1, 1) if name == "SparseAdam" else grad


def train(name, options, dtype, seed, scheduler, *, watch=None, around=None, steps=6):
    """Make some steps with random gradients, the scheduler after each; return weight, optimizer and ``around``'s."""
    generator = torch.Generator().manual_seed(seed)
    weight = torch.nn.Parameter(torch.randn(6, 4, dtype=dtype, generator=generator))
    optimizer = OPTIMIZERS[name]([weight], lr=0.03, **options)
    schedule = MAKE_SCHEDULER[scheduler](optimizer)

    def loss():
        """Return the loss that LBFGS needs, of a bowl or of a hill; the others look at the gradient only."""
        if name == "LBFGS":
            slope = torch.arange(1, 5, dtype=dtype)
            weight.grad = weight.detach() * (-slope if options.get("maximize") else slope)
        return (weight.detach() * weight.grad.to_dense()).sum() / 2

    with around(torch.nn.ParameterList([weight]), optimizer) if around else nullcontext() as seen:
        for _ in range(steps):
            weight.grad = gradient(name, weight, generator)
            before = look_before(optimizer, weight)
            optimizer.step(loss)
            if watch is not None:
                watch(optimizer, weight, before)
            schedule.step(*[1.0] * (scheduler == "ReduceLROnPlateau"))
    return weight, optimizer, seen


def as_real(value):
    return torch.view_as_real(value) if value.is_complex() else value


def assert_the_decomposition_is_the_step(optimizer, weight, before):
    step = decompose(optimizer, weight, before=before)
    was, now, grad = as_real(before.weight), as_real(weight.detach()), as_real(weight.grad.to_dense())
    assert step.factor.shape == step.direction.shape == step.decay.shape == now.shape
    larger = torch.maximum(was.abs(), now.abs())
    last_place = torch.nextafter(larger, larger.new_tensor(torch.inf)) - larger
    # A direction may be a sum that nearly cancels; what was rounded are its parts.
    weight_decay = optimizer.param_groups[0].get("weight_decay", 0)
    parts = step.direction.abs() + grad.abs() + weight_decay * was.abs()
    size = step.base_lr * step.factor * parts + step.decay.abs()
    assert ((now - was - step.change).abs() <= 2 * last_place + SHARE[now.dtype] * size).all()


@pytest.mark.parametrize("dtype", SHARE, ids=str)
@pytest.mark.parametrize("name", OPTIMIZERS)
@settings(max_examples=15, deadline=None, derandomize=True)
@given(data=st.data())
def test_the_decomposition_is_the_step(name, dtype, data):
    options = data.draw(options_of(name))
    scheduler = data.draw(scheduler_for(name))
    seed = data.draw(st.integers(0, 1000))
    train(name, options, dtype, seed, scheduler, watch=assert_the_decomposition_is_the_step)


@pytest.mark.parametrize("name", OPTIMIZERS)
@settings(max_examples=8, deadline=None, derandomize=True)
@given(data=st.data())
def test_recording_changes_nothing_and_logs_what_was_planned(name, data):
    options = data.draw(options_of(name))
    scheduler = data.draw(scheduler_for(name))
    seed = data.draw(st.integers(0, 1000))
    plain = train(name, options, torch.float32, seed, scheduler)
    recorded = train(name, options, torch.float32, seed, scheduler, around=record)
    assert torch.equal(recorded[0], plain[0])
    assert same(recorded[1].state_dict(), plain[1].state_dict())

    def make(params, lr):
        return OPTIMIZERS[name](params, lr=lr, **options)

    metrics = [1.0] * 6 if scheduler == "ReduceLROnPlateau" else None
    planned = simulate(MAKE_SCHEDULER[scheduler], 6, lr=0.03, optimizer=make, metrics=metrics)
    assert recorded[2].base_lr == planned


@pytest.mark.parametrize("name", OPTIMIZERS)
@settings(max_examples=5, deadline=None, derandomize=True)
@given(data=st.data())
def test_looking_changes_nothing(name, data):
    def look(optimizer, weight, before):
        effective_lr(optimizer, weight)
        decompose(optimizer, weight, before=before)

    options = data.draw(options_of(name))
    plain, watched = (train(name, options, torch.float32, 0, "StepLR", watch=watch) for watch in (None, look))
    assert torch.equal(plain[0], watched[0])
    assert same(plain[1].state_dict(), watched[1].state_dict())


COMPLEX = ["SGD", "ASGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "RMSprop", "Rprop"]


@pytest.mark.parametrize("name", COMPLEX)
def test_a_complex_parameter_is_two_real_ones(name):
    train(name, {}, torch.complex64, 0, "StepLR", watch=assert_the_decomposition_is_the_step)
