"""A number is a number, whoever made it; a truth value, a text or a list is none."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lrcourse.base import as_python, check_is, check_number, check_series, check_whole

WHOLE = {
    "Python": int,
    "NumPy, 64 bits": np.int64,
    "NumPy, 16 bits": np.int16,
    "an array without dimensions": np.array,
    "torch": torch.tensor,
    "a tensor of 8 bits": lambda number: torch.tensor(number, dtype=torch.uint8),
    "pandas": lambda number: pd.Series([number]).iloc[0],
    "pandas with gaps": lambda number: pd.Series([number, None], dtype="Int64").iloc[0],
}
REAL = {
    "Python": float,
    "NumPy": np.float64,
    "NumPy, 32 bits": np.float32,
    "torch": torch.tensor,
    "torch, 64 bits": lambda number: torch.tensor(number, dtype=torch.float64),
    "a weight": lambda number: torch.nn.Parameter(torch.tensor(number)),
    "16 bits": lambda number: torch.tensor(number, dtype=torch.bfloat16),
    "pandas": lambda number: pd.Series([number]).iloc[0],
    "a fraction": Fraction,
}
SERIES = {
    "a list": list,
    "a tuple": tuple,
    "an array": np.array,
    "a tensor": torch.tensor,
    "a tensor with a gradient": lambda numbers: torch.tensor(numbers, requires_grad=True),
    "pandas": pd.Series,
    "pandas with gaps": lambda numbers: pd.Series(numbers, dtype="Float64"),
    "a list of tensors": lambda numbers: [torch.tensor(number) for number in numbers],
    "a list of NumPy's": lambda numbers: [np.float32(number) for number in numbers],
    "one after the other": iter,
    "a dict's values": lambda numbers: dict(enumerate(numbers)).values(),
}
NO_WHOLE = [True, np.True_, torch.tensor(True), 3.0, np.float64(3), torch.tensor(3.0), "3", None, [3], 3j, pd.NA]
NO_WHOLE += [torch.tensor([3]), np.array([3]), pd.Series([3]), np.datetime64("2026-01-01"), Fraction(3, 2)]
NO_REAL = [True, np.True_, torch.tensor(True), "0.1", None, [0.1], 1j, pd.NA, torch.tensor([0.1]), np.str_("1")]
NO_REAL += [float("nan"), float("inf"), np.float32("nan"), torch.tensor(float("inf")), -0.5, np.float64(-1)]
NO_SERIES = ["12", b"12", ["1"], [True], np.array([True, False]), torch.tensor([True]), {0: 1.0}, {1.0}, 3.0, None]
NO_SERIES += [np.array(1.0), torch.ones(2, 2), [[1.0]], [None], pd.Series([1, None], dtype="Int64"), [1j], [], iter([])]
NO_SERIES += [pd.DataFrame({"loss": [1.0]})]
exact = st.integers(-8, 8).map(lambda number: number / 4)  # the same in 16 bits


@settings(deadline=None, derandomize=True)
@given(number=st.integers(0, 255), least=st.integers(0, 255), kind=st.sampled_from(sorted(WHOLE)))
def test_a_whole_number_is_one_whoever_made_it(number, least, kind):
    made = WHOLE[kind](number)
    if number >= least:
        checked = check_whole("epochs", made, least=least)
        assert type(checked) is int and checked == number
    else:
        with pytest.raises(ValueError, match=f"epochs must be a whole number of days, from {least}, got "):
            check_whole("epochs", made, least=least, unit="days")


@settings(deadline=None, derandomize=True)
@given(number=exact, least=exact, kind=st.sampled_from(sorted(REAL)))
def test_a_number_is_one_whoever_made_it(number, least, kind):
    made = REAL[kind](number)
    if number >= least:
        checked = check_number("lr", made, least=least)
        assert type(checked) is float and checked == number
    else:
        with pytest.raises(ValueError, match=f"lr must be a finite number from {least}, got "):
            check_number("lr", made, least=least)


@settings(deadline=None, derandomize=True)
@given(numbers=st.lists(exact, min_size=1, max_size=4), kind=st.sampled_from(sorted(SERIES)))
def test_a_series_is_one_whoever_made_it(numbers, kind):
    checked = check_series("metrics", SERIES[kind](numbers), "pass losses")
    assert checked == numbers and {type(number) for number in checked} == {float}


@pytest.mark.parametrize("number", NO_WHOLE, ids=repr)
def test_what_is_no_whole_number_is_refused(number):
    with pytest.raises(ValueError, match="n must be a whole number from 1, got "):
        check_whole("n", number)


@pytest.mark.parametrize("number", NO_REAL, ids=repr)
def test_what_is_no_number_is_refused(number):
    with pytest.raises(ValueError, match="lr must be a finite number from 0, got "):
        check_number("lr", number)


@pytest.mark.parametrize("numbers", NO_SERIES, ids=lambda numbers: type(numbers).__name__)
def test_what_is_no_series_of_numbers_is_refused(numbers):
    with pytest.raises(ValueError, match="(?s)m must be finite numbers, one for each step, got .*: pass losses"):
        check_series("m", numbers, "pass losses")


def test_losses_of_a_training_that_went_astray_are_numbers_where_that_is_asked_for():
    astray = [1.0, float("inf"), float("nan")]
    with pytest.raises(ValueError, match="must be finite numbers"):
        check_series("m", astray, "pass losses")
    assert str(check_series("m", astray, "", finite=False)) == str(astray)
    assert check_series("m", [], "", least=0) == []
    for numbers in ("12", None, 3.0, {}, [True]):  # no series at all is not an empty one
        with pytest.raises(ValueError, match="must be numbers"):
            check_series("m", numbers, "", least=0, finite=False)


def test_what_is_no_number_is_left_as_it_is():
    for value in ("a", None, [1], torch.ones(1), np.ones(1), {}):
        assert as_python(value) is value


def test_a_value_is_of_the_kind_or_the_error_says_what_it_is():
    check_is("model", True, int, "pass one")
    with pytest.raises(TypeError, match="^model must be of type Module, got int: pass one$"):
        check_is("model", 3, torch.nn.Module, "pass one")
    with pytest.raises(TypeError, match="^model must be of type Module, got the class ReLU itself: pass one$"):
        check_is("model", torch.nn.ReLU, torch.nn.Module, "pass one")
