import math
from contextlib import contextmanager, nullcontext

import numpy as np
import pytest
import torch
from cases import MAKE_SCHEDULER, OPTIMIZERS, same, train_a_little

from lrcourse import SmallCNN, decompose, fit, record, simulate
from lrcourse.steps import recording
from lrcourse.steps.decomposition import rule
from lrcourse.steps.series import QUANTILES


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_record_leaves_training_bitwise_unchanged(name):
    sparse = name == "SparseAdam"
    plain = train_a_little(OPTIMIZERS[name], sparse=sparse)
    watched = train_a_little(OPTIMIZERS[name], sparse=sparse, around=record)
    assert same(*(model.state_dict() for model, _ in (plain, watched)))
    assert same(*(optimizer.state_dict() for _, optimizer in (plain, watched)))


def hooks(optimizer):
    return len(optimizer._optimizer_step_pre_hooks) + len(optimizer._optimizer_step_post_hooks)


def test_the_hooks_are_gone_afterwards_also_after_an_exception():
    model = torch.nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with record(model, optimizer):
        assert hooks(optimizer) == 2
    assert hooks(optimizer) == 0
    with pytest.raises(KeyboardInterrupt), record(model, optimizer):
        raise KeyboardInterrupt
    assert hooks(optimizer) == 0


def test_record_draws_nothing_from_the_global_generator(data):
    model = SmallCNN()
    optimizer = torch.optim.Adam(model.parameters())
    state = torch.get_rng_state()
    with record(model, optimizer):
        fit(model, optimizer, data, epochs=1, batch_size=8)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("name", MAKE_SCHEDULER)
def test_what_was_logged_is_what_was_planned_per_batch(name, data):
    if name == "ReduceLROnPlateau":
        pytest.skip("a plateau needs a metric, and there is none after a batch; see the test per epoch")
    model = SmallCNN()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9)
    scheduler = MAKE_SCHEDULER[name](optimizer)
    with record(model, optimizer) as trace:
        history = fit(model, optimizer, data, epochs=2, batch_size=8, per_batch=scheduler)
    planned = simulate(MAKE_SCHEDULER[name], 12, lr=0.03)
    assert trace.base_lr == planned == history.lr


@pytest.mark.parametrize("name", MAKE_SCHEDULER)
def test_what_was_logged_is_what_was_planned_per_epoch(name, data):
    model = SmallCNN()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
    scheduler = MAKE_SCHEDULER[name](optimizer)
    with record(model, optimizer) as trace:
        history = fit(model, optimizer, data, epochs=5, batch_size=21, per_epoch=scheduler)
    metrics = history.val_loss if name == "ReduceLROnPlateau" else None
    planned = simulate(MAKE_SCHEDULER[name], 5, lr=0.03, optimizer=torch.optim.Adam, metrics=metrics)
    assert trace.base_lr == [lr for lr in planned for _ in range(2)] == history.lr


def test_an_entry_shows_the_step_and_not_what_the_scheduler_does_after_it():
    weight = torch.nn.Parameter(torch.tensor([2.0]))
    optimizer = torch.optim.SGD([weight], lr=0.5)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.1)
    with record(torch.nn.ParameterDict({"w": weight}), optimizer) as trace:
        weight.grad = torch.tensor([1.0])
        optimizer.step()
        scheduler.step()
    seen = trace.layers["w"]
    assert trace.base_lr == [0.5]
    assert (seen.weight_size, seen.direction_size, seen.update_size) == ([2.0], [1.0], [0.5])
    assert seen.factor == [[1.0] * 5] and seen.effective_lr == [[0.5] * 5] and seen.residual == [0.0]


def test_every_third_step_is_recorded_from_the_first(data):
    model = SmallCNN()
    optimizer = torch.optim.Adam(model.parameters())
    with record(model, optimizer, every=3) as trace:
        fit(model, optimizer, data, epochs=2, batch_size=8)
    assert trace.step == [1, 4, 7, 10]
    assert len(trace.everything.update_size) == len(trace.base_lr) == 4


def test_the_residual_of_a_real_run_is_rounding(data):
    model = SmallCNN()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    with record(model, optimizer) as trace:
        fit(model, optimizer, data, epochs=3, batch_size=8)
    assert 0 < max(trace.everything.residual) <= 32
    assert max(trace.everything.residual) == max(max(layer.residual) for layer in trace.layers.values())


def test_a_parameter_without_a_gradient_is_left_out_and_one_without_a_name_gets_one():
    a, b = torch.nn.Parameter(torch.ones(1)), torch.nn.Parameter(torch.ones(1))
    optimizer = torch.optim.Adam([{"params": [a]}, {"params": [b], "lr": 0.5}])
    with record(torch.nn.Linear(1, 1), optimizer) as trace:
        b.grad = torch.ones(1)
        optimizer.step()
    assert list(trace.layers) == ["group 1, parameter 0"]
    assert trace.group_lr == [[0.001], [0.5]]
    assert trace.everything.effective_lr[0][2] == pytest.approx(0.5)


