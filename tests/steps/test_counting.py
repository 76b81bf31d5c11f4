"""Steps are counted as the optimizer makes them, not as hooks fire; and which optimizer makes them."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lrcourse import SmallCNN, effective_lr, fit, record, simulate
from lrcourse.base import remember_steps, steps_made
from lrcourse.steps import Trace


def train(model, optimizer, steps=1):
    for _ in range(steps):
        optimizer.zero_grad()
        model(torch.ones(1, 2)).square().sum().backward()
        optimizer.step()


def deepen(base, depth):
    """Return a subclass whose ``step()`` goes through so many ``super().step()``, and clamps the weights at the end."""
    cls = base
    for level in range(depth):

        def step(self, closure=None, cls=cls, level=level):
            loss = cls.step(self, closure)
            if level == depth - 1:
                for group in self.param_groups:
                    for param in group["params"]:
                        param.data.clamp_(-2, 2)
            return loss

        cls = type(f"Deeper{level}", (cls,), {"step": step})
    return cls


@given(
    depth=st.integers(0, 3),
    every=st.integers(1, 5),
    steps=st.integers(1, 12),
    base=st.sampled_from([torch.optim.SGD, torch.optim.Adam]),
    plain_first=st.booleans(),
)
def test_a_step_is_one_step_however_deep_its_class(depth, every, steps, base, plain_first):
    if plain_first:  # torch hooks the class of an optimizer when the first of it is made
        base([torch.nn.Parameter(torch.ones(1))])
    model = torch.nn.Linear(2, 1)
    optimizer = deepen(base, depth)(model.parameters(), lr=1e-3)
    with record(model, optimizer, every=every) as trace:
        train(model, optimizer, steps)
    assert trace.step == list(range(1, steps + 1, every))


def test_what_a_subclass_does_after_the_step_of_its_parent_is_seen_in_the_update_and_said():
    model = torch.nn.Linear(2, 1, bias=False)
    model.weight.data.fill_(1.0)
    optimizer = deepen(torch.optim.SGD, 2)(model.parameters(), lr=10.0)
    with pytest.warns(RuntimeWarning, match="of Deeper1 does more to weight than its rule says") as said:
        with record(model, optimizer) as trace:
            train(model, optimizer, 3)
    assert len(said) == 1 and trace.layers["weight"].update_size[0] == pytest.approx(
        3.0
    )  # from 1 to -39, clamped to -2


def test_a_step_that_fails_within_the_parents_does_not_confuse_the_next():
    class Fails(torch.optim.SGD):
        def step(self, closure=None):
            super().step(closure)
            if closure is not None:
                raise RuntimeError("after the parent's step")

    torch.optim.SGD([torch.nn.Parameter(torch.ones(1))])
    model = torch.nn.Linear(2, 1)
    optimizer = Fails(model.parameters(), lr=0.1)
    with record(model, optimizer) as trace:
        for closure in (None, lambda: 0.0, None, lambda: 0.0, None):
            model(torch.ones(1, 2)).sum().backward()
            try:
                optimizer.step(closure)
            except RuntimeError:
                pass
    assert trace.step == [1, 2, 3]


class Wrapper(torch.optim.Optimizer):
    """Around an optimizer, in the way of Lookahead and Accelerate: without ``Optimizer.__init__``."""

    def __init__(self, inner):
        self.optimizer, self.param_groups, self.state, self.defaults = (
            inner,
            inner.param_groups,
            inner.state,
            inner.defaults,
        )

    def step(self, closure=None):
        return self.optimizer.step(closure)

    def zero_grad(self, set_to_none=True):
        self.optimizer.zero_grad(set_to_none)


class TwoPhases(torch.optim.Optimizer):
    """Sharpness-aware minimization: go uphill, look at the gradient there, come back, and let another make the step."""

    def __init__(self, params, base, **options):
        super().__init__(params, options)
        self.base_optimizer = base(self.param_groups, **options)
        self.param_groups = self.base_optimizer.param_groups

    def first_step(self):
        for group in self.param_groups:
            for param in group["params"]:
                self.state[param]["uphill"] = 0.05 * param.grad
                param.data.add_(self.state[param]["uphill"])

    def second_step(self):
        for group in self.param_groups:
            for param in group["params"]:
                param.data.sub_(self.state[param]["uphill"])
        self.base_optimizer.step()

    def step(self, closure):
        self.first_step()
        closure()
        self.second_step()


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_of_an_optimizer_around_another_the_inner_one_is_watched(depth):
    model = torch.nn.Linear(2, 1)
    optimizer = inner = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(depth):
        optimizer = Wrapper(optimizer)
    with record(model, optimizer) as trace:
        train(model, optimizer, 3)
    assert trace.step == [1, 2, 3] and trace.optimizer == "Adam in Wrapper"
    assert max(trace.everything.residual) <= 32
    assert torch.equal(effective_lr(optimizer, model.weight), effective_lr(inner, model.weight))


@pytest.mark.parametrize("phases", ["step(closure)", "first_step, second_step"])
def test_two_phases_are_one_step(phases):
    model = torch.nn.Linear(2, 1)
    optimizer = TwoPhases(model.parameters(), torch.optim.SGD, lr=0.1, momentum=0.9)

    def closure():
        optimizer.zero_grad()
        model(torch.ones(1, 2)).square().sum().backward()

    with record(model, optimizer) as trace:
        for _ in range(4):
            closure()
            if phases == "step(closure)":
                optimizer.step(closure)
            else:
                optimizer.first_step()
                closure()
                optimizer.second_step()
    assert trace.step == [1, 2, 3, 4] and trace.optimizer == "SGD in TwoPhases"
    assert trace.everything.factor == [[1.0] * 5] * 4 and max(trace.everything.residual) <= 32


def test_an_optimizer_that_runs_no_hooks_and_holds_none_is_refused_before_the_training():
    class Bare(torch.optim.Optimizer):
        def __init__(self, params):
            self.param_groups, self.state, self.defaults = [{"params": list(params), "lr": 0.1}], {}, {}

        def step(self, closure=None):
            pass

    model = torch.nn.Linear(2, 1)
    with pytest.raises(TypeError, match=r"Bare does not run torch's step hooks.*call super\(\).__init__\(params"):
        with record(model, Bare(model.parameters())):
            pass


@pytest.mark.parametrize("make", [torch.optim.Adam, torch.optim.SGD, torch.optim.RMSprop, torch.optim.Rprop])
def test_a_second_recording_goes_on_where_the_first_ended(make):
    model = torch.nn.Linear(2, 1)
    optimizer = make(model.parameters(), lr=0.01)
    with record(model, optimizer, every=2) as first:
        train(model, optimizer, 6)
    with record(model, optimizer, every=2) as second:
        train(model, optimizer, 3)
    assert (first.step, second.step) == ([1, 3, 5], [7, 9])
    with record(model, optimizer, first_step=1) as third:
        train(model, optimizer, 2)
    assert third.step == [1, 2]


def test_an_optimizer_that_was_loaded_counts_from_where_it_was():
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.Adam(model.parameters())
    train(model, optimizer, 5)
    again = torch.optim.Adam(model.parameters())
    again.load_state_dict(optimizer.state_dict())
    remember_steps(again, 99)  # its own count is the better one
    assert steps_made(again) == 5
    with record(model, again) as trace:
        train(model, again, 2)
    assert trace.step == [6, 7]


@pytest.mark.parametrize("make", [torch.optim.Adam, torch.optim.SGD])
@pytest.mark.parametrize("stop_at", [3, 6, 9])
def test_a_run_that_goes_on_from_a_checkpoint_is_counted_on(make, stop_at, data, tmp_path):
    def run(interrupted):
        torch.manual_seed(0)
        model = SmallCNN()
        optimizer = make(model.parameters(), lr=0.01)
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
        seen = []

        def stop(*_):
            seen.append(1)
            if interrupted and len(seen) == stop_at:
                raise KeyboardInterrupt

        optimizer.register_step_post_hook(stop)
        with record(model, optimizer) as trace:
            fit(model, optimizer, data, epochs=3, batch_size=11, per_epoch=scheduler, checkpoint=tmp_path / "run.pt")
        return trace

    with pytest.raises(KeyboardInterrupt):
        run(True)
    trace = run(False)
    planned = simulate(lambda o: torch.optim.lr_scheduler.StepLR(o, 1, 0.5), 3, lr=0.01)
    assert trace.step == list(range(1 + 4 * ((stop_at - 1) // 4), 13))
    assert trace.base_lr == [planned[(step - 1) // 4] for step in trace.step]


class Estimates(torch.optim.Optimizer):
    """In the way of Prodigy: ``lr`` stays 1, and the steps are scaled by an estimate ``d``."""

    def __init__(self, params, lr=1.0):
        super().__init__(params, {"lr": lr, "d": 0.25, "k": 0})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for param in group["params"]:
                param.sub_(group["lr"] * group["d"] * param.grad)
            group["d"], group["k"] = 2 * group["d"], group["k"] + 1


@pytest.mark.filterwarnings("ignore:record does not understand:RuntimeWarning")
def test_an_estimate_of_its_own_is_kept_beside_the_base_lr_as_the_step_used_it(tmp_path):
    model = torch.nn.Linear(2, 1)
    optimizer = Estimates(model.parameters())
    with record(model, optimizer) as trace:
        train(model, optimizer, 3)
    assert trace.base_lr == [1.0] * 3
    assert trace.own_lr == [[0.25, 0.5, 1.0]] and trace.own_lr_name == "base lr × d"
    trace.save(tmp_path / "run.npz")
    back = Trace.load(tmp_path / "run.npz")
    assert back.own_lr == trace.own_lr and back.own_lr_name == trace.own_lr_name


def test_the_d_of_adafactor_is_no_estimate():
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.Adafactor(model.parameters(), lr=0.01)
    with record(model, optimizer) as trace:
        train(model, optimizer, 2)
    assert trace.own_lr == [] and trace.own_lr_name == ""


class ChoosesItself(torch.optim.Optimizer):
    def __init__(self, params):
        super().__init__(params, {"lr": None})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for param in group["params"]:
                param.sub_(0.01 * param.grad)


def test_where_there_is_no_lr_it_is_nan_and_the_update_is_there():
    model = torch.nn.Linear(2, 1)
    optimizer = ChoosesItself(model.parameters())
    with pytest.warns(RuntimeWarning, match="there is no rule for ChoosesItself"):
        with record(model, optimizer) as trace:
            train(model, optimizer, 2)
    assert all(math.isnan(lr) for lr in trace.base_lr) and min(trace.everything.update_size) > 0


def test_groups_that_go_leave_nan_and_those_that_stay_go_on():
    model = torch.nn.Sequential(torch.nn.Linear(2, 2, bias=False), torch.nn.Linear(2, 1, bias=False))
    optimizer = torch.optim.SGD(
        [{"params": model[0].parameters()}, {"params": model[1].parameters(), "lr": 0.2}], lr=0.1
    )
    with record(model, optimizer) as trace:
        train(model, optimizer)
        gone = optimizer.param_groups.pop()
        train(model, optimizer)
        optimizer.param_groups.append(gone)
        train(model, optimizer)
    np.testing.assert_array_equal(trace.group_lr, [[0.1] * 3, [0.2, math.nan, 0.2]])


def test_of_a_large_layer_a_sample_stands_for_the_whole_and_the_sample_is_always_the_same():
    torch.manual_seed(0)
    model = torch.nn.Linear(400, 300, bias=False)  # 120,000 weights
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    with record(model, optimizer) as one, record(model, optimizer) as other:
        for _ in range(3):
            optimizer.zero_grad()
            model(torch.randn(8, 400)).square().sum().backward()
            before = model.weight.detach().clone()
            optimizer.step()
    assert one.layers["weight"].rows() == other.layers["weight"].rows()
    moved = (model.weight.detach() - before).square().mean().sqrt().item()
    assert one.layers["weight"].update_size[-1] == pytest.approx(moved, rel=0.05)
    whole = effective_lr(optimizer, model.weight).detach().log()
    for q, seen in zip((0.05, 0.25, 0.5, 0.75, 0.95), one.layers["weight"].effective_lr[-1], strict=True):
        assert (whole < math.log(seen)).float().mean() == pytest.approx(q, abs=0.05)
    assert max(one.everything.residual) <= 32


def test_an_optimizer_with_a_rule_is_watched_itself_also_if_it_holds_another():
    class Holds(torch.optim.SGD):
        def __init__(self, params, lr):
            super().__init__(params, lr=lr)
            self.other = torch.optim.Adam([torch.nn.Parameter(torch.ones(1))])

    model = torch.nn.Linear(2, 1)
    optimizer = Holds(model.parameters(), lr=0.1)
    with record(model, optimizer) as trace:
        train(model, optimizer, 3)
    assert trace.optimizer == "Holds" and trace.step == [1, 2, 3]
