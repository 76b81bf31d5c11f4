"""Keep the state of a training run in a file, and go on from it."""

from __future__ import annotations

import os
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from lrcourse.files import write_whole

# What changes in a scheduler as it is stepped; all else in its state is how it was made.
MOVES = {"last_epoch", "best", "num_bad_epochs", "cooldown_counter", "T_cur", "T_i"}


def save_checkpoint(path: str | os.PathLike, parts: Mapping, *, config: dict, progress: dict) -> None:
    """Write a checkpoint, whole or not at all.

    Args:
        path: the file.
        parts: model, optimizer and schedulers: what has a ``state_dict``.
        config: what the run is, as ``describe`` returns it.
        progress: how far it is: numbers, lists and tensors.
    """
    states = {name: part.state_dict() for name, part in parts.items()}
    with write_whole(path) as file:
        torch.save({"config": config, "states": states, "progress": progress, "rng": _generators()}, file)


def load_checkpoint(path: str | os.PathLike, parts: Mapping, *, config: dict) -> dict | None:
    """Load the parts' states and the global generators' from a file and return the progress; ``None`` without a file.

    Raises:
        ValueError: the file is no checkpoint, or one of another run; then nothing was loaded.
    """
    if not Path(path).exists():
        return None
    advice = "name another file, or delete it to start anew"
    try:
        if not zipfile.is_zipfile(path):
            raise EOFError("the end of the file is missing")
        saved = torch.load(path, map_location="cpu", weights_only=True)
        there, states, progress, generators = (saved[key] for key in ("config", "states", "progress", "rng"))
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, TypeError) as error:
        raise ValueError(f"{os.fspath(path)} is not a whole checkpoint: {advice}") from error
    names = sorted(name for name in there.keys() | config.keys() if there.get(name) != config.get(name))
    if names:
        differ = "; ".join(f"{name} was {there.get(name)}, is {config.get(name)}" for name in names)
        raise ValueError(f"{os.fspath(path)} is the checkpoint of another run ({differ}): {advice}")
    for name, part in parts.items():
        part.load_state_dict(states[name])
    _set_generators(generators)
    return progress


def describe(model: nn.Module, optimizer: Optimizer, schedulers: Mapping[str, LRScheduler], **more: object) -> dict:
    """Return what a run is, as text, by name: what must be equal to go on with it."""
    weights = {name: tuple(weight.shape) for name, weight in model.state_dict().items()}
    groups = [(len(group["params"]), group.get("initial_lr")) for group in optimizer.param_groups]
    config = {
        "model": f"{type(model).__name__} {weights}",
        "optimizer": f"{type(optimizer).__name__} {optimizer.defaults}, parameters and initial lr of groups: {groups}",
        **{name: f"{type(one).__name__} {_made(one.state_dict())}" for name, one in schedulers.items()},
        **more,
    }
    return {name: str(value) for name, value in config.items()}


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
