import copy
import dataclasses
import math

import numpy as np
import pytest
import strangers
import torch
from cases import same
from hypothesis import given, settings
from hypothesis import strategies as st
from test_laws import tiny_data, tiny_model

from lrcourse import lr_range_test
from lrcourse.training.range_test import RangeTest


def test_the_lr_grows_by_the_same_factor_from_the_lowest_to_the_highest():
    result = lr_range_test(tiny_model(), torch.optim.SGD, tiny_data(), lr_min=1e-6, lr_max=1e-2, steps=5, batch_size=8)
    assert result.lr == pytest.approx([1e-6, 1e-5, 1e-4, 1e-3, 1e-2])
    assert len(result.loss) == len(result.smooth) == 5 and result.smooth[0] == pytest.approx(result.loss[0])


@settings(max_examples=10, deadline=None, derandomize=True)
@given(
    make=st.sampled_from([torch.optim.SGD, torch.optim.Adam, torch.optim.RMSprop, torch.optim.Rprop]),
    steps=st.integers(2, 9),
    lr_max=st.sampled_from([1e-3, 1.0, 1e6]),
)
def test_model_optimizer_and_generator_are_left_alone(make, steps, lr_max):
    model = tiny_model()  # with dropout, which draws from the global generator
    optimizer = make(model.parameters(), lr=0.1)
    model(tiny_data().train.images).sum().backward()
    before = copy.deepcopy([model.state_dict(), optimizer.state_dict(), [p.grad for p in model.parameters()]])
    mode, generator = model.training, torch.get_rng_state()
    lr_range_test(model, make, tiny_data(), lr_min=1e-6, lr_max=lr_max, steps=steps, batch_size=8)
    assert same([model.state_dict(), optimizer.state_dict(), [p.grad for p in model.parameters()]], before)
    assert model.training == mode and torch.equal(torch.get_rng_state(), generator)


def test_it_ends_when_the_loss_explodes_and_keeps_what_is_finite():
    result = lr_range_test(tiny_model(), torch.optim.SGD, tiny_data(), lr_min=1e-3, lr_max=1e9, steps=40, batch_size=8)
    assert 2 <= len(result.lr) < 40
    assert torch.tensor([*result.loss, *result.smooth]).isfinite().all()


def test_the_batches_are_those_of_fit():
    seen = []
    data = tiny_data()
    model = tiny_model()
    model[0].register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    lr_range_test(model, torch.optim.SGD, data, lr_min=1e-6, lr_max=1e-5, steps=4, batch_size=10, seed=3)
    generator = torch.Generator().manual_seed(3)
    order = [torch.randperm(24, generator=generator) for _ in range(2)]
    wanted = [data.train.images[batch] for epoch in order for batch in epoch.split(10)][:4]
    assert all(torch.equal(a, b) for a, b in zip(seen, wanted, strict=True))


def test_the_suggestion_is_a_tenth_of_where_the_loss_was_lowest():
    result = RangeTest(lr=[0.01, 0.1, 1.0], loss=[2, 0, 3], smooth=[2.0, 1.0, 3.0])
    assert result.lowest == 0.1 and result.suggestion == pytest.approx(0.01)


@pytest.mark.parametrize(
    "options, kind, message",
    [
        ({"lr_min": 0}, ValueError, "lr_min must be above 0 and below lr_max; got lr_min=0, lr_max=1"),
        ({"lr_min": 2}, ValueError, "got lr_min=2, lr_max=1"),
        ({"steps": 1}, ValueError, "steps must be a whole number from 2, got 1"),
        ({"make_optimizer": lambda params: None}, TypeError, "it returned NoneType"),
        ({"make_optimizer": torch.optim.LBFGS}, TypeError, "needs no closure; it returned LBFGS"),
    ],
)
def test_a_wrong_range_is_an_error(options, kind, message):
    options = {"make_optimizer": torch.optim.SGD, "lr_min": 0.1, "lr_max": 1, "steps": 5, **options}
    with pytest.raises(kind, match=message):
        lr_range_test(tiny_model(), data=tiny_data(), **options)


def watched(make, seen):
    """Let a factory of optimizers note the lr of each group in each step."""

    def make_watched(parameters):
        optimizer = make(parameters)
        optimizer.register_step_pre_hook(lambda *_: seen.append([group["lr"] for group in optimizer.param_groups]))
        return optimizer

    return make_watched


@pytest.mark.parametrize("lr", [0.1, np.float32(0.1), torch.tensor(0.1)])
def test_every_group_steps_at_the_lr_of_the_test(lr):
    seen = []
    make = watched(lambda weights: torch.optim.Adam([{"params": [w], "lr": lr} for w in weights]), seen)
    result = lr_range_test(tiny_model(), make, tiny_data(), lr_min=1e-6, lr_max=1e-3, steps=4, batch_size=8)
    assert seen == [[lr] * 4 for lr in result.lr] and len(seen) == 4


