"""The file of a checkpoint: where it may stand, and what is said of a file that is none or was damaged.

Whatever is wrong with a file, it is somebody's work: it is left as it is.
"""

from __future__ import annotations

import os
import pickle
import zipfile
from pathlib import Path

import torch

FORMAT = 2  # a version of lrcourse that writes other files counts on
ADVICE = "Name another file to begin anew"
KEYS = {"format", "began", "kept", "states", "mode", "progress", "rng"}
FIRST_KEYS = {"config", "states", "progress", "rng"}  # of files from before they had a format


def check_place(path: Path) -> None:
    """Raise an error unless a file can be written there; else it would be found out after the first epoch."""
    if path.is_dir():
        raise ValueError(f"checkpoint must name a file, got the folder {path}: add a name, such as run.pt")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"checkpoint={path}: there is no folder {path.parent}, make it first")
    if not os.access(path.parent, os.W_OK):
        raise PermissionError(f"checkpoint={path}: the folder {path.parent} cannot be written to, name another one")


def read(path: Path) -> dict:
    """Return what is in the file.

    Raises:
        ValueError: it is empty, damaged, something else, or of another version.
    """
    if path.stat().st_size == 0:
        raise ValueError(f"{path} is empty: an interruption or a full disk may have left it so. {ADVICE}")
    _check_whole(path)
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"{path} was not written by fit: it holds objects that fit does not write. {ADVICE}"
        ) from error
    except RuntimeError as error:
        raise ValueError(f"{path} was not written by fit: it is another zip archive. {ADVICE}") from error
    keys = set(saved) if isinstance(saved, dict) else set()
    if keys == FIRST_KEYS or (keys >= {"format"} and saved["format"] != FORMAT):
        raise ValueError(
            f"{path} is a checkpoint of another version of lrcourse, in format {saved.get('format', 1)} instead of"
            f" {FORMAT}. Go on with that version; or n{ADVICE[1:]}"
        )
    if keys != KEYS:
        what = f"a dict of {', '.join(map(str, list(saved)[:3]))}" if keys else f"a {type(saved).__name__}"
        raise ValueError(f"{path} was not written by fit: it holds {what}. {ADVICE}")
    return saved


def _check_whole(path: Path) -> None:
    """Look at the checksums, which ``torch.load`` does not."""
    with path.open("rb") as file:
        begins = file.read(4)
    if not begins.startswith(b"PK"):
        raise ValueError(f"{path} was not written by fit: it does not begin like a file of torch.save. {ADVICE}")
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
    except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError, ValueError) as error:
        raise ValueError(f"{path} is damaged, most likely cut short ({error}). {ADVICE}") from error
    if damaged:
        raise ValueError(f"{path} is damaged: {damaged} in it is not what was written. {ADVICE}")
