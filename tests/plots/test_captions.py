"""Words beside a picture are true of what is drawn, for every optimizer of torch."""

import math
from contextlib import contextmanager

import pytest
import torch
from cases import OPTIMIZERS, train_a_little
from torch import nn

from lrcourse import record
from lrcourse.plots import captions
from lrcourse.steps import Series, Trace


def recorded(name, steps=8):
    """Return the trace of a run of an optimizer of torch."""
    kept = []

    @contextmanager
    def around(model, optimizer):
        with record(model, optimizer) as trace:
            kept.append(trace)
            yield

    train_a_little(lambda p: OPTIMIZERS[name](p), sparse=name == "SparseAdam", steps=steps, around=around)
    return kept[0]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_titles_are_true_of_every_optimizer(name):
    trace = recorded(name)
    factor, product = captions.factor_title(trace), captions.product_title(trace)
    values = torch.tensor([row for one in trace.layers.values() for row in one.factor])
    rates = torch.tensor([row for one in trace.layers.values() for row in one.effective_lr])
    wanted = trace.base_lr[0] * values
    ones = bool((values == 1).all())
    kept = torch.allclose(rates, wanted, rtol=0.005)
    assert factor.startswith("1 for every weight") == ones
    assert ("leaves the lr as it is" in factor) == (ones and kept)
    assert ("one number for each weight" in factor) == bool((values != values[:, :1]).any())
    assert product == "base lr × factor = effective lr" if kept else f"{name}'s own" in product


def test_which_optimizer_gets_which_title():
    titles = {name: captions.factor_title(recorded(name)) for name in ("SGD", "Adam", "Muon", "LBFGS", "Rprop")}
    assert titles == {
        "SGD": "1 for every weight: SGD leaves the lr as it is",
        "Adam": "The optimizer's clock (Adam): one number for each weight",
        "Muon": "The optimizer's clock (Muon): here one number for each tensor",
        "LBFGS": "1 for every weight here: LBFGS leaves the lr as it is",
        "Rprop": "The optimizer's clock (Rprop): one number for each weight",
    }
    assert captions.product_title(recorded("Rprop")) == (
        "effective lr = factor × an lr of Rprop's own, which is not the base lr"
    )


def test_the_first_steps_of_radam_are_1_here_and_no_more_than_that():
    assert captions.factor_title(recorded("RAdam", steps=3)) == "1 for every weight here: RAdam leaves the lr as it is"
    assert captions.factor_title(recorded("RAdam", steps=8)).endswith("one number for each weight")


def test_asgd_acts_one_step_late_and_so_its_product_is_not_said_to_be_one():
    model = nn.Linear(2, 1)
    optimizer = torch.optim.ASGD(model.parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 2, 0.5)
    with record(model, optimizer) as trace:
        for _ in range(4):
            optimizer.zero_grad()
            model(torch.ones(1, 2)).sum().backward()
            optimizer.step()
            scheduler.step()
    assert captions.factor_title(trace) == "1 for every weight here"
    assert captions.product_title(trace) == "effective lr = factor × an lr of ASGD's own, which is not the base lr"


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
@pytest.mark.parametrize("lr", [0.1, 0.003, 0.0, -0.01])
def test_half_precision_and_any_lr_are_still_a_product(dtype, lr):
    model = nn.Linear(5, 3).to(dtype)
    optimizer = torch.optim.RMSprop([{"params": [model.weight]}, {"params": [model.bias], "lr": 0.7}], lr=0.1)
    optimizer.param_groups[0]["lr"] = lr
    with record(model, optimizer) as trace:
        for _ in range(3):
            model(torch.randn(4, 5, dtype=dtype)).square().mean().backward()
            optimizer.step()
    assert captions.product_title(trace) == "base lr of its group × factor = effective lr"


def test_one_layer_that_does_not_fit_is_enough_not_to_call_it_a_product():
    rows = [[2.0] * 5]
    fits, other = (Series(rows, [[rate] * 5], update_size=[1.0]) for rate in (0.2, 0.3))
    assert captions.product_title(Trace("SGD", [1], [[0.1]], {"a": fits}, fits)).startswith("base lr × factor")
    assert "SGD's own" in captions.product_title(Trace("SGD", [1], [[0.1]], {"a": fits, "b": other}, fits))
    assert "SGD's own" in captions.product_title(Trace("SGD", [1], [[0.1]], {}, other))
    # Over two groups, the median factor and the median rate need not belong to the same weight.
    assert captions.product_title(Trace("SGD", [1], [[0.1], [0.2]], {}, other)).startswith("base lr of its group")


