import math

import pytest
import torch
import torch.nn.functional as F
from cases import same
from torch.optim.lr_scheduler import ChainedScheduler, ReduceLROnPlateau, StepLR

from lrcourse import SmallCNN, evaluate, fit


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
