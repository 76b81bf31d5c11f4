import math

import numpy as np
import pandas as pd
import pytest
import strangers
import torch
import torch.nn.functional as F
from cases import same
from torch.optim.lr_scheduler import ChainedScheduler, ReduceLROnPlateau, StepLR

from lrcourse import SmallCNN, evaluate, fit, simulate
from lrcourse.base import optimizers_in, switch_mode
from lrcourse.training import History


def model_and_adam(seed=0):
    torch.manual_seed(seed)
    model = SmallCNN()
    return model, torch.optim.Adam(model.parameters(), lr=0.01)


def test_fit_is_the_loop_written_by_hand(data):
    model, optimizer = model_and_adam()
    fit(model, optimizer, data, epochs=2, batch_size=8, per_epoch=StepLR(optimizer, 1, 0.5), seed=3)

    mine, my_optimizer = model_and_adam()
    generator = torch.Generator().manual_seed(3)
    for epoch in range(2):
        mine.train()
        my_optimizer.param_groups[0]["lr"] = 0.01 * 0.5**epoch
        for batch in torch.randperm(42, generator=generator).split(8):
            my_optimizer.zero_grad()
            F.cross_entropy(mine(data.train.images[batch]), data.train.labels[batch]).backward()
            my_optimizer.step()
    assert same(model.state_dict(), mine.state_dict())


def test_history_has_one_entry_for_each_step_and_epoch(data):
    model, optimizer = model_and_adam()
    history = fit(model, optimizer, data, epochs=3, batch_size=8)
    assert len(history.lr) == len(history.train_loss) == 18
    assert len(history.val_loss) == len(history.val_accuracy) == 3
    assert history.steps_per_epoch == 6
    assert evaluate(model, data.val) == (history.val_loss[-1], history.val_accuracy[-1])


def test_training_uses_and_moves_no_global_generator(data):
    model, optimizer = model_and_adam()
    state = torch.get_rng_state()
    fit(model, optimizer, data, epochs=1, batch_size=8)
    assert torch.equal(torch.get_rng_state(), state)
    torch.rand(5)
    again, optimizer = model_and_adam()
    torch.rand(5)
    fit(again, optimizer, data, epochs=1, batch_size=8)
    assert same(model.state_dict(), again.state_dict())


def test_evaluating_changes_no_later_step(data):
    results = []
    for look in (False, True):
        model, optimizer = model_and_adam()
        for epoch in range(2):
            fit(model, optimizer, data, epochs=1, batch_size=8, seed=epoch)
            if look:
                before = {key: value.clone() for key, value in model.state_dict().items()}
                evaluate(model, data.test)
                assert same(before, model.state_dict())
        results.append(model.state_dict())
    assert same(*results)


def test_evaluate_gives_mean_loss_and_accuracy_whatever_the_batches(data):
    class Sure(torch.nn.Module):
        def forward(self, images):
            return torch.tensor([10.0, 0.0]).repeat(len(images), 1)

    split = data.val._replace(labels=torch.tensor([0, 1] * 8))
    loss, accuracy = evaluate(Sure(), split, batch_size=5)
    assert accuracy == 0.5
    assert loss == pytest.approx((math.log1p(math.exp(-10)) + math.log1p(math.exp(10))) / 2)


def test_a_plateau_is_given_the_validation_loss(data):
    model, optimizer = model_and_adam()
    plateau = ReduceLROnPlateau(optimizer, factor=0.5, patience=0)
    history = fit(model, optimizer, data, epochs=5, batch_size=8, per_epoch=plateau)
    lr, best = 0.01, math.inf
    for epoch, loss in enumerate(history.val_loss):
        assert history.lr[6 * epoch : 6 * epoch + 6] == [lr] * 6
        better = loss < best * (1 - plateau.threshold)
        lr, best = (lr, loss) if better else (lr * 0.5, best)


def test_both_schedulers_act_each_on_its_clock(data):
    model, optimizer = model_and_adam()
    both = {"per_batch": StepLR(optimizer, 4, 0.1), "per_epoch": StepLR(optimizer, 1, 0.5)}
    history = fit(model, optimizer, data, epochs=2, batch_size=8, **both)
    expected = [0.01] * 4 + [0.001] * 2 + [0.0005] * 2 + [0.00005] * 4
    assert history.lr == pytest.approx(expected, rel=1e-12)


