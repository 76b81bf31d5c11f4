"""Read CIFAR-10 from folders of images."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lrcourse.base import bar
from lrcourse.images.cache import mark
from lrcourse.images.layouts import CIFAR10_CLASSES, SUFFIXES, class_in, class_of, listing

THERE_ARE = {"train": 50_000, "test": 10_000}
LOOKED_AT = 200  # files of a folder of which size and time count


def read_folders(folder: Path) -> tuple[np.ndarray, ...]:
    """Return images and labels to train on, images and labels to test on.

    Raises:
        ValueError: a class is missing, there are more images than CIFAR-10 has, or one is damaged.
    """
    arrays: list[np.ndarray] = []
    for part, count in THERE_ARE.items():
        place = listing(folder).part(part)
        files = _labelled(place)
        if not files:
            raise ValueError(f"{place} holds no images ({', '.join(SUFFIXES)}). Copy the data set there again.")
        if len(files) > count:
            raise ValueError(
                f"{place} holds {len(files):,} images, and CIFAR-10 has {count:,} there. Is this another data set, or"
                " does it hold copies of images? Move them elsewhere."
            )
        images = np.empty((len(files), 3, 32, 32), dtype=np.uint8)
        for row, (path, _) in enumerate(bar(files, what=f"decoding {part}, once")):
            images[row] = _read_image(path)
        arrays += [images, np.array([label for _, label in files], dtype=np.int64)]
    return tuple(arrays)


def marks(folder: Path) -> Iterator[str]:
    """Yield what changes when images come, go or are written anew: all names, and sizes and times of 200 in a folder.

    Not of all, because 60,000 files take longer than the load. What is copied or unpacked over a folder changes many.
    """
    for part in THERE_ARE:
        place = listing(folder).part(part)
        for here in [str(place), *listing(place).dirs.values()]:
            names = sorted(name for name in _names(here) if _is_image(name))
            yield "\n".join([here, *names])
            for name in names[:: len(names) // LOOKED_AT + 1]:
                yield mark(os.path.join(here, name))


def _labelled(place: Path) -> list[tuple[str, int]]:
    """Return the image files of a part, in the order of the classes, each with its label."""
    inside = listing(place)
    flat = [(file, class_in(file)) for file in inside.files.values() if class_in(file) is not None]
    if flat:
        return sorted(flat, key=lambda pair: pair[1])
    folders = _class_folders(place, inside.dirs)
    images = [_images(path) for path in folders]
    if not all(images) and any(images):
        path = folders[images.index([])]
        raise ValueError(f"{path} holds no images, or none that you may see. Copy the data set there again.")
    return [(file, label) for label, there in enumerate(images) for file in there]


def _class_folders(place: Path, dirs: dict[str, str]) -> list[str]:
    """Return one folder for each class, in their order; a folder without images is nobody's class and is skipped."""
    folders: dict[int, str] = {}
    odd = []
    for name, path in dirs.items():
        label = class_of(name)
        if label in folders:
            raise ValueError(f"{folders[label]} and {path} are folders of one class. Move one of them elsewhere.")
        if label is not None:
            folders[label] = path
        elif _images(path):
            odd.append(name)
    odd += [name for label, name in enumerate(CIFAR10_CLASSES) if label not in folders]
    if odd:
        raise ValueError(
            f"{place} must hold one folder for each class of CIFAR-10, named {', '.join(CIFAR10_CLASSES)};"
            f" unknown or missing: {', '.join(odd)}"
        )
    return [folders[label] for label in range(len(CIFAR10_CLASSES))]


def _images(folder: str) -> list[str]:
    return [file for name, file in listing(Path(folder)).files.items() if _is_image(name)]


def _is_image(name: str) -> bool:
    return name.lower().endswith(SUFFIXES) and not name.startswith(".")


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:  # reading says so
        return []


def _read_image(path: str) -> np.ndarray:
    from PIL import Image

    try:
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGB"))
    except PermissionError as error:
        raise ValueError(f"{path} may not be read by you ({error}). Change its permissions.") from error
    except Exception as error:  # of as many kinds as there are ways to damage a file
        raise ValueError(f"{path} cannot be read as an image ({error}). Copy it again.") from error
    if pixels.shape != (32, 32, 3):
        height, width = pixels.shape[:2]
        raise ValueError(f"{path} is {width}x{height} pixels; images of CIFAR-10 are 32x32. Is this another data set?")
    return pixels.transpose(2, 0, 1)