def test_a_step_is_one_of_training_whatever_mode_the_model_is_in():
    """Dropout drops, batch norm uses the batch: the loss is that of a model in training."""
    modes, model = [], tiny_model().eval()
    model[2].register_forward_hook(lambda module, inputs, output: modes.append(module.training))
    lr_range_test(model, torch.optim.SGD, tiny_data(), lr_min=1e-6, lr_max=1e-5, steps=3, batch_size=8)
    assert modes == [True] * 3 and not model.training


@pytest.mark.parametrize("name", sorted(set(strangers.OPTIMIZERS) - {"OwnLr"}))
def test_optimizers_of_others_can_be_tested(name):
    model = tiny_model()
    before = copy.deepcopy(model.state_dict())
    result = lr_range_test(
        model, strangers.OPTIMIZERS[name], tiny_data(), lr_min=1e-6, lr_max=1e-4, steps=3, batch_size=8
    )
    assert result.lr == pytest.approx([1e-6, 1e-5, 1e-4]) and same(model.state_dict(), before)


def test_an_optimizer_that_chooses_its_lr_itself_is_refused():
    with pytest.raises(ValueError, match=r"OwnLr holds no lr, .* make it with one, such as Adafactor\(parameters, lr="):
        lr_range_test(tiny_model(), strangers.OwnLr, tiny_data(), lr_min=1e-6, lr_max=1e-4, steps=3)


def test_the_numbers_of_numpy_and_torch_are_numbers():
    results = []
    for whole, real in ((int, float), (np.int64, np.float64), (torch.tensor, lambda lr: torch.tensor(lr).double())):
        call = {"lr_min": real(0.25), "lr_max": real(0.5), "steps": whole(3), "batch_size": whole(8), "seed": whole(1)}
        results.append(lr_range_test(tiny_model(), torch.optim.SGD, tiny_data(), **call))
        assert {type(lr) for lr in results[-1].lr} == {float}
    assert results[0] == results[1] == results[2]


def test_a_loss_of_0_is_the_best_there_is_and_no_explosion():
    data = tiny_data()
    data = dataclasses.replace(data, train=data.train._replace(labels=torch.zeros(24, dtype=torch.int64)))
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 4 * 4, 1))  # one class, so always right
    result = lr_range_test(model, torch.optim.SGD, data, lr_min=1e-3, lr_max=1.0, steps=5, batch_size=8)
    assert result.loss == result.smooth == [0.0] * 5 and result.lowest == 1e-3


def test_the_smoothed_loss_is_a_running_average_that_starts_without_a_bias():
    result = lr_range_test(tiny_model(), torch.optim.SGD, tiny_data(), lr_min=1e-4, lr_max=1e-1, steps=6, batch_size=8)
    shares = [[0.9**age for age in range(step, -1, -1)] for step in range(6)]
    wanted = [sum(s * x for s, x in zip(share, result.loss, strict=False)) / sum(share) for share in shares]
    assert result.smooth == pytest.approx(wanted, rel=1e-6)


def test_it_ends_at_four_times_the_best_and_not_before():
    losses = iter([1.0, 1.0, 1.0, 20.0, 20.0, 20.0])

    class Told(torch.nn.Module):
        """A model of two classes whose loss is what the test says."""

        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))

        def forward(self, images):
            other = math.log(math.expm1(next(losses)))  # log(1 + e^x) is the loss then
            return torch.tensor([0.0, other]).repeat(len(images), 1) + 0 * self.weight

        def __deepcopy__(self, memo):
            return self

    data = tiny_data()
    data = dataclasses.replace(data, train=data.train._replace(labels=torch.zeros(24, dtype=torch.int64)))
    result = lr_range_test(Told(), torch.optim.SGD, data, lr_min=1e-3, lr_max=1.0, steps=6, batch_size=8)
    # Averages of 1, 1, 1 and then, with a share of 0.29 for the newest, 6.5: more than four times the best.
    assert result.loss == pytest.approx([1.0] * 3)


@pytest.mark.parametrize(
    "name, wrong", [("steps", 1), ("batch_size", 0), ("seed", -1), ("lr_min", "1"), ("lr_max", None)]
)
def test_a_wrong_number_is_named(name, wrong):
    options = {"lr_min": 0.1, "lr_max": 1.0, "steps": 5, name: wrong}
    with pytest.raises(ValueError, match=f"^{name} must be a "):
        lr_range_test(tiny_model(), torch.optim.SGD, tiny_data(), **options)


@pytest.mark.parametrize("shown", [True, False])
def test_a_bar_is_shown_unless_it_is_not_wanted(shown, monkeypatch, capsys):
    monkeypatch.delenv("LRCOURSE_PROGRESS")
    options = {"lr_min": 1e-6, "lr_max": 1e6, "steps": 50, "batch_size": 8}
    result = lr_range_test(tiny_model(), torch.optim.SGD, tiny_data(), progress=shown, **options)
    assert len(result.lr) < 50 and ("steps" in capsys.readouterr().err) == shown
