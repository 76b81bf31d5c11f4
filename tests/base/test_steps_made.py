"""How many steps an optimizer has made: what it counts itself is believed first, then what is remembered."""

import gc
import weakref

import pytest
import torch

from lrcourse.base import remember_steps, steps_made


def make(**state):
    weights = [torch.nn.Parameter(torch.ones(1)) for _ in range(2)]
    optimizer = torch.optim.SGD(weights, lr=0.1)
    for weight, one in zip(weights, state.values(), strict=False):
        optimizer.state[weight] = one
    return optimizer


@pytest.mark.parametrize("count", [3, 3.0, torch.tensor(3), torch.tensor(3.0), torch.tensor([3.0])])
def test_its_own_count_is_believed_whatever_number_it_is(count):
    optimizer = make(first={"step": count})
    remember_steps(optimizer, 9)
    assert steps_made(optimizer) == 3 and type(steps_made(optimizer)) is int


def test_a_weight_that_was_stepped_more_often_counts():
    assert steps_made(make(first={"step": 2}, second={"step": 5})) == 5
    assert steps_made(make(first={"step": 5}, second={"exp_avg": torch.zeros(1)})) == 5


def test_the_count_of_schedulefree_stands_in_the_group():
    optimizer = make()
    optimizer.param_groups[0].update(k=4, weight_sum=0.1)
    assert steps_made(optimizer) == 4
    del optimizer.param_groups[0]["weight_sum"]  # a k of something else
    assert steps_made(optimizer) == 0


@pytest.mark.parametrize("one", [{}, {"step": None}, {"step": "3"}, {"steps": 3}, [3], 3])
def test_what_is_no_count_is_none(one):
    optimizer = make(first=one)
    assert steps_made(optimizer) == 0
    remember_steps(optimizer, 7)
    assert steps_made(optimizer) == 7
    remember_steps(optimizer, 8)
    assert steps_made(optimizer) == 8 and steps_made(make()) == 0


def test_an_optimizer_is_not_kept_alive_by_what_is_remembered_of_it():
    optimizer = make()
    remember_steps(optimizer, 3)
    there = weakref.ref(optimizer)
    del optimizer
    gc.collect()
    assert there() is None
