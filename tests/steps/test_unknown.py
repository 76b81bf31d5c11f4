"""What is not known of a step is NaN in its entry, said once, and hides nothing of what is known."""

import math

import pytest
import torch

import lrcourse.steps.layers
from lrcourse import record
from lrcourse.steps.layers import Layers
from lrcourse.steps.recording import _Recorder

NAN = pytest.approx(math.nan, nan_ok=True)


def two_layers(device="cpu"):
    """Return a model of two weights, the first of which may be on a device that holds no numbers."""
    params = {"first": torch.nn.Parameter(torch.ones(2, device=device)), "second": torch.nn.Parameter(torch.ones(3))}
    groups = [{"params": [params["first"]], "lr": 0.1}, {"params": [params["second"]], "lr": 0.2}]
    return torch.nn.ParameterDict(params), torch.optim.SGD(groups)


def train(model, optimizer, steps=3):
    for _ in range(steps):
        for param in model.values():
            param.grad = torch.ones_like(param)
        optimizer.step()


def test_a_layer_that_cannot_be_summed_up_is_named_and_leaves_the_others_as_they_are():
    model, optimizer = two_layers("meta")
    with pytest.warns(RuntimeWarning, match=r"does not understand first of SGD \(\w*Error: .+\)") as said:
        with record(model, optimizer) as trace:
            train(model, optimizer)
    assert len(said) == 1
    assert trace.layers["first"].update_size == [NAN] * 3
    assert trace.layers["second"].update_size == trace.everything.update_size == pytest.approx([0.2] * 3)
    assert trace.layers["second"].factor == trace.everything.factor == [[1.0] * 5] * 3
    assert trace.group_lr == [[0.1] * 3, [0.2] * 3]


@pytest.mark.parametrize("when, words", [("look_before", "first before a step of SGD"), ("look", "first of SGD")])
def test_a_layer_that_cannot_be_looked_at_is_named_and_leaves_the_others_as_they_are(when, words, monkeypatch):
    model, optimizer = two_layers()
    whole = getattr(lrcourse.steps.layers, when)

    def fail(optimizer, param, *rest):
        if param is model["first"]:
            raise RuntimeError("a fault\nand more of it")
        return whole(optimizer, param, *rest)

    monkeypatch.setattr(lrcourse.steps.layers, when, fail)
    monkeypatch.setattr(lrcourse.steps.layers, "look_together", lambda *_: {})
    with pytest.warns(RuntimeWarning, match=rf"does not understand {words} \(RuntimeError: a fault\)\.") as said:
        with record(model, optimizer) as trace:
            train(model, optimizer)
    assert len(said) == 1
    assert trace.layers["first"].update_size == [NAN] * 3
    assert trace.layers["second"].update_size == trace.everything.update_size == pytest.approx([0.2] * 3)


@pytest.mark.parametrize(
    "owner, name, words",
    [
        (_Recorder, "_look_before", "the weights before a step"),
        (_Recorder, "_write", "a step"),
        (Layers, "rows", "a step"),
    ],
)
def test_a_step_of_which_nothing_is_known_is_an_entry_of_nan(owner, name, words, monkeypatch):
    model, optimizer = two_layers()
    whole, calls = getattr(owner, name), []

    def fail_at_the_second(*args):
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("a fault")
        return whole(*args)

    monkeypatch.setattr(owner, name, fail_at_the_second)
    with pytest.warns(RuntimeWarning, match=rf"does not understand {words} of SGD \(RuntimeError: a fault\)") as said:
        with record(model, optimizer) as trace:
            train(model, optimizer)
    assert len(said) == 1
    assert trace.step == [1, 2, 3]
    lr = [math.nan] if name != "_look_before" else [0.1]
    assert trace.group_lr[0] == pytest.approx([0.1, *lr, 0.1], nan_ok=True)
    assert len(trace.group_lr) == 2 and len(trace.group_lr[1]) == 3
    for series in (*trace.layers.values(), trace.everything):
        assert len(series.rows()) == 3
        assert [math.isnan(size) for size in series.update_size] == [False, True, False]


def test_what_fails_before_anything_is_known_of_a_step_is_said_too(monkeypatch):
    model, optimizer = two_layers()
    monkeypatch.setattr(_Recorder, "_look_after", lambda *_: 1 / 0)
    with pytest.warns(RuntimeWarning, match="record does not understand a step of SGD"):
        with record(model, optimizer) as trace:
            train(model, optimizer)
    assert trace.step == []


def test_where_nobody_can_tell_the_steps_made_they_are_counted_from_1(monkeypatch):
    model, optimizer = two_layers()
    monkeypatch.setattr(lrcourse.steps.recording, "steps_made", lambda *_: 1 / 0)
    with pytest.warns(RuntimeWarning, match="the weights before a step"):
        with record(model, optimizer) as trace:
            train(model, optimizer)
    assert trace.step == [1, 2, 3] and trace.base_lr == [0.1] * 3


def test_each_recording_says_its_own_first_fault_and_no_other(monkeypatch):
    model, optimizer = two_layers()
    monkeypatch.setattr(lrcourse.steps.decomposition, "rule", lambda *_: 1 / 0)
    for _ in range(2):
        with pytest.warns(RuntimeWarning, match="first of SGD") as said, record(model, optimizer):
            train(model, optimizer)
        assert len(said) == 1


def test_a_layer_without_elements_has_no_numbers_and_is_no_fault():
    model = torch.nn.ParameterDict(
        {"none": torch.nn.Parameter(torch.ones(0)), "one": torch.nn.Parameter(torch.ones(1))}
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with record(model, optimizer) as trace:
        train(model, optimizer)
    assert trace.layers["none"].update_size == [NAN] * 3
    assert trace.everything.update_size == pytest.approx([0.1] * 3)


def test_rounding_is_not_told_as_what_a_rule_does_not_say():
    model = torch.nn.ParameterDict({"w": torch.nn.Parameter(torch.randn(500).to(torch.bfloat16))})

    class OfSomebody(torch.optim.Adam):
        pass

    optimizer = OfSomebody(model.parameters(), lr=0.1)
    with record(model, optimizer):  # a warning would be an error
        train(model, optimizer)
