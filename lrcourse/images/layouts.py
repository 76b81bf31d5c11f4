"""The layouts of CIFAR-10 that are read, and where in a folder one is found."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from lrcourse.images.cache import cache_dir

CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
OTHER_NAMES = {"plane": "airplane", "aeroplane": "airplane", "car": "automobile"}
BATCHES = "cifar-10-batches-py"
FILES = {*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"}
PARTS = {"train": ("train", "training"), "test": ("test", "testing", "val", "valid", "validation")}
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".ppm", ".tif", ".tiff")
DEPTH = 4  # folders below the one that was named: Hugging Face puts so many
FOLDERS = 1000  # that are looked into, should somebody have named all of a disk


class Listing(NamedTuple):
    """What is in a folder, by names, without what Jupyter, macOS, Windows or a NAS have left there."""

    folder: Path
    dirs: dict[str, str]
    files: dict[str, str]

    def part(self, name: str) -> Path | None:
        """Return the folder with the images to train on or to test on."""
        named = {dir.lower(): path for dir, path in self.dirs.items()}
        path = next((Path(named[word]) for word in PARTS[name] if word in named), None)
        inner = path and listing(path).dirs.get(path.name)
        return Path(inner) if inner else path  # train/train, as some archives unpack


def listing(folder: Path) -> Listing:
    """Look into a folder; one that may not be looked into is as one without anything."""
    there = Listing(folder, {}, {})
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return there
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if not _is_dir(entry):
            there.files[entry.name] = entry.path
        elif not entry.name.startswith(("__", "@", "$", "#")):
            there.dirs[entry.name] = entry.path
    return there


def _is_dir(entry: os.DirEntry) -> bool:
    try:
        return entry.is_dir()  # follows links
    except OSError:  # to where one may not look
        return False


def class_of(name: str) -> int | None:
    """Return the label that a folder's name stands for: ``cat``, ``Car``, ``3_cat``, ``3``; else ``None``."""
    plain = name.strip().lower()
    if re.fullmatch("0*[0-9]", plain):
        return int(plain)
    word = re.sub(r"^\d+[ ._-]+", "", plain)
    word = OTHER_NAMES.get(word, word)
    return CIFAR10_CLASSES.index(word) if word in CIFAR10_CLASSES else None


def class_in(file: str) -> int | None:
    """Return the label that a file's name tells, as in ``12_frog.png``; else ``None``."""
    stem, suffix = os.path.splitext(os.path.basename(file))
    found = re.fullmatch(r"\d+_([a-z]+)", stem.lower()) if suffix.lower() in SUFFIXES else None
    return class_of(found[1]) if found else None


def find_in(place: Path) -> Path | None:
    """Return the first folder that is read, the place itself or one below; beside it, if the place is a file."""
    root, depth = (place.parent, 1) if place.is_file() else (place, DEPTH)
    numbered = empty = None
    for here in walk(root, depth):
        kind = layout(here)
        if kind in ("batches", "classes"):
            return here.folder.resolve()
        numbered = numbered or (here if kind else None)
        empty = empty or (here if here.folder.name == BATCHES else None)
    best = numbered or empty  # if empty, reading says which file is missing
    return best.folder.resolve() if best else None


def layout(here: Listing) -> str:
    """Tell how CIFAR-10 lies in a folder: batches, classes, numbers that may be classes; nothing if it does not."""
    if FILES & set(here.files):
        return "batches"
    train, test = here.part("train"), here.part("test")
    if train is None or test is None:
        return ""
    inside = listing(train)
    if any(class_in(file) is not None for file in inside.files):
        return "classes"
    known = [name for name in inside.dirs if class_of(name) is not None]
    return "classes" if any(not name.isdigit() for name in known) else "numbers" if known else ""


def walk(root: Path, depth: int = DEPTH) -> Iterator[Listing]:
    """Yield a folder and those below it, nearest first and likeliest first."""
    level, left, own = [root], FOLDERS, cache_dir() / "decoded"
    for _ in range(depth + 1):
        below: list[Path] = []
        for folder in level[:left]:
            here = listing(folder)
            yield here
            below += [path for path in map(Path, here.dirs.values()) if path != own]
        left -= len(level)
        level = sorted(below, key=lambda path: (path.name != BATCHES, path.name != "cifar10", path))
        if left <= 0:
            return
