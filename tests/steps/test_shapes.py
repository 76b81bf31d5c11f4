"""The decomposition is the step for weights of any shape: numbers, vectors, matrices, kernels."""

import pytest
import torch
from cases import OPTIMIZERS, OPTIONS

from lrcourse import decompose, effective_lr, record
from lrcourse.steps import look_before

SHAPES = [(), (1,), (5,), (1, 4), (3, 4), (2, 3, 4), (2, 3, 2, 2)]
CASES = [
    (name, shape)
    for name in sorted(set(OPTIMIZERS) - {"SparseAdam"})  # of which see test_sparse.py
    for shape in SHAPES
    if name != "Muon" or len(shape) == 2
]


def steps_of(name, shape, steps=4, **options):
    """Yield optimizer, weight, and what was there before the step, for each step down an uneven bowl."""
    generator = torch.Generator().manual_seed(3)
    weight = torch.nn.Parameter(torch.randn(shape, dtype=torch.float64, generator=generator))
    slope = torch.rand(shape, dtype=torch.float64, generator=generator) + 0.1
    optimizer = OPTIMIZERS[name]([weight], lr=0.02, **options)

    def loss():
        weight.grad = slope * weight.detach()
        return (slope * weight.detach().square()).sum() / 2

    for _ in range(steps):
        loss()
        before = look_before(optimizer, weight)
        optimizer.step(loss)
        yield optimizer, weight, before


@pytest.mark.parametrize("options", ["the defaults", "all others"])
@pytest.mark.parametrize("name, shape", CASES)
def test_the_decomposition_is_the_step_for_any_shape(name, shape, options):
    others = {option: values[1] for option, values in OPTIONS[name].items()} if options == "all others" else {}
    if name == "SGD" and others:
        others["dampening"] = 0  # which goes with Nesterov's momentum
    for optimizer, weight, before in steps_of(name, shape, **others):
        step = decompose(optimizer, weight, before=before)
        assert step.factor.shape == step.direction.shape == step.decay.shape == shape
        torch.testing.assert_close(step.change, weight.detach() - before.weight, rtol=1e-9, atol=1e-14)


# Of these, the effective lr is already that of the next step.
NEXT = {"Adadelta", "ASGD", "Adafactor"}


@pytest.mark.parametrize("name", sorted(set(OPTIMIZERS) - {"SparseAdam"} - NEXT))
def test_the_effective_lr_is_base_lr_times_factor_of_the_step_made(name):
    for optimizer, weight, before in steps_of(name, (3, 4), steps=2):
        step = decompose(optimizer, weight, before=before)
        torch.testing.assert_close(effective_lr(optimizer, weight), step.base_lr * step.factor, rtol=1e-5, atol=0)


def test_adafactor_clips_by_the_gradient_also_in_the_effective_lr():
    weight = torch.nn.Parameter(torch.full((3, 4), 1e-9))  # so small that its own size plays no part
    optimizer = torch.optim.Adafactor([weight], lr=0.01)
    for size in (1e-6, 1.0):  # the second is far above the average, so the update is clipped
        weight.grad = torch.full((3, 4), size)
        before = look_before(optimizer, weight)
        optimizer.step()
        weight.data.copy_(before.weight)
    step = decompose(optimizer, weight, before=before)
    torch.testing.assert_close(effective_lr(optimizer, weight), step.base_lr * step.factor, rtol=1e-5, atol=0)
    weight.grad = None
    assert (effective_lr(optimizer, weight) > 1.1 * step.base_lr * step.factor).all()  # nothing to clip


@pytest.mark.parametrize("name", sorted(set(OPTIMIZERS) - {"SparseAdam", "Muon", "LBFGS"}))
def test_layers_of_all_shapes_are_measured_each_as_if_alone(name):
    def watch(shapes):
        generator = torch.Generator().manual_seed(3)
        params = [torch.nn.Parameter(torch.ones(shape)) for shape in shapes]
        optimizer = OPTIMIZERS[name](params, lr=0.02)
        grads = {shape: torch.randn(shape, generator=generator) for shape in SHAPES}
        with record(torch.nn.ParameterDict({str(i): param for i, param in enumerate(params)}), optimizer) as trace:
            for _ in range(2):
                for param in params:
                    param.grad = grads[tuple(param.shape)].clone()
                optimizer.step()
        return [layer.rows() for layer in trace.layers.values()]

    together = watch(SHAPES)
    for shape, rows in zip(SHAPES, together, strict=True):
        assert torch.allclose(torch.tensor(rows), torch.tensor(watch([shape])[0]), rtol=1e-5)
