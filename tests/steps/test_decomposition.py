import pytest
import torch

from lrcourse import decompose, effective_lr
from lrcourse.steps.decomposition import rule
from lrcourse.steps.rules import Parts


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


class Own(torch.optim.Optimizer):
    """An optimizer of the user's, that moves every weight by lr / 2."""

    def __init__(self, params, lr=0.1):
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for param in group["params"]:
                param.sub_(group["lr"] / 2)


def test_an_optimizer_without_a_rule_is_an_error_that_names_the_rules_and_how_to_add_one():
    weight = torch.nn.Parameter(torch.ones(1))
    with pytest.raises(TypeError, match="no rule for Own, only for ASGD, Adadelta, .*, SparseAdam .*rule.register"):
        effective_lr(Own([weight]), weight)


def test_a_rule_can_be_registered():
    class Known(Own):
        pass

    @rule.register(Known)
    def _(optimizer, seen):
        return Parts(torch.full_like(seen.weight, 0.5), torch.ones_like(seen.weight))

    weight = torch.nn.Parameter(torch.ones(3))
    assert effective_lr(Known([weight], lr=0.4), weight).tolist() == pytest.approx([0.2] * 3)


@pytest.mark.parametrize("cls", [torch.optim.ASGD, torch.optim.Adafactor, torch.optim.LBFGS])
def test_optimizers_that_always_use_the_weights_need_them(cls):
    weight = torch.nn.Parameter(torch.ones(2, 2))
    optimizer = cls([weight])
    weight.grad = torch.ones(2, 2)
    optimizer.step(lambda: 1.0)
    with pytest.raises(ValueError, match="clone them, then pass before="):
        decompose(optimizer, weight)


@pytest.mark.parametrize("cls", [torch.optim.ASGD, torch.optim.Adadelta])
def test_what_the_step_overwrites_has_to_be_looked_at_before(cls):
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = cls([weight])
    for _ in range(2):
        weight.grad = torch.ones(2)
        optimizer.step()
    with pytest.raises(ValueError, match=r"overwrites .* in the step: call lrcourse.steps.look_before"):
        decompose(optimizer, weight, before=weight.detach())


def two_steps(cls, **options):
    """Make two steps, with the lr halved between them, and return what each really changed."""
    weight = torch.nn.Parameter(torch.ones(1, dtype=torch.float64))
    optimizer = cls([weight], lr=0.1, **options)
    changes = []
    for _ in range(2):
        weight.grad = torch.ones(1, dtype=torch.float64)
        before = weight.item()
        optimizer.step()
        changes.append(weight.item() - before)
        optimizer.param_groups[0]["lr"] /= 2
    return changes


def test_a_scheduler_does_nothing_to_rprop():
    first, second = two_steps(torch.optim.Rprop, etas=(0.5, 1.2))
    assert (first, second) == (pytest.approx(-0.1), pytest.approx(-0.12))


def test_a_scheduler_reaches_asgd_one_step_late():
    first, second = two_steps(torch.optim.ASGD, lambd=0.0)
    assert first == second == pytest.approx(-0.1)


def test_adafactor_caps_the_lr():
    weight = torch.nn.Parameter(torch.ones(4))
    optimizer = torch.optim.Adafactor([weight], lr=10.0)
    for step in range(1, 5):
        weight.grad = torch.tensor([1.0, -1.0, 1.0, -1.0])
        before = weight.detach().clone()
        optimizer.step()
        taken = decompose(optimizer, weight, before=before)
        size = before.norm() / 2  # the root of the mean square of four weights
        assert (taken.base_lr * taken.factor / size).tolist() == pytest.approx([step**-0.5] * 4)


@pytest.mark.parametrize("look", [effective_lr, decompose])
def test_what_is_no_optimizer_is_named(look):
    with pytest.raises(
        TypeError, match="^optimizer must be of type Optimizer, got Parameter: pass the optimizer first"
    ):
        look(torch.nn.Parameter(torch.ones(1)), adam_after_a_step()[0])
