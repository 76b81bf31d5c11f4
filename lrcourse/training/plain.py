"""Turn what the parts of a run keep into plain data, which a file can hold and give back safely.

``torch.load(weights_only=True)`` reads tensors, numbers, texts and what is made of lists and dicts, and refuses all
else, because to read an object is to run code that the file names. Numbers and arrays of NumPy are among what it
refuses: they are written as Python's and as tensors, and come back as what they were.
"""

from __future__ import annotations

import copy
import io
from collections import Counter, OrderedDict

import numpy as np
import torch

NUMBERS = (bool, int, float, complex, str)
ALONE = (*NUMBERS, type(None), torch.Tensor, torch.nn.Parameter, torch.Size, torch.dtype, torch.device)
NUMPY = "a number or an array of NumPy"  # the key under which its kind is written


class NotPlain(Exception):
    """Says what cannot be written, and where it stands."""

    def __init__(self, value: object, where: tuple) -> None:
        super().__init__(value, where)
        self.kind, self.where = type(value).__name__, where


def pack(value: object, where: tuple = ()) -> object:
    """Return ``value`` as plain data.

    Raises:
        NotPlain: something in it cannot be read back.

    >>> pack({"lr": np.float32(0.5), "steps": 3})
    {'lr': {'a number or an array of NumPy': '<f4', 'value': 0.5}, 'steps': 3}
    """
    kind = type(value)
    if kind in ALONE and not getattr(value, "__dict__", None):  # a tensor may have attributes
        return value
    if kind in (dict, OrderedDict, Counter):
        packed = {_bare(key, where): pack(one, (*where, key)) for key, one in value.items()}
        return _refill(value, packed)
    if kind in (list, tuple):
        packed = [pack(one, (*where, place)) for place, one in enumerate(value)]
        return value if _same(packed, value) else kind(packed)
    if kind is set:
        return {_bare(one, where) for one in value}
    if (plain := _from_numpy(value)) is not None:
        return {NUMPY: value.dtype.str, "value": plain}
    if not comes_back(value):
        raise NotPlain(value, where)
    return value


def unpack(value: object) -> object:
    """Return what was packed.

    >>> unpack(pack([np.float32(0.5)]))
    [np.float32(0.5)]
    """
    kind = type(value)
    if kind in (dict, OrderedDict, Counter):
        if NUMPY in value:
            return _to_numpy(np.dtype(value[NUMPY]), value["value"])
        return _refill(value, {key: unpack(one) for key, one in value.items()})
    if kind in (list, tuple):
        unpacked = [unpack(one) for one in value]
        return value if _same(unpacked, value) else kind(unpacked)
    return value


def comes_back(value: object) -> bool:
    """Tell whether it can be written and read back.

    >>> comes_back(torch.device("cpu")), comes_back(print)
    (True, False)
    """
    file = io.BytesIO()
    try:
        torch.save(value, file)
        file.seek(0)
        torch.load(file, weights_only=True)
    except Exception:  # of many kinds: what cannot be pickled says so in its own way
        return False
    return True


def _bare(key: object, where: tuple) -> object:
    """Return a key, or a member of a set, that can be written: a number of NumPy as the equal one of Python."""
    bare = key.item() if isinstance(key, np.generic) else key
    if not isinstance(bare, tuple) and type(bare) not in ALONE:
        raise NotPlain(key, where)
    return bare if not isinstance(bare, tuple) else tuple(_bare(one, where) for one in bare)


def _from_numpy(value: object) -> object:
    """Return a number of NumPy as Python's and an array as a tensor; ``None`` if it is neither, or has no equal."""
    if isinstance(value, np.generic):
        return plain if type(plain := value.item()) in NUMBERS else None  # of more than 64 bits it stays NumPy's
    try:
        return torch.from_numpy(value.copy()) if type(value) is np.ndarray else None
    except (TypeError, ValueError):  # texts and objects, or not in this machine's order of bytes
        return None


def _to_numpy(dtype: np.dtype, plain: object) -> np.generic | np.ndarray:
    return plain.numpy() if isinstance(plain, torch.Tensor) else dtype.type(plain)


def _refill(container: dict, values: dict) -> dict:
    """Return a copy of the dict, of its kind and with its attributes, with these values; itself if none is new."""
    if _same(values, container) and _same(values.values(), container.values()):
        return container
    filled = copy.copy(container)
    filled.clear()
    for key, value in values.items():
        filled[key] = value
    return filled


def _same(ones: object, others: object) -> bool:
    return all(one is other for one, other in zip(ones, others, strict=True))
