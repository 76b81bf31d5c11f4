import pytest
import torch

from lrcourse import decompose, effective_lr

OPTIONS = [
    (torch.optim.SGD, {}),
    (torch.optim.SGD, {"momentum": 0.9}),
    (torch.optim.SGD, {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1}),
    (torch.optim.SGD, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    (torch.optim.RMSprop, {}),
    (torch.optim.RMSprop, {"alpha": 0.5, "eps": 1e-3, "weight_decay": 0.1}),
    (torch.optim.RMSprop, {"centered": True}),
    (torch.optim.RMSprop, {"momentum": 0.9}),
    (torch.optim.RMSprop, {"momentum": 0.9, "centered": True, "weight_decay": 0.1}),
    (torch.optim.Adam, {}),
    (torch.optim.Adam, {"betas": (0.5, 0.9), "eps": 1e-2}),
    (torch.optim.Adam, {"amsgrad": True, "weight_decay": 0.1}),
    (torch.optim.Adam, {"weight_decay": 0.1, "decoupled_weight_decay": True}),
    (torch.optim.AdamW, {"weight_decay": 0.0}),
    (torch.optim.AdamW, {"weight_decay": 0.5, "amsgrad": True}),
]
VARIANTS = [{}, {"maximize": True}, {"foreach": True}, {"fused": True}]


@pytest.mark.parametrize("dtype, share", [(torch.float32, 1e-5), (torch.float64, 1e-12)])
@pytest.mark.parametrize("variant", VARIANTS, ids=lambda v: next(iter(v), "plain"))
@pytest.mark.parametrize("cls, options", OPTIONS, ids=lambda v: v.__name__ if isinstance(v, type) else str(v))
def test_the_decomposition_is_the_step(cls, options, variant, dtype, share):
    if "fused" in variant and cls is torch.optim.RMSprop:
        pytest.skip("RMSprop has no fused form")
    generator = torch.Generator().manual_seed(0)
    scale = torch.logspace(-6, 3, 64, dtype=dtype)  # gradients of very different size
    weight = torch.nn.Parameter(torch.randn(64, dtype=dtype, generator=generator))
    optimizer = cls([weight], lr=0.02, **options, **variant)
    for _ in range(8):
        weight.grad = scale * torch.randn(64, dtype=dtype, generator=generator)
        before = weight.detach().clone()
        optimizer.step()
        step = decompose(optimizer, weight, before=before)
        change = weight.detach() - before
        larger = torch.maximum(before.abs(), weight.detach().abs())
        last_place = torch.nextafter(larger, larger + 1) - larger
        # The parts may each be much larger than their sum; what is rounded is they.
        size = step.base_lr * step.factor * step.direction.abs() + step.decay.abs()
        assert ((change - step.change).abs() <= 2 * last_place + share * size).all()
        assert torch.equal(effective_lr(optimizer, weight), step.base_lr * step.factor)


def test_the_effective_lr_halves_exactly_when_a_scheduler_halves_the_base_lr():
    weight = torch.nn.Parameter(torch.randn(100))
    optimizer = torch.optim.Adam([weight], lr=0.01)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
    weight.grad = torch.randn(100)
    optimizer.step()
    before = effective_lr(optimizer, weight)
    scheduler.step()
    assert torch.equal(effective_lr(optimizer, weight), before / 2)


def test_a_subclass_follows_its_parents_rule():
    class MyAdam(torch.optim.Adam):
        pass

    weight = torch.nn.Parameter(torch.ones(1))
    optimizer = MyAdam([weight], lr=0.1, eps=0)
    weight.grad = torch.full((1,), 4.0)
    optimizer.step()
    assert effective_lr(optimizer, weight).item() == pytest.approx(0.1 / 4)


def test_each_param_group_has_its_own_lr():
    a, b = torch.nn.Parameter(torch.ones(1)), torch.nn.Parameter(torch.ones(1))
    optimizer = torch.optim.SGD([{"params": [a], "lr": 0.1}, {"params": [b], "lr": torch.tensor(0.5)}])
    assert (effective_lr(optimizer, a).item(), effective_lr(optimizer, b).item()) == (pytest.approx(0.1), 0.5)


def test_looking_changes_nothing():
    weight = torch.nn.Parameter(torch.ones(1))
    optimizer = torch.optim.Adam([weight])
    with pytest.raises(ValueError, match="call optimizer.step"):
        effective_lr(optimizer, weight)
    assert len(optimizer.state) == 0


def adam_after_a_step(**options):
    weight = torch.nn.Parameter(torch.ones(1))
    optimizer = torch.optim.Adam([weight], **options)
    weight.grad = torch.ones(1)
    optimizer.step()
    return optimizer, weight


def test_weight_decay_needs_the_weights_before():
    optimizer, weight = adam_after_a_step(weight_decay=0.1)
    with pytest.raises(ValueError, match="clone them, then pass before="):
        decompose(optimizer, weight)


def test_a_gradient_that_is_gone_is_an_error_that_says_when_to_call():
    optimizer, weight = adam_after_a_step()
    optimizer.zero_grad()
    with pytest.raises(ValueError, match="before zero_grad"):
        decompose(optimizer, weight)


def test_a_strange_parameter_is_an_error():
    optimizer, _ = adam_after_a_step()
    with pytest.raises(KeyError, match="not a parameter of this optimizer"):
        effective_lr(optimizer, torch.nn.Parameter(torch.ones(1)))


def test_an_optimizer_without_a_rule_is_an_error_that_names_the_rules_and_how_to_add_one():
    weight = torch.nn.Parameter(torch.ones(1))
    with pytest.raises(TypeError, match="no rule for Rprop, only for Adam, RMSprop, SGD .*rule.register"):
        effective_lr(torch.optim.Rprop([weight]), weight)