def test_a_bad_number_is_refused(data):
    model, optimizer = model_and_adam()
    for bad in (0, -1, 2.5, "3", True):
        with pytest.raises(ValueError, match="epochs must be a whole number from 1, got"):
            fit(model, optimizer, data, epochs=bad)
        with pytest.raises(ValueError, match="batch_size must be a whole number from 1, got"):
            fit(model, optimizer, data, epochs=1, batch_size=bad)


def test_a_plateau_per_batch_is_refused(data):
    model, optimizer = model_and_adam()
    with pytest.raises(TypeError, match="pass it as per_epoch"):
        fit(model, optimizer, data, epochs=1, per_batch=ReduceLROnPlateau(optimizer))


@pytest.mark.parametrize("make", [lambda o: StepLR(o, 1), lambda o: ChainedScheduler([StepLR(o, 1)])])
@pytest.mark.parametrize("where", ["per_batch", "per_epoch"])
def test_a_scheduler_of_another_optimizer_is_refused(data, where, make):
    model, optimizer = model_and_adam()
    stranger = make(model_and_adam()[1])
    with pytest.raises(ValueError, match=f"{where}=.* belongs to another optimizer"):
        fit(model, optimizer, data, epochs=1, **{where: stranger})


def test_a_factory_in_place_of_a_scheduler_is_refused(data):
    model, optimizer = model_and_adam()
    with pytest.raises(TypeError, match="per_epoch must be a scheduler, got function"):
        fit(model, optimizer, data, epochs=1, per_epoch=lambda o: StepLR(o, 1))


def test_lbfgs_is_refused(data):
    model, _ = model_and_adam()
    with pytest.raises(TypeError, match="LBFGS .* needs a closure"):
        fit(model, torch.optim.LBFGS(model.parameters()), data, epochs=1)


@pytest.mark.parametrize("shown", [True, False])
def test_a_bar_is_shown_unless_it_is_not_wanted(shown, data, monkeypatch, capsys):
    monkeypatch.delenv("LRCOURSE_PROGRESS")
    model, optimizer = model_and_adam()
    fit(model, optimizer, data, epochs=1, batch_size=8, progress=shown)
    assert ("epochs" in capsys.readouterr().err) == shown


@pytest.mark.parametrize("seen", [(4, 2, 2, 1), (4, 1, 1, 1), (2, 3, 1, 2), (0, 0, 0, 0), (3, 2, 5, 1)])
def test_a_cut_history_has_as_many_of_the_one_as_of_the_other(seen):
    names = ("lr", "train_loss", "val_loss", "val_accuracy")
    history = History(**{name: [0.5] * count for name, count in zip(names, seen, strict=True)})
    assert history._cut([torch.tensor(0.25)] * bool(seen[0])) is history  # a loss that was still on the device
    steps, epochs = min(seen[0], seen[1] + bool(seen[0])), min(seen[2:])
    assert [len(getattr(history, name)) for name in names] == [steps, steps, epochs, epochs]


def test_after_training_the_model_is_in_eval_mode_and_in_train_mode_in_each_step(data):
    model, optimizer = model_and_adam()
    modes = []
    model.register_forward_pre_hook(lambda module, images: modes.append(module.training))
    fit(model.eval(), optimizer, data, epochs=2, batch_size=21)
    assert modes == [True, True, False] * 2 and not model.training


def test_the_numbers_of_numpy_and_torch_are_numbers(data):
    results = []
    for number in (int, np.int64, torch.tensor, lambda number: pd.Series([number]).iloc[0]):
        model, optimizer = model_and_adam()
        history = fit(model, optimizer, data, epochs=number(2), batch_size=number(8), seed=number(3))
        results.append([vars(history), model.state_dict(), evaluate(model, data.val, batch_size=number(5))])
    assert all(same(result, results[0]) for result in results)


@pytest.mark.parametrize("name", strangers.OPTIMIZERS)
def test_an_optimizer_of_others_trains_and_what_was_measured_is_what_one_keeps(name, data):
    torch.manual_seed(0)
    model = SmallCNN()
    optimizer = strangers.OPTIMIZERS[name](model.parameters())
    before = model.linear.weight.detach().clone()
    history = fit(model, optimizer, data, epochs=2, batch_size=8)
    assert not torch.equal(model.linear.weight, before)
    assert history.lr == [0.03] * 12 or name == "OwnLr"
    switch_mode(optimizer, "eval")  # is in it
    assert evaluate(model, data.val) == (history.val_loss[-1], history.val_accuracy[-1])