def test_a_step_without_any_gradient_leaves_no_entry():
    model = torch.nn.Linear(1, 1)
    optimizer = torch.optim.Adam(model.parameters())
    with record(model, optimizer) as trace:
        optimizer.step()
        model(torch.ones(1, 1)).backward()
        optimizer.step()
    assert trace.step == [1] and len(trace.everything.update_size) == 1


def test_an_optimizer_without_a_rule_still_shows_lr_and_update():
    class Own(torch.optim.Rprop):
        pass

    rule.register(Own, rule.dispatch(object))  # as if it had none
    weight = torch.nn.Parameter(torch.tensor([1.0]))
    optimizer = Own([weight], lr=0.25)
    told = pytest.warns(
        RuntimeWarning, match="record does not understand group 0, parameter 0 of Own .* there is no rule"
    )
    with told, record(torch.nn.Linear(1, 1), optimizer) as trace:
        weight.grad = torch.tensor([1.0])
        optimizer.step()
    assert trace.base_lr == [0.25] and trace.everything.update_size == [0.25]
    assert math.isnan(trace.everything.residual[0])


def train_my_way(way, *, around=None):
    """Train a tiny net in a loop of the kind that ``way`` is; return all that could have changed, and ``around``'s."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Dropout(), torch.nn.Linear(8, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1, fused=True if "fused" in way else None)
    scaler = torch.amp.GradScaler("cpu", enabled="AMP" in way, init_scale=1024.0)
    with around(model, optimizer) if around else nullcontext() as seen:
        for step in range(6):
            images = torch.randn(5, 4)
            if "closure" in way:

                def closure(images=images):
                    optimizer.zero_grad()
                    loss = model(images).square().mean()
                    loss.backward()
                    return loss

                optimizer.step(closure)
                continue
            loss = model(images).square().mean()
            if "skip" in way and step == 2:
                loss = loss * torch.inf
            scaler.scale(loss).backward()
            if "accumulate" in way and step % 3 != 2:
                continue
            if "clip" in way:
                scaler.unscale_(optimizer)
                torch.nn.utils.clip_grad_norm_(model.parameters(), 0.1)
            scaler.step(optimizer)
            scaler.update()
            optimizer.zero_grad(set_to_none="keep" not in way)
    return [model.state_dict(), optimizer.state_dict(), scaler.state_dict(), torch.get_rng_state()], seen


@pytest.mark.parametrize(
    "way, steps",
    [
        ("plain", [1, 2, 3, 4, 5, 6]),
        ("keep zeros as gradients", [1, 2, 3, 4, 5, 6]),
        ("closure", [1, 2, 3, 4, 5, 6]),
        ("clip", [1, 2, 3, 4, 5, 6]),
        ("accumulate", [1, 2]),
        ("accumulate, clip", [1, 2]),
        ("AMP", [1, 2, 3, 4, 5, 6]),
        ("AMP, clip", [1, 2, 3, 4, 5, 6]),
        ("AMP, skip", [1, 2, 3, 4, 5]),  # the scaler does not call the optimizer
        ("AMP, fused", [1, 2, 3, 4, 5, 6]),
        ("AMP, fused, skip", [1, 2, 3, 4, 5]),  # the scaler calls it, and it skips the step itself
        ("AMP, fused, skip, clip", [1, 2, 3, 4, 5]),
    ],
)
def test_any_loop_can_be_watched(way, steps):
    plain, _ = train_my_way(way)
    recorded, trace = train_my_way(way, around=record)
    assert same(recorded, plain)
    assert trace.step == steps
    assert 0 < max(trace.everything.update_size) and max(trace.everything.residual) <= 32


def test_recordings_can_be_nested():
    plain, _ = train_my_way("plain")

    @contextmanager
    def twice(model, optimizer):
        with record(model, optimizer) as outer, record(model, optimizer, every=2) as inner:
            yield outer, inner

    recorded, (outer, inner) = train_my_way("plain", around=twice)
    assert same(recorded, plain)
    assert outer.step == [1, 2, 3, 4, 5, 6] and inner.step == [1, 3, 5]
    assert inner.everything.update_size == outer.everything.update_size[::2]


def test_two_optimizers_are_watched_apart():
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1))
    first, second = torch.optim.SGD(model[0].parameters(), lr=0.1), torch.optim.Adam(model[1].parameters(), lr=0.2)
    with record(model, first) as one, record(model, second) as two:
        for step in range(4):
            model(torch.ones(1, 2)).square().sum().backward()
            first.step()
            if step % 2:
                second.step()
            model.zero_grad()
    assert (one.optimizer, one.step, list(one.layers)) == ("SGD", [1, 2, 3, 4], ["0.weight", "0.bias"])
    assert (two.optimizer, two.step, list(two.layers)) == ("Adam", [1, 2], ["1.weight", "1.bias"])


def test_a_layer_that_comes_later_keeps_step_with_the_trace():
    model = torch.nn.Sequential(torch.nn.Linear(2, 2, bias=False), torch.nn.Linear(2, 1, bias=False))
    optimizer = torch.optim.SGD(model[0].parameters(), lr=0.1)
    model[1].requires_grad_(False)
    with record(model, optimizer) as trace:
        for step in range(6):
            if step == 2:  # unfreeze
                model[1].requires_grad_(True)
                optimizer.add_param_group({"params": model[1].parameters(), "lr": 0.01})
            if step == 3:  # grow
                model.append(torch.nn.Linear(1, 1, bias=False))
                optimizer.add_param_group({"params": model[2].parameters()})
            if step == 4:  # freeze
                model[0].requires_grad_(False)
                model[0].weight.grad = None
            model(torch.ones(1, 2)).sum().backward()
            optimizer.step()
    nan = math.nan
    assert trace.step == [1, 2, 3, 4, 5, 6]
    lr = [[0.1] * 6, [nan, nan, 0.01, 0.01, 0.01, 0.01], [nan, nan, nan, 0.1, 0.1, 0.1]]
    np.testing.assert_array_equal(trace.group_lr, lr)
    assert {name: layer.group for name, layer in trace.layers.items()} == {"0.weight": 0, "1.weight": 1, "2.weight": 2}
    there = {name: [not math.isnan(size) for size in layer.weight_size] for name, layer in trace.layers.items()}
    assert there == {
        "0.weight": [True] * 4 + [False] * 2,
        "1.weight": [False] * 2 + [True] * 4,
        "2.weight": [False] * 3 + [True] * 3,
    }
    assert all(len(layer.rows()) == 6 for layer in trace.layers.values())
    assert not np.isnan(trace.everything.rows()).any()


def test_a_step_that_fails_is_not_counted_and_the_next_is_whole():
    model = torch.nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def fail():
        raise RuntimeError("out of data")

    with record(model, optimizer, every=2) as trace:
        for closure in (fail, None, None):
            model(torch.ones(1, 1)).sum().backward()
            with pytest.raises(RuntimeError, match="out of data") if closure else nullcontext():
                optimizer.step(closure)
    assert trace.step == [1]


def test_what_was_recorded_before_an_exception_is_there():
    model = torch.nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(KeyboardInterrupt), record(model, optimizer) as trace:
        model(torch.ones(1, 1)).sum().backward()
        optimizer.step()
        raise KeyboardInterrupt
    assert trace.step == [1] and trace.base_lr == [0.1]


def test_a_long_trace_is_thinned_and_stays_in_step(monkeypatch):
    monkeypatch.setattr(recording, "MOST_ROWS", 24)  # 8 steps of two layers and everything
    model = torch.nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.99)
    with record(model, optimizer) as trace:
        for _ in range(40):
            model(torch.ones(1, 1)).sum().backward()
            optimizer.step()
            scheduler.step()
    planned = simulate(lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.99), 40)
    assert trace.step == [1, 9, 17, 25, 33]
    assert trace.base_lr == [planned[step - 1] for step in trace.step]
    assert all(len(series.rows()) == 5 for series in (*trace.layers.values(), trace.everything))


def test_the_quantiles_are_those_of_the_sample():
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Linear(2, 700))
    optimizer = torch.optim.Adam([{"params": model[0].parameters()}, {"params": model[1].parameters(), "lr": 0.5}])
    with record(model, optimizer) as trace:
        model(torch.randn(2, 3)).square().sum().backward()
        optimizer.step()
    q = torch.tensor(QUANTILES)
    every = []
    for (name, param), lr in zip(model.named_parameters(), (0.001, 0.001, 0.5, 0.5), strict=True):
        factor = decompose(optimizer, param).factor.flatten()
        every += [factor, lr * factor]
        factor = factor[::2] if len(factor) == 1400 else factor
        assert trace.layers[name].factor[0] == pytest.approx(torch.quantile(factor, q).tolist())
        assert trace.layers[name].effective_lr[0] == pytest.approx(torch.quantile(lr * factor, q).tolist())
    for seen, column in ((trace.everything.factor, every[::2]), (trace.everything.effective_lr, every[1::2])):
        assert seen[0] == pytest.approx(torch.quantile(torch.cat(column)[::3], q).tolist())


@pytest.mark.parametrize("every", [0, -1, 1.5, True])
def test_every_must_be_a_whole_number_from_1(every):
    model = torch.nn.Linear(1, 1)
    with pytest.raises(ValueError, match="every must be a whole number of steps, from 1, got"):
        with record(model, torch.optim.SGD(model.parameters()), every=every):
            pass


@pytest.mark.parametrize("steps, kept", [(8, [1, 2, 3, 4, 5, 6, 7, 8]), (9, [1, 3, 5, 7, 9]), (10, [1, 3, 5, 7, 9])])
def test_a_trace_is_thinned_when_it_is_full_and_not_before(steps, kept, monkeypatch):
    monkeypatch.setattr(recording, "MOST_ROWS", 24)  # 8 steps of two layers and everything
    model = torch.nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with record(model, optimizer) as trace:
        for _ in range(steps):
            model(torch.ones(1, 1)).sum().backward()
            optimizer.step()
    assert trace.step == kept
