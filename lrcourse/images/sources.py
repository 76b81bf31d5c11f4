"""Where the images come from: find CIFAR-10 on this machine, decode it once, keep it decoded."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from platformdirs import user_cache_path

from lrcourse.base import bar, folder_beside
from lrcourse.images import shapes10

CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
ARRAYS = ("train_images", "train_labels", "test_images", "test_labels")
SUFFIXES = (".png", ".jpg", ".jpeg")
BATCHES = "cifar-10-batches-py"


class Pool(NamedTuple):
    """A data set before it is split: uint8 images ``(N, 3, 32, 32)`` and int64 labels ``(N,)``."""

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    classes: tuple[str, ...]
    source: str


def cache_dir() -> Path:
    """Return the folder for decoded images: ``LRCOURSE_CACHE``, else the user's cache directory."""
    return Path(os.environ.get("LRCOURSE_CACHE") or user_cache_path("lrcourse"))


def find_cifar10() -> Path | None:
    """Return the folder that holds CIFAR-10, or ``None`` if there is none and none was promised.

    Looks into ``LRCOURSE_CIFAR10`` if that is set, else into the cache directory: the folder itself, and
    ``cifar-10-batches-py`` or ``cifar10`` inside it.

    Raises:
        FileNotFoundError: ``LRCOURSE_CIFAR10`` is set and there is no CIFAR-10 there.
    """
    given = os.environ.get("LRCOURSE_CIFAR10")
    root = Path(given).expanduser() if given else cache_dir()
    for folder in (root, root / BATCHES, root / "cifar10"):
        if folder.name == BATCHES and folder.is_dir() or _is_image_folders(folder):
            return folder.resolve()
    if given:
        what = "is not a folder" if not root.is_dir() else "holds no CIFAR-10"
        raise FileNotFoundError(
            f"LRCOURSE_CIFAR10={given} {what}. It must name the folder that holds {BATCHES}/ or"
            " cifar10/train/<class>/ and cifar10/test/<class>/; unset it to use Shapes-10."
        )
    return None


def load_pool() -> Pool:
    """Return CIFAR-10 if it is on this machine, else Shapes-10, memory-mapped from the decoded cache.

    Raises:
        FileNotFoundError: ``LRCOURSE_CIFAR10`` is set and there is no CIFAR-10 there.
        ValueError: a file of the data set is damaged, or is not what CIFAR-10 holds.
    """
    folder = find_cifar10()
    if folder is None:
        code = Path(shapes10.__file__).read_bytes()
        arrays = _cached("shapes10-" + hashlib.sha256(code).hexdigest()[:16], _draw_shapes10)
        return Pool(*arrays, shapes10.CLASSES, "Shapes-10, drawn by lrcourse")
    if folder.name == BATCHES:
        arrays = _cached(_fingerprint(folder), lambda: _read_batches(folder))
        layout = BATCHES
    else:
        arrays = _cached(_fingerprint(folder), lambda: _read_image_folders(folder))
        layout = "image folders"
    count = len(arrays[1]) + len(arrays[3])
    return Pool(*arrays, CIFAR10_CLASSES, f"CIFAR-10, {count:,} images from {layout}")


def _cached(name: str, make: Callable[[], tuple[np.ndarray, ...]]) -> tuple[np.ndarray, ...]:
    """Return the arrays kept under ``name``; make and keep them the first time.

    They are written into a folder beside the final one, which is then renamed: a folder of the final name
    is whole. Of two processes that write at once, the second finds the name taken and drops its copy.
    """
    entry = cache_dir() / "decoded" / name
    if not entry.is_dir():
        arrays = make()
        try:
            entry.parent.mkdir(parents=True, exist_ok=True)
            with folder_beside(entry) as part:
                for key, array in zip(ARRAYS, arrays, strict=True):
                    np.save(part / f"{key}.npy", array)
                part.rename(entry)
        except OSError as error:
            if not entry.is_dir():
                warnings.warn(f"decoded images are not kept, so the next load is slow too: {error}", stacklevel=4)
            return arrays
    return tuple(np.load(entry / f"{key}.npy", mmap_mode="r") for key in ARRAYS)


def _fingerprint(folder: Path) -> str:
    """Return a name for what is in ``folder`` now: it changes when files come, go or are rewritten.

    For folders of images it reads the times of the class folders only, since a look at 60,000 files would
    take longer than the load. An image overwritten in place is not noticed.
    """
    parts = [str(folder)]
    places = sorted(folder.iterdir()) if folder.name == BATCHES else sorted(folder.glob("t*/*"))
    for place in places:
        stat = place.stat()
        parts.append(f"{place.name} {stat.st_mtime_ns} {stat.st_size}")
    return "cifar10-" + hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _draw_shapes10() -> tuple[np.ndarray, ...]:
    images, labels = shapes10.draw(12_000)
    return images[:10_000], labels[:10_000], images[10_000:], labels[10_000:]


def _read_batches(folder: Path) -> tuple[np.ndarray, ...]:
    """Read torchvision's layout, each file checked against its md5 before it is unpickled."""
    from torchvision.datasets import CIFAR10
    from torchvision.datasets.utils import check_integrity

    expected = [*CIFAR10.train_list, *CIFAR10.test_list, (CIFAR10.meta["filename"], CIFAR10.meta["md5"])]
    for name, md5 in expected:
        if not check_integrity(folder / name, md5):
            what = "is damaged (its md5 differs)" if (folder / name).exists() else "is missing"
            raise ValueError(f"{folder / name} {what}. Unpack cifar-10-python.tar.gz again, or download it anew.")
    arrays: list[np.ndarray] = []
    for train in (True, False):
        part = CIFAR10(folder.parent, train=train)
        arrays += [part.data.transpose(0, 3, 1, 2), np.array(part.targets, dtype=np.int64)]
    return tuple(arrays)


def _is_image_folders(folder: Path) -> bool:
    return (folder / "train").is_dir() and (folder / "test").is_dir()


def _read_image_folders(folder: Path) -> tuple[np.ndarray, ...]:
    arrays: list[np.ndarray] = []
    for part in ("train", "test"):
        found = {p.name for p in (folder / part).iterdir() if p.is_dir()}
        if found != set(CIFAR10_CLASSES):
            odd = sorted(found ^ set(CIFAR10_CLASSES))
            raise ValueError(
                f"{folder / part} must hold one folder for each class of CIFAR-10, named {', '.join(CIFAR10_CLASSES)};"
                f" unknown or missing: {', '.join(odd)}"
            )
        files = [
            (path, label)
            for label, name in enumerate(CIFAR10_CLASSES)
            for path in sorted((folder / part / name).iterdir())
            if path.suffix.lower() in SUFFIXES
        ]
        if not files:
            raise ValueError(f"{folder / part} holds no images ({', '.join(SUFFIXES)}). Copy the data set there again.")
        images = np.empty((len(files), 3, 32, 32), dtype=np.uint8)
        for row, (path, _) in enumerate(bar(files, what=f"decoding {part}, once")):
            images[row] = _read_image(path)
        arrays += [images, np.array([label for _, label in files], dtype=np.int64)]
    return tuple(arrays)


def _read_image(path: Path) -> np.ndarray:
    from PIL import Image

    try:
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGB"))
    except OSError as error:
        raise ValueError(f"{path} cannot be read as an image ({error}). Copy it again.") from error
    if pixels.shape != (32, 32, 3):
        height, width = pixels.shape[:2]
        raise ValueError(f"{path} is {width}x{height} pixels; images of CIFAR-10 are 32x32. Is this another data set?")
    return pixels.transpose(2, 0, 1)
