"""Watching never ends what it watches: whatever goes wrong inside ``record``, the training is as without it."""

import math
import random
import warnings
from contextlib import nullcontext

import pytest
import torch
from cases import OPTIMIZERS, options_of, same, train_a_little
from hypothesis import assume, given
from hypothesis import strategies as st

import lrcourse.steps.decomposition
import lrcourse.steps.layers
import lrcourse.steps.looking
import lrcourse.steps.recording
import lrcourse.steps.seeing
import lrcourse.steps.summaries
from lrcourse import record
from lrcourse.steps import Trace, rule

STEPS = 4
# Every function that a step passes through while it is watched, by the module that calls it.
PLACES = [
    (lrcourse.steps.recording, "steps_made"),
    (lrcourse.steps.recording, "own_lr"),
    (lrcourse.steps.recording, "lr_of"),
    (lrcourse.steps.recording, "moved_by_step"),
    (lrcourse.steps.recording._Recorder, "_look_before"),
    (lrcourse.steps.recording._Recorder, "_look_after"),
    (lrcourse.steps.recording._Recorder, "_write"),
    (lrcourse.steps.recording._Recorder, "_hand_on"),
    (lrcourse.steps.recording.Pace, "wants"),
    (lrcourse.steps.recording.Pace, "spend"),
    (lrcourse.steps.recording.Pace, "close"),
    (lrcourse.steps.layers.Layers, "look_before"),
    (lrcourse.steps.layers.Layers, "name"),
    (lrcourse.steps.layers.Layers, "rows"),
    (lrcourse.steps.layers.Layers, "_look"),
    (lrcourse.steps.layers.Layers, "_can_be_summed_up"),
    (lrcourse.steps.layers.Layers, "say"),
    (lrcourse.steps.layers, "choose_places"),
    (lrcourse.steps.layers, "look_before"),
    (lrcourse.steps.layers, "look"),
    (lrcourse.steps.layers, "look_together"),
    (lrcourse.steps.looking, "decompose"),
    (lrcourse.steps.looking, "Look"),
    (lrcourse.steps.looking, "_look_at_one"),
    (lrcourse.steps.looking, "ask_rule"),
    (lrcourse.steps.looking, "see"),
    (lrcourse.steps.looking, "what_must_agree"),
    (lrcourse.steps.looking, "join"),
    (lrcourse.steps.looking, "on_host"),
    (lrcourse.steps.looking, "at_places"),
    (lrcourse.steps.decomposition, "rule"),
    (lrcourse.steps.decomposition, "_group_of"),
    (lrcourse.steps.decomposition, "_take_apart"),
    (lrcourse.steps.decomposition, "see"),
    (lrcourse.steps.seeing, "overwritten"),
    (lrcourse.steps.seeing, "at_places"),
    (lrcourse.steps.seeing, "real"),
    (lrcourse.steps.summaries.Summary, "rows"),
    (lrcourse.steps.summaries, "_choose"),
    (lrcourse.steps.summaries, "_measure"),
    (lrcourse.steps.summaries, "_quantiles"),
    (lrcourse.steps.summaries, "last_place"),
    (Trace, "layer"),
    (Trace, "close_step"),
    (Trace, "thin"),
]
# All parameters are shown to their rule as one; where that cannot be, one after the other.
TOGETHER = {"look_together", "_look_at_one", "ask_rule", "see", "what_must_agree", "join", "on_host", "at_places"}
ALONE = {"_look", "look", "decompose", "_group_of", "_take_apart", "see"}
ERRORS = [TypeError("no float64 here"), RuntimeError("out of memory"), KeyError("exp_avg"), RecursionError()]


def fails_at(place, error, calls):
    """Return ``place``'s function, which raises at the calls whose numbers are in ``calls``, counted from 1."""
    owner, name = place
    whole, count = getattr(owner, name), [0]

    def faulty(*args, **kwargs):
        count[0] += 1
        if count[0] in calls:
            raise error
        return whole(*args, **kwargs)

    return faulty


def told(around, **how):
    """Train a little; return everything that training could have changed, the trace, and the warnings."""
    seen = []

    def watched(model, optimizer):
        around_it = record(model, optimizer, **how)
        seen.append(around_it)
        return around_it

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        model, optimizer = around(watched)
    return [model.state_dict(), optimizer.state_dict(), torch.get_rng_state(), random.getstate()], said


