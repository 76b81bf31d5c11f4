"""Of a large tensor only some elements are looked at, the same before and after; the rest of the step is as it is."""

import pytest
import torch
from cases import OPTIMIZERS

import lrcourse.steps.layers
from lrcourse import record
from lrcourse.steps import Parts, rule
from lrcourse.steps.looking import SOME, WHOLE, choose_places
from lrcourse.steps.seeing import RUN, at_places
from lrcourse.steps.series import SIZES

SHAPE = (200, 300)
# Their rules look at the whole tensor at once, or at the rows of a sparse gradient.
WHOLE_ONLY = {"Adafactor", "LBFGS", "Muon", "SparseAdam"}


class Unknown(torch.optim.Optimizer):
    """An optimizer for which there is no rule."""

    def __init__(self, params, lr=0.1):
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self, closure=None):
        for param in self.param_groups[0]["params"]:
            param.sub_(param.grad, alpha=self.param_groups[0]["lr"])


def train(optimizer, param, steps=3):
    generator = torch.Generator().manual_seed(1)
    for _ in range(steps):
        param.grad = torch.randn(param.shape, generator=generator)
        optimizer.step(lambda: 1.0)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_large_tensor_is_looked_at_in_some_places_where_its_rule_allows_that(name):
    param = torch.nn.Parameter(torch.zeros(SHAPE))
    places = choose_places(OPTIMIZERS[name]([param]), param)
    assert (places is None) == (name in WHOLE_ONLY)
    if places is not None:
        assert len(places.unique()) == len(places) == SOME // RUN
        # All over the tensor: no column and hardly a row is left out.
        flat = at_places(places, torch.arange(param.numel()).view(SHAPE), param)
        assert len((flat % SHAPE[1]).unique()) == SHAPE[1] and len((flat // SHAPE[1]).unique()) > 0.5 * SHAPE[0]


@pytest.mark.parametrize("shape", [(40_001,), (50, 7, 11, 13), (3, 20_000)], ids=str)
def test_the_same_elements_are_taken_however_a_tensor_lies_in_memory(shape):
    places = choose_places(torch.optim.SGD([param := torch.nn.Parameter(torch.zeros(shape))]), param)
    value = torch.arange(param.numel()).view(shape)
    taken = at_places(places, value, param)
    assert taken.view(-1, RUN).equal(RUN * places[:, None] + torch.arange(RUN))
    other_order = value.transpose(0, -1).contiguous().transpose(0, -1)
    assert len(shape) == 1 or not other_order.is_contiguous()
    assert at_places(places, other_order, param).equal(taken)


def test_up_to_a_size_it_is_looked_at_whole():
    for size, whole in ((WHOLE, True), (WHOLE + 1, False)):
        param = torch.nn.Parameter(torch.zeros(size))
        assert (choose_places(torch.optim.SGD([param]), param) is None) == whole


def test_of_a_rule_that_nobody_knows_it_is_assumed_that_it_needs_the_whole():
    class Normed(Unknown):
        pass

    @rule.register(Normed)
    def _(optimizer, seen):
        return Parts(torch.ones_like(seen.weight), seen.grad / seen.grad.norm())

    class Same(torch.optim.Adam):
        pass

    param = torch.nn.Parameter(torch.zeros(SHAPE))
    assert choose_places(Normed([param]), param) is None
    # Without a rule there is nothing to miss, and a subclass has its parent's.
    assert choose_places(Unknown([param]), param) is not None
    assert choose_places(Same([param]), param) is not None


@pytest.mark.parametrize("name", sorted(set(OPTIMIZERS) - WHOLE_ONLY))
def test_no_more_than_those_places_is_copied_and_what_they_show_is_near_the_whole(name, monkeypatch):
    copied, whole = [], lrcourse.steps.layers.look_before

    def look_before(*args):
        before = whole(*args)
        copied.extend(kept.numel() for kept in (before.weight, *before.state.values()) if kept.dim())
        return before

    def watch():
        param = torch.nn.Parameter(torch.randn(SHAPE, generator=torch.Generator().manual_seed(2)))
        optimizer = OPTIMIZERS[name]([param], lr=0.01)
        with record(torch.nn.ParameterDict({"p": param}), optimizer) as trace:
            train(optimizer, param)
        return trace.layers["p"], trace.everything

    monkeypatch.setattr(lrcourse.steps.layers, "look_before", look_before)
    some, everything = watch()
    assert set(copied) == {SOME}
    for size in SIZES:  # quantiles are taken over another sample
        assert getattr(everything, size) == pytest.approx(getattr(some, size))
    monkeypatch.setattr(lrcourse.steps.looking, "WHOLE", 10**9)
    exact, _ = watch()
    for size in ("direction_size", "update_size", "weight_size"):
        assert getattr(some, size) == pytest.approx(getattr(exact, size), rel=0.1)
    assert max(some.residual) <= 32
    if name == "Rprop":  # whose step sizes take few values: the median is the one or the other
        return
    for seen, known in ((some.factor, exact.factor), (some.effective_lr, exact.effective_lr)):
        assert [row[2] for row in seen] == pytest.approx([row[2] for row in known], rel=0.2)


def test_of_an_optimizer_without_a_rule_the_update_of_a_large_tensor_is_seen():
    param = torch.nn.Parameter(torch.zeros(SHAPE))
    optimizer = Unknown([param])
    with pytest.warns(RuntimeWarning, match="there is no rule for Unknown"):
        with record(torch.nn.ParameterDict({"p": param}), optimizer) as trace:
            train(optimizer, param)
    assert trace.layers["p"].update_size == pytest.approx([0.1] * 3, rel=0.1)


def test_a_tensor_that_takes_another_shape_is_looked_at_anew():
    param = torch.nn.Parameter(torch.zeros(SHAPE))
    optimizer = torch.optim.SGD([param], lr=0.1)
    with record(torch.nn.ParameterDict({"p": param}), optimizer) as trace:
        train(optimizer, param, steps=1)
        param.grad = None
        param.data = torch.zeros(2, 40_000)
        train(optimizer, param, steps=1)
    assert trace.layers["p"].update_size == pytest.approx([0.1] * 2, rel=0.1)


def test_in_everything_a_large_layer_counts_with_all_its_weights():
    params = {"small": torch.nn.Parameter(torch.zeros(20_000)), "large": torch.nn.Parameter(torch.zeros(140_000))}
    optimizer = torch.optim.SGD([{"params": [params["small"]], "lr": 0.1}, {"params": [params["large"]], "lr": 0.3}])
    with record(torch.nn.ParameterDict(params), optimizer) as trace:
        for param in params.values():
            param.grad = torch.ones_like(param)
        optimizer.step()
    # One weight in eight has the small lr: more than 5 % and less than 25 % of them.
    assert trace.everything.effective_lr[0] == pytest.approx([0.1, 0.3, 0.3, 0.3, 0.3])
    assert trace.everything.update_size[0] == pytest.approx((0.1**2 / 8 + 0.3**2 * 7 / 8) ** 0.5, rel=1e-5)
