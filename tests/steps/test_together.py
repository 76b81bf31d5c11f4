"""Parameters shown to their rule as one give the same numbers as each of them alone, for every optimizer."""

import pytest
import torch
from cases import OPTIMIZERS, options_of
from hypothesis import given, settings
from hypothesis import strategies as st

import lrcourse.steps.layers
import lrcourse.steps.looking
from lrcourse import record
from lrcourse.steps import Parts, rule
from lrcourse.steps.rules import goes_by_element

SHAPES = [(3,), (2, 4), (5, 1), (), (40_000,)]
BY_ELEMENT = sorted(set(OPTIMIZERS) - {"Adafactor", "LBFGS", "Muon", "SparseAdam"})


def rows(make_optimizer, late, dtypes, around):
    """Return all numbers of a trace; the parameters in ``late`` have a gradient from the second step only."""
    generator = torch.Generator().manual_seed(3)
    params = [
        torch.nn.Parameter(torch.randn(shape, generator=generator, dtype=dtype))
        for shape, dtype in zip(SHAPES, dtypes, strict=True)
    ]
    optimizer = make_optimizer([{"params": params[:2]}, {"params": params[2:], "lr": 0.02}])
    with around, record(torch.nn.ParameterList(params), optimizer) as trace:
        for step in range(3):
            for i, param in enumerate(params):
                if step or i not in late:
                    param.grad = torch.randn(param.shape, generator=generator, dtype=param.dtype)
            optimizer.step()
    return {name: series.rows() for name, series in trace.layers.items()}


@pytest.mark.parametrize("name", BY_ELEMENT)
@settings(max_examples=30)
@given(drawn=st.data())
def test_together_and_alone_are_equal(name, drawn):
    options, late = drawn.draw(options_of(name)), drawn.draw(st.sets(st.integers(0, 4), max_size=4))
    options.pop("fused", None)  # fused SGD ends in an error where some parameters have a momentum and some have none
    dtypes = [drawn.draw(st.sampled_from([torch.float32, torch.float32, torch.float64])) for _ in SHAPES]

    def make(groups):
        return OPTIMIZERS[name](groups, **{"lr": 0.01, **options})

    calls = []
    with pytest.MonkeyPatch.context() as patch:
        whole = lrcourse.steps.looking.ask_rule
        patch.setattr(lrcourse.steps.looking, "ask_rule", lambda *given: calls.append(given) or whole(*given))
        together = rows(make, late, dtypes, pytest.MonkeyPatch.context())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lrcourse.steps.layers, "look_together", lambda *_: {})
        alone = rows(make, late, dtypes, pytest.MonkeyPatch.context())
    assert repr(together) == repr(alone)  # NaN where there was no gradient
    # At least the one that has neither a dimension nor a gradient is not among the others.
    assert calls and all(one.weight.dim() == 1 for _, one in calls)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_which_rules_go_by_element(name):
    optimizer = OPTIMIZERS[name]([torch.nn.Parameter(torch.ones(1, 1))])
    assert goes_by_element(optimizer) == (name in BY_ELEMENT)


def test_a_rule_of_ones_own_for_a_kind_of_adam_is_shown_whole_tensors():
    class Normed(torch.optim.Adam):
        pass

    seen_shapes = []

    @rule.register(Normed)
    def _(optimizer, seen):
        seen_shapes.append(tuple(seen.weight.shape))
        return Parts(torch.ones_like(seen.weight), seen.grad / seen.grad.norm())

    class Same(torch.optim.Adam):
        pass

    assert goes_by_element(Same([torch.ones(1)])) and not goes_by_element(Normed([torch.ones(1)]))
    params = torch.nn.ParameterList(torch.ones(shape) for shape in SHAPES)
    optimizer = Normed(params)
    for param in params:
        param.grad = torch.ones_like(param)
    with pytest.warns(RuntimeWarning, match="does more to"), record(params, optimizer):
        optimizer.step()
    assert seen_shapes == SHAPES


def test_a_rule_that_answers_with_another_shape_is_asked_again_for_each():
    class Short(torch.optim.SGD):
        pass

    asked = []

    def answer(optimizer, seen):
        asked.append(seen.weight.numel())
        return Parts(torch.ones_like(seen.weight), seen.grad[: 0 if seen.weight.numel() > 3 else None])

    rule.register(Short, answer)
    lrcourse.steps.rules.needs_whole.register(Short, lambda optimizer: False)
    params = torch.nn.ParameterList([torch.ones(2), torch.ones(3)])
    optimizer = Short(params, lr=0.1)
    for param in params:
        param.grad = torch.ones_like(param)
    with record(params, optimizer) as trace:
        optimizer.step()
    assert asked == [5, 2, 3]
    assert trace.layers["1"].factor == [[1.0] * 5]
