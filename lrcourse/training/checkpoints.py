"""Keep the state of a training run in a file, and go on from it."""

from __future__ import annotations

import io
import os
import pickle
import time
import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from weakref import WeakKeyDictionary

import torch
from torch import nn

from lrcourse.base import switch_mode, write_whole
from lrcourse.training.checkpoint_files import ADVICE, FORMAT, check_place, read
from lrcourse.training.fingerprints import CLASS, describe, differences
from lrcourse.training.plain import NotPlain, pack, unpack
from lrcourse.training.restoring import generators, load_optimizer, set_generators

SECONDS = 10.0  # of work that an interruption can cost; a checkpoint of a small network takes some milliseconds
HELP = (
    "let its state_dict() and load_state_dict() give and take only numbers, texts, lists, dicts and tensors; or call"
    " fit without checkpoint="
)
# How fit left the parts of a run, by the model, while that is there: the same objects may be given to it once more.
_left: WeakKeyDictionary[nn.Module, dict] = WeakKeyDictionary()


class Checkpoint:
    """The file that a run is kept in; without a path, nothing is kept.

    Args:
        path: the file, or ``None``.
        parts: model, optimizer and schedulers, by name; what is ``None`` is none.
        run: what else must be equal to go on with the run, by name.
    """

    def __init__(self, path: str | os.PathLike | None, parts: Mapping, run: Mapping[str, object]) -> None:
        self._path = None if path is None else Path(path)
        if path is not None:
            check_place(self._path)
        self._model = parts["model"]
        self._parts = {name: part for name, part in parts.items() if part is not None}
        self._run = {"run": {CLASS: "run", **{name: str(value) for name, value in run.items()}}}
        self._began: dict[str, Mapping] = {}
        self._written = time.monotonic()

    @property
    def is_due(self) -> bool:
        """Whether so much time has passed that the run should be kept now."""
        return self._path is not None and time.monotonic() - self._written >= SECONDS

    @property
    def note(self) -> str:
        """What to tell whoever stopped the run; nothing if it is not kept."""
        if self._path is None:
            return ""
        if self._path.exists():
            return f" The same call again goes on from {self._path}."
        return f" Nothing is in {self._path} yet: to begin anew, make model, optimizer and schedulers again."

    def begin(self, **progress: object) -> dict:
        """Return the progress to go on with: that of the file, whose states are then loaded, else the one given.

        First all that will be written is written and read back, in memory.

        Raises:
            ValueError: something in the parts' states cannot be read back; or the file is no checkpoint, a damaged one
                or one of another run. Then nothing was loaded.
        """
        if self._path is None:
            return progress
        own, progress = self._read_back(progress)
        self._began = self._describe()
        if not self._path.exists():
            return progress
        saved = read(self._path)
        left = _left.get(self._model, {})
        if words := differences(saved["began"], saved["kept"], left, self._began):
            more = f"; and {len(words) - 5} more" if len(words) > 5 else ""
            raise ValueError(
                f"{self._path} is the checkpoint of another run ({'; '.join(words[:5])}{more}). {ADVICE}, or make"
                " model, optimizer and schedulers as they were when that run began to go on with it"
            )
        # What mode an optimizer is in need not be in its state, and decides what its weights are.
        switch_mode(self._parts["optimizer"], saved["mode"])
        try:
            self._load(unpack(saved["states"]))
        except ValueError as error:
            self._load(own)
            raise ValueError(f"{self._path} does not fit: {error}. {ADVICE}") from error
        set_generators(saved["rng"])
        self._began = saved["began"]
        return unpack(saved["progress"])

    def save(self, **progress: object) -> None:
        """Write the file, whole or not at all: the parts' states, those of the global generators, and ``progress``."""
        if self._path is None:
            return
        try:
            states, kept = self._states(), self._describe()
        except ValueError as error:  # what a first look could not see, since it came with the steps
            warnings.warn(f"{error}. The training goes on, and is not kept from here on", stacklevel=3)
            self._path = None
            return
        mode = "train" if self._model.training else "eval"
        content = {"began": self._began, "kept": kept, "states": states, "mode": mode, "rng": generators()}
        with write_whole(self._path) as file:
            torch.save({"format": FORMAT, "progress": pack(progress), **content}, file)
        self._written = time.monotonic()

    def leave(self) -> None:
        """Remember how the parts are now, so that a call with the same ones is known to be one."""
        if self._path is not None:
            with suppress(Exception):  # else it would hide what ended the training
                _left[self._model] = self._describe()

    def _describe(self) -> dict[str, Mapping]:
        return self._run | {name: describe(part, self._model) for name, part in self._parts.items()}

    def _states(self) -> dict[str, object]:
        """Return the parts' states as plain data; say which part keeps what cannot be read back."""
        states = {}
        for name, part in self._parts.items():
            what = f"{name}={type(part).__name__}"
            if not (hasattr(part, "state_dict") and hasattr(part, "load_state_dict")):
                raise ValueError(f"{what} has no state_dict() and load_state_dict() to keep it by: {HELP}")
            try:
                states[name] = pack(part.state_dict())
            except NotPlain as error:
                attribute, *inside = error.where or ("state_dict()",)
                place = f"{attribute!r}{''.join(f'[{key!r}]' for key in inside)}"
                lazy = "call the model once, on a few images, so that its lazy layers make their weights"
                raise ValueError(
                    f"{what} keeps a {error.kind} in its attribute {place}, which cannot be read back from a file:"
                    f" {lazy if error.kind.startswith('Uninitialized') else HELP}"
                ) from None
            except Exception as error:
                raise ValueError(f"{what}.state_dict() raised {type(error).__name__} ({error}): {HELP}") from error
        return states

    def _read_back(self, progress: dict) -> tuple[dict, dict]:
        """Write all in memory, read it and load it; return the states and the progress that came back."""
        file = io.BytesIO()
        try:
            torch.save([self._states(), pack(progress)], file)
            file.seek(0)
            states, progress = unpack(torch.load(file, map_location="cpu", weights_only=True))
        except (pickle.UnpicklingError, pickle.PicklingError, RecursionError) as error:
            raise ValueError(
                f"the states of {', '.join(self._parts)} cannot be read back from a file: {HELP}"
            ) from error
        self._load(states)
        return states, progress

    def _load(self, states: Mapping) -> None:
        """Load the states, that of the optimizer last: some schedulers write an lr when they are loaded."""
        for name in sorted(self._parts, key=lambda name: name == "optimizer"):
            part = self._parts[name]
            try:
                load_optimizer(part, states[name]) if name == "optimizer" else part.load_state_dict(states[name])
            except Exception as error:
                raise ValueError(
                    f"{name}={type(part).__name__} cannot load what its state_dict() returned"
                    f" ({type(error).__name__}: {error}): {HELP}"
                ) from error
