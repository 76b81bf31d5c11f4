"""Keep the state of a training run in a file, and go on from it."""

from __future__ import annotations

import os
import pickle
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from lrcourse.base import write_whole

SECONDS = 10.0  # of work that an interruption can cost; a checkpoint of a small network takes some milliseconds
# What changes in a scheduler as it is stepped; all else in its state is how it was made.
MOVES = {"last_epoch", "best", "num_bad_epochs", "cooldown_counter", "T_cur", "T_i"}


class Checkpoint:
    """The file that a run is kept in; without a path, nothing is kept.

    Args:
        path: the file, or ``None``.
        parts: model, optimizer and schedulers, by name; what is ``None`` is none.
        what: what else must be equal to go on with the run, by name.
    """

    def __init__(self, path: str | os.PathLike | None, parts: Mapping, what: Mapping[str, object]) -> None:
        self._path = None if path is None else Path(path)
        if path is not None and self._path.is_dir():
            raise ValueError(f"checkpoint must name a file, got the folder {self._path}: add a name, such as run.pt")
        if path is not None and not self._path.parent.is_dir():
            # Else it would be found out after the first epoch.
            raise FileNotFoundError(f"checkpoint={self._path}: there is no folder {self._path.parent}, make it first")
        self._parts = {name: part for name, part in parts.items() if part is not None and path is not None}
        self._config = {name: _describe(part) for name, part in self._parts.items()}
        self._config |= {name: str(value) for name, value in what.items()}
        self._written = time.monotonic()

    @property
    def is_due(self) -> bool:
        """Whether so much time has passed that the run should be kept now."""
        return self._path is not None and time.monotonic() - self._written >= SECONDS

    def save(self, **progress: object) -> None:
        """Write the file, whole or not at all: the parts' states, those of the global generators, and ``progress``.

        ``progress`` holds numbers, lists and tensors.
        """
        if self._path is None:
            return
        states = {name: part.state_dict() for name, part in self._parts.items()}
        with write_whole(self._path) as file:
            torch.save({"config": self._config, "states": states, "progress": progress, "rng": _generators()}, file)
        self._written = time.monotonic()

    def load(self) -> dict | None:
        """Load all states and return the progress; ``None`` without a file.

        Raises:
            ValueError: the file is no checkpoint, or one of another run; then nothing was loaded.
        """
        if self._path is None or not self._path.exists():
            return None
        advice = "name another file, or delete it to start anew"
        try:
            with zipfile.ZipFile(self._path) as archive:  # torch.load does not look at the checksums
                if damaged := archive.testzip():
                    raise zipfile.BadZipFile(f"{damaged} is damaged")
            saved = torch.load(self._path, map_location="cpu", weights_only=True)
            there, states, progress, generators = (saved[key] for key in ("config", "states", "progress", "rng"))
        except (zipfile.BadZipFile, pickle.UnpicklingError, RuntimeError, KeyError, TypeError) as error:
            raise ValueError(f"{self._path} is not a whole checkpoint: {advice}") from error
        if differences := _differences(there, self._config):
            raise ValueError(f"{self._path} is the checkpoint of another run ({'; '.join(differences)}): {advice}")
        for name, part in self._parts.items():
            part.load_state_dict(states[name])
        _set_generators(generators)
        return progress


def _differences(there: Mapping[str, str], here: Mapping[str, str]) -> list[str]:
    """Return in words what two configurations do not share; of a long text, the lines that differ."""
    names = sorted(name for name in there.keys() | here.keys() if there.get(name) != here.get(name))
    words = []
    for name in names:
        was, now = (str(config.get(name)).splitlines() for config in (there, here))
        was, now = ([line.strip() for line in a if line not in b] or ["without"] for a, b in ((was, now), (now, was)))
        words.append(f"{name} was {', '.join(was)}, is {', '.join(now)}")
    return words


def _describe(part: nn.Module | Optimizer | LRScheduler) -> str:
    """Return how a part of a run was made, as text."""
    if isinstance(part, nn.Module):
        # Also the shapes, since the text of a model does not show parameters that are no layer's.
        shapes = [f"{name} {tuple(weight.shape)}" for name, weight in part.state_dict().items()]
        return "\n".join([str(part), *shapes])
    if isinstance(part, Optimizer):
        groups = [(len(group["params"]), group.get("initial_lr")) for group in part.param_groups]
        return f"{type(part).__name__} {part.defaults}, parameters and initial lr of groups: {groups}"
    return f"{type(part).__name__} {_made(part.state_dict())}"


def _made(state: Mapping) -> dict:
    """Return what of a scheduler's state says how it was made."""
    kept = {name: value for name, value in state.items() if name not in MOVES and not name.startswith("_")}
    return {**kept, "inside": [_made(inner) for inner in state["_schedulers"]]} if "_schedulers" in state else kept


def _generators() -> dict[str, torch.Tensor]:
    """Return the states of the global generators, from which dropout draws."""
    gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {"cpu": torch.get_rng_state(), **{f"cuda:{i}": state for i, state in enumerate(gpus)}}


def _set_generators(states: Mapping[str, torch.Tensor]) -> None:
    for device, state in states.items():
        if device == "cpu":
            torch.set_rng_state(state)
        elif torch.cuda.is_available() and int(device.removeprefix("cuda:")) < torch.cuda.device_count():
            torch.cuda.set_rng_state(state, device)