@pytest.mark.parametrize("calls", [range(1, 2), range(3, 4), range(1, 100)], ids=["first", "third", "every"])
@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place[0].__name__.split('.')[-1]}.{place[1]}")
def test_a_fault_anywhere_leaves_the_training_as_it_is(place, calls, monkeypatch):
    def train(around):
        return train_a_little(torch.optim.Adam, steps=STEPS, around=around)

    plain = train_a_little(torch.optim.Adam, steps=STEPS)
    expected = [plain[0].state_dict(), plain[1].state_dict(), torch.get_rng_state(), random.getstate()]
    alone = place[1] in ALONE and place[0] is not lrcourse.steps.looking or place[1] == "decompose"
    if alone:
        monkeypatch.setattr(lrcourse.steps.layers, "look_together", lambda *_: {})
    if place[1] == "thin":
        monkeypatch.setattr(lrcourse.steps.recording, "MOST_ROWS", 4)
    monkeypatch.setattr(*place, fails_at(place, ERRORS[len(place[1]) % len(ERRORS)], calls))
    state, said = told(train)
    assert same(state, expected)
    # A second look may be enough.
    silent = (
        len(calls) == 1 or place[1] in ("_can_be_summed_up", "say", "spend") or (place[1] in TOGETHER and not alone)
    )
    assert len(said) <= 1 if silent else len(said) == 1
    # Also where what tells of it fails.
    monkeypatch.setattr(*place, fails_at(place, ERRORS[len(place[1]) % len(ERRORS)], calls))
    monkeypatch.setattr(lrcourse.steps.layers.Layers, "say", lambda *_: 1 / 0)
    assert same(told(train)[0], expected)


@pytest.mark.parametrize("name", OPTIMIZERS)
@given(drawn=st.data())
def test_any_optimizer_with_a_fault_in_its_rule_trains_on(name, drawn):
    sparse, options = name == "SparseAdam", drawn.draw(options_of(name))

    def train(around=None):
        return train_a_little(lambda p: OPTIMIZERS[name](p, **options), sparse=sparse, steps=3, around=around)

    plain = train()
    assume(all(param.isfinite().all() for param in plain[0].parameters()))  # NaN does not equal NaN
    failing = range(drawn.draw(st.integers(1, 3)), 100)
    with pytest.MonkeyPatch.context() as patch:
        place = (lrcourse.steps.decomposition, "rule")
        patch.setattr(*place, fails_at(place, ValueError("a fault"), failing))
        (model, optimizer, *_), said = told(train)
    assert same([model, optimizer], [part.state_dict() for part in plain])
    assert len(said) == 1 and name in str(said[0].message) and "ValueError: a fault" in str(said[0].message)


class OwnRule(torch.optim.SGD):
    """An optimizer with a rule that a test gives it."""


@pytest.mark.parametrize(
    "faulty",
    [
        lambda optimizer, seen: 1 / 0,
        lambda optimizer, seen: None,
        lambda optimizer, seen: (torch.ones(2), "text"),
        lambda optimizer, seen: seen.state["what is not there"],
        lambda optimizer, seen: torch.ones(3) + torch.ones(4),
    ],
    ids=["raises", "nothing", "text", "key", "shapes"],
)
def test_a_wrong_rule_makes_nan_of_what_it_should_say_and_the_rest_is_known(faulty):
    rule.register(OwnRule, faulty)
    model = torch.nn.Linear(2, 1)
    optimizer = OwnRule(model.parameters(), lr=0.1)
    with pytest.warns(RuntimeWarning, match="record does not understand weight of OwnRule") as said:
        with record(model, optimizer) as trace:
            for _ in range(3):
                optimizer.zero_grad()
                model(torch.ones(1, 2)).sum().backward()
                optimizer.step()
    assert len(said) == 1
    assert trace.step == [1, 2, 3] and trace.base_lr == [0.1] * 3
    assert all(math.isnan(number) for row in trace.everything.factor for number in row)
    assert trace.layers["weight"].update_size == pytest.approx([0.1] * 3)


