"""Where the images come from: find CIFAR-10 on this machine, decode it once, keep it decoded."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lrcourse.base import setting
from lrcourse.images import shapes10
from lrcourse.images.cache import cache_dir, kept, mark
from lrcourse.images.folders import marks, read_folders
from lrcourse.images.lacking import what_is_lacking
from lrcourse.images.layouts import BATCHES, CIFAR10_CLASSES, find_in, layout, listing


class Pool(NamedTuple):
    """A data set before it is split: uint8 images ``(N, 3, 32, 32)`` and int64 labels ``(N,)``."""

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    classes: tuple[str, ...]
    source: str


def find_cifar10() -> Path | None:
    """Return the folder that holds CIFAR-10, or ``None`` if there is none and none was promised.

    Looks into ``LRCOURSE_CIFAR10`` if that is set, else into the cache directory, and into the folders below.

    Raises:
        FileNotFoundError: ``LRCOURSE_CIFAR10`` is set and there is no CIFAR-10 there that is read; it says what to do.
    """
    given = setting("LRCOURSE_CIFAR10")
    if not given:
        return find_in(cache_dir())
    places = _places(given)
    found = next(filter(None, map(find_in, places)), None)
    if found is None:
        raise FileNotFoundError(f"LRCOURSE_CIFAR10={given} {what_is_lacking(places)}")
    return found


def load_pool() -> Pool:
    """Return CIFAR-10 if it is on this machine, else Shapes-10, memory-mapped from the decoded cache.

    Raises:
        FileNotFoundError: ``LRCOURSE_CIFAR10`` is set and there is no CIFAR-10 there.
        ValueError: a file of the data set is damaged, or is not what CIFAR-10 holds.
    """
    folder = find_cifar10()
    if folder is None:
        code = Path(shapes10.__file__).read_bytes()
        arrays = kept("shapes10-" + hashlib.sha256(code).hexdigest()[:16], _draw_shapes10)
        return Pool(*arrays, shapes10.CLASSES, "Shapes-10, drawn by lrcourse")
    if layout(listing(folder)) in ("classes", "numbers"):
        arrays = kept(_fingerprint(folder, marks(folder)), lambda: read_folders(folder))
        how = "image folders"
    else:
        arrays = kept(_fingerprint(folder, _marks_of_batches(folder)), lambda: _read_batches(folder))
        how = BATCHES
    count = len(arrays[1]) + len(arrays[3])
    return Pool(*arrays, CIFAR10_CLASSES, f"CIFAR-10, {count:,} images from {how}")


def what_is_wrong(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the name of each file of torchvision's layout that is not whole, and what is wrong with it."""
    from torchvision.datasets import CIFAR10
    from torchvision.datasets.utils import check_integrity

    expected = [*CIFAR10.train_list, *CIFAR10.test_list, (CIFAR10.meta["filename"], CIFAR10.meta["md5"])]
    for name, md5 in expected:
        if not check_integrity(folder / name, md5):
            yield name, "is damaged (its md5 differs)" if (folder / name).exists() else "is missing"


def _places(given: str) -> list[Path]:
    """Return what a path may mean: a relative one counts from the kernel's folder or from where Jupyter was started."""
    path = os.path.expandvars(os.path.expanduser(given))
    if os.path.isabs(path):
        return [Path(path)]
    # PWD is what the shell last knew, and kernels inherit it; the last is the clone, where one calls `make lab`.
    starts = [os.getcwd(), os.environ.get("PWD", ""), str(Path(__file__).parents[2])]
    return [Path(place) for place in dict.fromkeys(os.path.abspath(os.path.join(start, path)) for start in starts)]


def _fingerprint(folder: Path, parts: Iterator[str]) -> str:
    """Return a name for what is in ``folder`` now: it changes when files come, go or are rewritten."""
    found = "\n".join([str(folder), *parts])
    return "cifar10-" + hashlib.sha256(found.encode(errors="surrogateescape")).hexdigest()[:16]


def _marks_of_batches(folder: Path) -> Iterator[str]:
    for name, path in listing(folder).files.items():
        if name.startswith(("data_batch", "test_batch", "batches.meta")):
            yield f"{name} {mark(path)}"


def _draw_shapes10() -> tuple[np.ndarray, ...]:
    images, labels = shapes10.draw(12_000)
    return images[:10_000], labels[:10_000], images[10_000:], labels[10_000:]


def _read_batches(folder: Path) -> tuple[np.ndarray, ...]:
    """Read torchvision's layout, each file checked against its md5 before it is unpickled."""
    from torchvision.datasets import CIFAR10

    for name, what in what_is_wrong(folder):
        raise ValueError(
            f"{folder / name} {what}. Unpack cifar-10-python.tar.gz again, or let"
            f' `lrcourse fetch --to "{folder.parent}"` mend it.'
        )

    class Here(CIFAR10):
        base_folder = folder.name  # whatever it is called

    arrays: list[np.ndarray] = []
    for train in (True, False):
        part = Here(folder.parent, train=train)
        arrays += [part.data.transpose(0, 3, 1, 2), np.array(part.targets, dtype=np.int64)]
    return tuple(arrays)
