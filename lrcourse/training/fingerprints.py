"""Tell one run from another: how model, optimizer and schedulers were made, in texts that can be compared.

Nobody can know which of these texts a training changes: an optimizer may move options of its own, as Prodigy its ``d``,
and a scheduler moves what its author liked. So a run is described when it begins and whenever it is kept. What is not
the same in both moves while training, and tells nothing about how the run was made.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from lrcourse.base import as_python

Texts = dict[str, str]  # by name
CLASS = "class"
TAKEN = ("base_lrs", "_last_lr")  # which schedulers of torch take from the optimizer when they are made
LONG = 60  # letters; of a longer text the beginning and a checksum
MANY = 100_000  # elements; of larger tensors the shape must do


def describe(part: object, model: nn.Module) -> Texts:
    """Return how a part of a run was made, as texts by name.

    >>> describe(nn.ReLU(inplace=True), nn.ReLU())
    {'class': 'ReLU', '(itself)': 'ReLU(inplace=True)'}
    """
    if isinstance(part, nn.Module):
        texts = dict(_of_model(part))
    elif hasattr(part, "param_groups"):
        names = {id(weight): name for name, weight in model.named_parameters()}
        groups = [_of_group(group, names) for group in part.param_groups]
        texts = dict(_flat({"defaults": getattr(part, "defaults", {}), "param_groups": groups}))
    else:
        texts = {name: text for name, text in _flat(part.state_dict()) if not name.endswith(TAKEN)}
    return {CLASS: type(part).__name__, **texts}


def differences(began: Mapping, kept: Mapping, left: Mapping, here: Mapping) -> list[str]:
    """Return in words what the parts of two runs do not share.

    Args:
        began: how the parts of the run in the file were, by name, when it began.
        kept: how they were when the file was written.
        left: how ``fit`` left the parts that it trained, if they are those of here; it may have stopped after ``kept``.
        here: how the parts are now.
    """
    words = []
    for name in began | here:
        was, now = began.get(name), here.get(name)
        if was is None or now is None or was[CLASS] != now[CLASS]:
            if was != now:
                words.append(f"{name} was {was and was[CLASS]}, is {now and now[CLASS]}")
            continue
        later = [moment[name] for moment in (kept, left) if name in moment]
        for key in was | now:
            moves = any(moment.get(key) != was.get(key) for moment in later)
            if was.get(key) != now.get(key) and not moves:
                words.append(f"{key} of {name} was {was.get(key, 'without')}, is {now.get(key, 'without')}")
    return words


def _of_model(model: nn.Module) -> Iterator[tuple[str, str]]:
    for name, module in model.named_modules():
        # An object without a name of its own is shown with where it lies in memory, which is elsewhere the next time.
        text = re.sub(r" at 0x[0-9a-f]+", "", module.extra_repr())
        yield f"({name or 'itself'})", _cut(f"{type(module).__name__}({text})")
    # Also the shapes, since a module need not show the parameters that are its own.
    for name, weight in [*model.named_parameters(), *model.named_buffers()]:
        shape = "lazy" if is_lazy(weight) else tuple(weight.shape)
        frozen = isinstance(weight, nn.Parameter) and not weight.requires_grad
        yield name, f"{shape} {weight.dtype}{' frozen' if frozen else ''}"


def _of_group(group: Mapping, names: Mapping[int, str]) -> dict:
    """Return what says how a group was made: its weights by name; of two lrs the first, from which schedulers start.

    The one of now is written by whoever makes a scheduler, also anew on an optimizer that was trained.
    """
    written = {"lr"} if "initial_lr" in group else set()
    options = {key: value for key, value in group.items() if key not in written}
    return {**options, "params": [names.get(id(weight), "another") for weight in group["params"]]}


def _flat(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield what stands in dicts and in lists of them, each under its place, as ``param_groups.0.lr``."""
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _flat(one, f"{name}.{key}" if name else str(key))
    elif isinstance(value, (list, tuple)) and any(isinstance(one, Mapping) for one in value):
        yield f"number of {name}", str(len(value))
        for place, one in enumerate(value):
            yield from _flat(one, f"{name}.{place}")
    else:
        yield name, _cut(_text(value))


def _text(value: object) -> str:
    """Return a text that is the same in every process, of objects their kind."""
    value = as_python(value)
    if value is None or type(value) in (bool, int, float, complex, str, bytes):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_text, value))}]"
    if isinstance(value, (set, frozenset)):
        return f"{{{', '.join(sorted(map(_text, value)))}}}"
    if hasattr(value, "tolist") and hasattr(value, "shape"):
        dense = not isinstance(value, Tensor) or value.layout is torch.strided
        shape = tuple(value.shape)
        return f"{shape} {_text(value.tolist())}" if dense and math.prod(shape) <= MANY else str(shape)
    return type(value).__name__


def _cut(text: str) -> str:
    return text if len(text) <= LONG else f"{text[:LONG]}... ({zlib.crc32(text.encode()):08x})"
