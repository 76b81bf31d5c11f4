"""What is written comes back as what it was, or is refused."""

import collections
import dataclasses
import enum
import io
import pathlib

import numpy as np
import pytest
import torch
from cases import same
from hypothesis import given, settings
from hypothesis import strategies as st

from lrcourse.training.plain import NotPlain, comes_back, pack, unpack

NUMBERS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=5),
    st.binary(min_size=1, max_size=5),
    st.sampled_from([np.float64, np.float32, np.float16]).flatmap(lambda kind: st.floats(width=16).map(kind)),
    st.sampled_from([np.int64, np.int8, np.uint64, np.bool_]).flatmap(lambda kind: st.integers(0, 1).map(kind)),
    st.sampled_from([np.complex64(1j), np.str_("a"), torch.float16, torch.Size([2, 1]), torch.device("cpu")]),
)
FLOATS = st.floats(width=32, allow_nan=False)
ARRAYS = st.one_of(
    st.lists(FLOATS, max_size=4).map(lambda numbers: np.array(numbers, dtype=np.float32)),
    st.lists(st.integers(0, 255), max_size=4).map(lambda numbers: np.array(numbers, dtype=np.uint16)[::-1]),
    st.lists(FLOATS, max_size=4).map(torch.tensor),
    st.sampled_from([np.array(0.5), np.ones((2, 3), order="F"), np.array([True])]),
)
KEYS = st.one_of(st.text(max_size=3), st.integers(-3, 3), st.tuples(st.integers(0, 2), st.text(max_size=1)))
NESTS = st.recursive(
    NUMBERS | ARRAYS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(KEYS, inner, max_size=3),
        st.dictionaries(KEYS, inner, max_size=3).map(collections.OrderedDict),
    ),
    max_leaves=8,
)


def written_and_read(value):
    file = io.BytesIO()
    torch.save(pack(value), file)
    file.seek(0)
    return unpack(torch.load(file, weights_only=True))


def kinds(value):
    """Return of what kind all is that stands in it."""
    if isinstance(value, dict):
        return type(value), [kinds(one) for one in value.values()]
    inside = [kinds(one) for one in value] if isinstance(value, (list, tuple)) else getattr(value, "dtype", None)
    return type(value), inside


@settings(max_examples=200, deadline=None, derandomize=True)
@given(value=NESTS)
def test_what_is_written_comes_back_to_the_last_bit_and_of_its_kind(value):
    back = written_and_read(value)
    assert same(back, value) and kinds(back) == kinds(value)


@pytest.mark.parametrize("mark", [np.int64(3), np.float32(0.25), (np.int64(1), "b")])
def test_a_key_of_numpy_comes_back_as_the_equal_one_of_python(mark):
    counted = collections.Counter({mark: 2})
    back = written_and_read({"milestones": counted, "seen": {mark}})
    assert back == {"milestones": counted, "seen": {mark}} and type(back["milestones"]) is collections.Counter
    assert back["milestones"][mark] == 2


def test_a_dict_keeps_its_attributes_and_what_needs_no_change_is_left_as_it_is():
    state = torch.nn.BatchNorm1d(2).state_dict()
    assert written_and_read(state)._metadata == state._metadata and pack(state) is state
    state["seen"] = np.float32(2)
    assert written_and_read(state)._metadata == state._metadata and type(state["seen"]) is np.float32


class Half(float):
    pass


class Mode(enum.IntEnum):
    MIN = 1


@dataclasses.dataclass
class Pair:
    first: int = 1


Point = collections.namedtuple("Point", "x y")
WITH_ATTRIBUTE = torch.ones(2)
WITH_ATTRIBUTE.note = Pair()
STRANGE = {
    "a subclass of float": Half(0.5),
    "an enum": Mode.MIN,
    "a dataclass": Pair(),
    "a path": pathlib.PurePosixPath("run.pt"),
    "a queue": collections.deque([1.0], maxlen=3),
    "a dict with a default": collections.defaultdict(list),
    "a frozen set": frozenset([1]),
    "a named tuple": Point(1, 2),
    "a function": print,
    "a lambda": lambda step: 0.9**step,
    "a module": torch.nn.ReLU(),
    "a generator": torch.Generator(),
    "a date of NumPy": np.datetime64("2026-01-01"),
    "80 bits": np.longdouble(0.1),
    "an array of 80 bits": np.ones(2, np.longdouble),
    "an array of texts": np.array(["a"]),
    "an array of objects": np.array([Pair()]),
    "an array with a mask": np.ma.array([1.0]),
    "a tensor with an attribute": WITH_ATTRIBUTE,
}


@pytest.mark.parametrize("what", STRANGE)
@pytest.mark.parametrize("place", ["alone", "in a dict", "in a list", "deeper"])
def test_what_could_not_be_read_back_is_refused_with_its_place(what, place):
    value = STRANGE[what]
    nest, where = {
        "alone": (value, ()),
        "in a dict": ({"a": 1, "b": value}, ("b",)),
        "in a list": ([0, value], (1,)),
        "deeper": ({"a": [{}, ({"b": value},)]}, ("a", 1, 0, "b")),
    }[place]
    with pytest.raises(NotPlain) as refused:
        pack(nest)
    assert (refused.value.kind, refused.value.where) == (type(value).__name__, where)
    assert not comes_back(value)


def test_a_key_that_could_not_be_read_back_is_refused():
    for nest in ({"a": {Mode.MIN: 1}}, {"a": {Mode.MIN}}, {"a": {(0, Mode.MIN): 1}}):
        with pytest.raises(NotPlain) as refused:
            pack(nest)
        assert refused.value.where == ("a",) and refused.value.kind in ("Mode", "tuple")


def test_what_can_be_read_back_is_told_from_what_cannot():
    assert comes_back(torch.float16) and comes_back({"lr": 0.1}) and not comes_back(print)