@pytest.mark.parametrize(
    "layers, everything, kind",
    [
        ([[3.0] * 5, [3.0] * 5], [3.0] * 5, "here one number for all weights"),
        ([[3.0] * 5, [4.0] * 5], [3.0, 3.0, 3.0, 4.0, 4.0], "here one number for each tensor"),
        ([[3.0] * 5, [4.0, 4.0, 4.0, 4.0, 5.0]], [3.0, 3.0, 4.0, 4.0, 5.0], "one number for each weight"),
        ([], [3.0, 3.0, 4.0, 4.0, 5.0], "one number for each weight"),
        ([[1.0] * 5, [2.0] * 5], [1.0, 1.0, 1.0, 2.0, 2.0], "here one number for each tensor"),
    ],
)
def test_what_kind_of_number_the_factor_is_is_read_off_all_layers(layers, everything, kind):
    named = {str(i): Series([[math.nan] * 5, row], [row, row]) for i, row in enumerate(layers)}
    trace = Trace("Mine", [1, 2], [[1.0, 1.0]], named, Series([[math.nan] * 5, everything], [everything] * 2))
    assert captions.factor_title(trace) == f"The optimizer's clock (Mine): {kind}"


def test_a_factor_that_could_not_be_read_is_not_said_to_have_no_rule():
    unknown = Series([[math.nan] * 5], [[math.nan] * 5])
    assert captions.factor_title(Trace("Adam", [1], [[0.1]], {}, unknown)) == "the factor of Adam could not be read"
    assert captions.factor_title(Trace("Lion", [1], [[0.1]], {}, unknown)).startswith("no rule for Lion")


def test_the_scheduler_sets_one_number_or_one_for_each_group():
    def title(*groups):
        return captions.scheduler_title(Trace("SGD", [1], [list(lrs) for lrs in groups]))

    assert title([0.1]) == title([0.1], [0.1]) == "The scheduler's clock: one number for all weights"
    assert title([0.1], [0.2]) == "The scheduler's clock: one number for each param group"
    assert title([0.1], [math.nan]) == "The scheduler's clock: one number for each param group"


@pytest.mark.parametrize("steps_per_epoch", [0, 2.5, "32"])
def test_steps_per_epoch_are_a_whole_number(steps_per_epoch):
    with pytest.raises(ValueError, match="steps_per_epoch must be a whole number from 1, got"):
        captions.check_trace(Trace("SGD", [1], [[0.1]]), steps_per_epoch)


def test_six_different_lrs_are_listed_and_seven_are_not():
    assert captions.lr_at("lr", [[1], [2], [3], [4], [5], [6]], 0).count("group ") == 6
    assert captions.lr_at("lr", [[1], [2], [3], [4], [5], [6], [7]], 0) == "lr 1 to 7 (7 groups)"


@pytest.mark.parametrize(
    "groups, words",
    [
        ([[0.1]], "lr 0.1"),
        ([[0.1], [0.1]], "lr 0.1"),
        ([[1e-4], [0.1]], "lr 0.0001 (group 0), 0.1 (group 1)"),
        ([[0.1], [0.2], [0.1]], "lr 0.1 (groups 0, 2), 0.2 (group 1)"),
        ([[math.nan]], "lr not known"),
        ([[g / 10] for g in range(1, 9)], "lr 0.1 to 0.8 (8 groups)"),
        ([[g / 10] for g in range(1, 8)], "lr 0.1 to 0.7 (7 groups)"),
        ([[0.1], [0.2], [0.3]], "lr 0.1 (group 0), 0.2 (group 1), 0.3 (group 2)"),
        ([[0.5]] * 4 + [[1.0]], "lr 0.5 (groups 0, 1, 2, 3), 1 (group 4)"),
        ([[0.5]] * 5 + [[1.0]], "lr 0.5 (groups 0, 1, 2, 3 and 1 more), 1 (group 5)"),
        ([[0.5]] * 7 + [[1.0]], "lr 0.5 (groups 0, 1, 2, 3 and 3 more), 1 (group 7)"),
    ],
)
def test_the_lr_at_a_step_is_told_of_each_group(groups, words):
    assert captions.lr_at("lr", groups, 0) == words