def test_an_lr_that_is_none_is_logged_as_nan(data):
    model = SmallCNN()
    history = fit(model, strangers.OwnLr(model.parameters()), data, epochs=1, batch_size=8)
    assert len(history.lr) == 6 and all(math.isnan(lr) for lr in history.lr)


@pytest.mark.parametrize("name", strangers.MAKE_SCHEDULER)
def test_a_scheduler_of_others_acts_as_planned(name, data):
    model, optimizer = model_and_adam()
    scheduler = strangers.MAKE_SCHEDULER[name](optimizer)
    history = fit(model, optimizer, data, epochs=4, batch_size=21, per_epoch=scheduler)
    metrics = history.val_loss if name == "Greedy" else None
    planned = simulate(strangers.MAKE_SCHEDULER[name], 4, lr=0.01, metrics=metrics)
    assert history.lr[::2] == history.lr[1::2] == planned and len(set(planned)) > 1


@pytest.mark.parametrize("outer", [strangers.Lookahead, strangers.Modes])
@pytest.mark.parametrize("where", ["per_batch", "per_epoch"])
def test_a_scheduler_of_the_inner_optimizer_acts_on_the_outer_one(outer, where, data):
    model = SmallCNN()
    optimizer = outer(model.parameters(), lr=0.01)
    scheduler = StepLR(optimizers_in(optimizer)[1], 1, 0.5)
    history = fit(model, optimizer, data, epochs=2, batch_size=21, **{where: scheduler})
    assert history.lr == ([0.01, 0.005, 0.0025, 0.00125] if where == "per_batch" else [0.01, 0.01, 0.005, 0.005])


def test_a_metric_cannot_be_had_per_batch(data):
    model, optimizer = model_and_adam()
    with pytest.raises(TypeError, match="Greedy needs the validation loss, .* pass it as per_epoch"):
        fit(model, optimizer, data, epochs=1, per_batch=strangers.Greedy(optimizer))


def without(part):
    """Return a model and an optimizer that does not hold a part of it."""
    model = SmallCNN()
    mine = {"head": lambda name, w: "linear" not in name, "all but matrices": lambda name, w: w.ndim == 2}[part]
    return model, torch.optim.SGD([w for name, w in model.named_parameters() if mine(name, w)], lr=0.01)


@pytest.mark.parametrize(
    "part, said",
    {
        "head": r"optimizer does not hold linear.weight, linear.bias: 10,250 of 33,946 weights will not be trained",
        "all but matrices": "not hold conv1.weight, norm1.weight, .*, conv2.weight, norm2.weight and 5 more: 23,706 of",
    }.items(),
)
def test_weights_that_no_optimizer_holds_are_worth_a_warning(part, said, data):
    model, optimizer = without(part)
    with pytest.warns(UserWarning, match=rf"{said}.* freeze them with requires_grad_\(False\)") as warned:
        fit(model, optimizer, data, epochs=1)
    assert len(warned) == 1 and warned[0].filename == __file__


def test_a_head_that_was_replaced_after_the_optimizer_was_made_is_worth_a_warning(data):
    model, optimizer = model_and_adam()
    model.linear = torch.nn.Linear(1024, 10)
    with pytest.warns(UserWarning, match="not hold linear.weight, linear.bias: .*after the last change of the mod"):
        fit(model, optimizer, data, epochs=1)


def test_weights_that_are_frozen_or_in_another_group_are_none(data):
    model, optimizer = without("head")
    model.linear.requires_grad_(False)
    fit(model, optimizer, data, epochs=1)
    model.linear.requires_grad_(True)
    optimizer.add_param_group({"params": model.linear.parameters()})
    fit(model, optimizer, data, epochs=1)


@pytest.mark.parametrize("many", [list, tuple, lambda both: dict(enumerate(both))])
def test_several_optimizers_get_the_line_that_helps(many, data):
    model, muon = without("all but matrices")
    adamw = torch.optim.AdamW([w for w in model.parameters() if w.ndim != 2])
    with pytest.raises(TypeError, match="fit steps one optimizer, got a .* of 2: .* write the loop of lesson 00 with"):
        fit(model, many([muon, adamw]), data, epochs=1)


def test_lbfgs_is_found_inside_another(data):
    model, _ = model_and_adam()
    outer = strangers.Lookahead(model.parameters())
    outer.base_optimizer = torch.optim.LBFGS(model.parameters())
    with pytest.raises(TypeError, match="LBFGS .* needs a closure"):
        fit(model, outer, data, epochs=1)
