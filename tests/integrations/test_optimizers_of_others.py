"""Optimizers of schedulefree, Prodigy, Lion and timm: recorded as far as they can be, and trained as without."""

from contextlib import nullcontext

import pytest
import torch
from small_training import (
    BATCHES,
    LR,
    assert_recorded,
    assert_same,
    halving,
    loss_of,
    make_loader,
    make_net,
    planned,
    weights,
)

from lrcourse import record

schedulefree = pytest.importorskip("schedulefree", exc_type=ModuleNotFoundError)
prodigyopt = pytest.importorskip("prodigyopt", exc_type=ModuleNotFoundError)
lion_pytorch = pytest.importorskip("lion_pytorch", exc_type=ModuleNotFoundError)
timm = pytest.importorskip("timm.optim", exc_type=ModuleNotFoundError)

# Without a rule of their own: base lr and update size are known, the factor is not.
UNKNOWN = {
    "schedulefree SGD": lambda params: schedulefree.SGDScheduleFree(params, lr=LR),
    "schedulefree AdamW": lambda params: schedulefree.AdamWScheduleFree(params, lr=LR),
    "Prodigy": lambda params: prodigyopt.Prodigy(params, lr=LR),
    "Lion": lambda params: lion_pytorch.Lion(params, lr=LR, weight_decay=0.1),
    "timm Lion": lambda params: timm.Lion(params, lr=LR),
}
AROUND = {
    "timm Lookahead": (lambda params: timm.Lookahead(torch.optim.Adam(params, lr=LR)), "Adam in Lookahead"),
    "schedulefree": (
        lambda params: schedulefree.ScheduleFreeWrapper(torch.optim.SGD(params, lr=LR), momentum=0.9),
        "SGD in ScheduleFreeWrapper",  # which is no Optimizer by class
    ),
}


def train(make_optimizer, watch=True):
    net = make_net()
    optimizer = make_optimizer(net.parameters())
    scheduler = halving(getattr(optimizer, "base_optimizer", getattr(optimizer, "base", optimizer)))
    if hasattr(optimizer, "train"):
        optimizer.train()
    with record(net, optimizer) if watch else nullcontext() as trace:
        for batch in make_loader():
            optimizer.zero_grad()
            loss_of(net, batch).backward()
            optimizer.step()
            scheduler.step()
    return weights(net), trace, optimizer


@pytest.mark.parametrize("make_optimizer", UNKNOWN.values(), ids=UNKNOWN)
def test_what_is_known_of_a_step_without_a_rule_is_recorded(make_optimizer):
    with pytest.warns(RuntimeWarning, match="there is no rule for") as said:
        ours, trace, _ = train(make_optimizer)
    assert len(said) == 1
    assert trace.step == list(range(1, BATCHES + 1)) and trace.base_lr == planned(BATCHES)
    assert min(trace.everything.update_size) > 0
    assert_same(ours, train(make_optimizer, watch=False)[0])


@pytest.mark.parametrize("make_optimizer, name", AROUND.values(), ids=AROUND)
def test_the_optimizer_inside_another_is_recorded(make_optimizer, name):
    ours, trace, _ = train(make_optimizer)
    assert_recorded(trace, BATCHES)
    assert trace.optimizer == name
    assert_same(ours, train(make_optimizer, watch=False)[0])


def test_the_warm_up_that_schedulefree_makes_of_its_own_is_recorded():
    with pytest.warns(RuntimeWarning, match="there is no rule for AdamWScheduleFree"):
        _, trace, _ = train(lambda params: schedulefree.AdamWScheduleFree(params, lr=LR, warmup_steps=2))
    assert trace.own_lr_name == "scheduled lr"
    assert trace.own_lr[0][:3] == [LR / 2, LR, LR] and trace.base_lr == planned(BATCHES)


def test_the_estimate_of_prodigy_is_recorded():
    with pytest.warns(RuntimeWarning, match="there is no rule for Prodigy"):
        _, trace, _ = train(prodigyopt.Prodigy)
    d = [own / lr for own, lr in zip(trace.own_lr[0], trace.base_lr, strict=True)]
    assert trace.own_lr_name == "base lr × d" and d[0] == 1e-6 and d == sorted(d) and d[-1] > 1e-6


@pytest.mark.filterwarnings("ignore:record does not understand")
@pytest.mark.parametrize("name", ["schedulefree SGD", "schedulefree AdamW", "Prodigy"])
def test_a_run_from_a_state_dict_goes_on_counting(name):
    _, _, optimizer = train(UNKNOWN[name])
    net = make_net()
    resumed = UNKNOWN[name](net.parameters())
    resumed.load_state_dict(optimizer.state_dict())
    resumed.train() if hasattr(resumed, "train") else None
    with record(net, resumed) as trace:
        loss_of(net, next(iter(make_loader()))).backward()
        resumed.step()
    assert trace.step == [BATCHES + 1]