def test_where_warnings_are_errors_the_training_goes_on_too(caplog):
    model = torch.nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    optimizer.param_groups[0]["lr"] = 0.1
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch, record(model, optimizer) as trace:
        warnings.simplefilter("error")
        patch.setattr(lrcourse.steps.decomposition, "rule", lambda *_: 1 / 0)
        model(torch.ones(1, 1)).sum().backward()
        optimizer.step()
    assert trace.step == [1] and "ZeroDivisionError" in caplog.text


def step(optimizer, params, gradient=1.0):
    for param in params:
        param.grad = torch.full_like(param, complex(gradient, gradient) if param.is_complex() else gradient)
    optimizer.step()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64])
@pytest.mark.parametrize("shape", [(), (0,), (1,), (3, 0), (2, 3), (2, 1, 3, 1, 2), (70_000,), (300, 150)])
def test_any_type_and_shape_is_watched(dtype, shape):
    def train(around):
        torch.manual_seed(0)
        param = torch.nn.Parameter(torch.randn(shape).to(dtype))
        optimizer = torch.optim.Adam([param], lr=0.01)
        with around(torch.nn.ParameterDict({"p": param}), optimizer) as trace:
            for _ in range(3):
                step(optimizer, [param])
        return param, trace

    plain, _ = train(lambda *_: nullcontext())
    param, trace = train(record)
    assert torch.equal(param, plain) and trace.step == [1, 2, 3]
    if param.numel():
        eps = torch.finfo(dtype).eps  # what is seen is what the weights did, rounding included
        assert trace.everything.update_size == pytest.approx([0.01] * 3, rel=1e-6 + 4 * eps, abs=2 * eps)


def test_layers_of_several_types_are_each_measured_in_their_own():
    torch.manual_seed(0)
    types = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
    params = {f"of {dtype}".replace(".", " "): torch.nn.Parameter(torch.randn(5, 7).to(dtype)) for dtype in types}
    optimizer = torch.optim.SGD(params.values(), lr=0.125)
    was = {name: param.detach().clone().double() for name, param in params.items()}
    with record(torch.nn.ParameterDict(params), optimizer) as trace:
        step(optimizer, params.values())
    moved = torch.cat([(param.detach().double() - was[name]).flatten() for name, param in params.items()])
    for name, layer in trace.layers.items():
        assert layer.residual[0] <= 1, name  # in units of its own last place
        assert layer.factor == [[1.0] * 5] and layer.effective_lr == [[0.125] * 5]
        assert layer.weight_size[0] == pytest.approx(was[name].square().mean().sqrt().item(), rel=1e-6)
    assert trace.everything.update_size[0] == pytest.approx(moved.square().mean().sqrt().item(), rel=1e-6)


def test_large_half_precision_weights_do_not_overflow_in_their_size():
    param = torch.nn.Parameter(torch.full((100,), 3e4, dtype=torch.float16))
    optimizer = torch.optim.SGD([param], lr=1.0)
    with record(torch.nn.ParameterDict({"p": param}), optimizer) as trace:
        step(optimizer, [param], 64.0)
    assert trace.layers["p"].weight_size[0] == pytest.approx(3e4, rel=1e-3)
    assert trace.layers["p"].update_size[0] == pytest.approx(64, rel=1e-3)


def test_a_device_that_holds_no_numbers_gives_nan_and_one_warning():
    model = torch.nn.Linear(2, 1, device="meta")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.warns(RuntimeWarning, match="record does not understand weight of SGD") as said:
        with record(model, optimizer) as trace:
            for _ in range(2):
                step(optimizer, model.parameters())
    assert len(said) == 1 and trace.step == [1, 2] and trace.base_lr == [0.1, 0.1]
    assert math.isnan(trace.everything.update_size[0])


def test_a_model_that_makes_its_names_up_or_cannot_is_watched():
    class Nameless(torch.nn.Linear):
        def named_parameters(self, *args, **kwargs):
            raise RuntimeError("no names")

    model = Nameless(1, 1)
    optimizer = torch.optim.SGD([*torch.nn.Linear.parameters(torch.nn.Linear(1, 1))], lr=0.1)
    with record(model, optimizer) as trace:
        step(optimizer, optimizer.param_groups[0]["params"])
    assert list(trace.layers) == ["group 0, parameter 0", "group 0, parameter 1"]
