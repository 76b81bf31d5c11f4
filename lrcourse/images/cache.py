"""The images, decoded, as they are kept on the disk: believed only after a look."""

from __future__ import annotations

import os
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from platformdirs import user_cache_path

from lrcourse.base import folder_beside, put_in_place, setting

ARRAYS = ("train_images", "train_labels", "test_images", "test_labels")
SUMS = "checksums"


def cache_dir() -> Path:
    """Return the folder for decoded images: ``LRCOURSE_CACHE``, else the user's cache directory."""
    given = setting("LRCOURSE_CACHE")
    return Path(os.path.expanduser(given)) if given else user_cache_path("lrcourse")


def kept(name: str, make: Callable[[], tuple[np.ndarray, ...]]) -> tuple[np.ndarray, ...]:
    """Return the arrays kept under ``name``; make and keep them where there are none, or not whole ones."""
    entry = cache_dir() / "decoded" / name
    try:
        return _read(entry)
    except (OSError, ValueError):  # never made; or cut, purged, taken away
        arrays = make()
    try:
        _keep(entry, arrays)
    except OSError as error:
        if _fault(entry):
            message = f"decoded images are not kept, so the next load is slow too: {error}"
            warnings.warn(f"{message}. Mend that, or set LRCOURSE_CACHE to another folder", stacklevel=4)
    return arrays


def mark(path: str) -> str:
    """Return what changes when a file is written anew: its time and size."""
    try:
        stat = os.stat(path)
    except OSError:  # a link that leads nowhere
        return "gone"
    return f"{stat.st_mtime_ns} {stat.st_size}"


def entries_not_whole() -> list[str]:
    """Return what is wrong with the cache, a line for each entry; each is made anew when it is needed."""
    folder = cache_dir() / "decoded"
    entries = sorted(folder.iterdir()) if folder.is_dir() else []
    faults = {entry: _fault(entry) for entry in entries if not entry.name.startswith(".")}
    return [f"{entry} is not whole: {fault}" for entry, fault in faults.items() if fault]


def _fault(entry: Path) -> str:
    try:
        _read(entry)
    except OSError as error:
        return f"{os.path.basename(error.filename or '')}: {error.strerror}"
    except ValueError as error:
        return str(error)
    return ""


def _read(entry: Path) -> tuple[np.ndarray, ...]:
    """Return the arrays of an entry, memory-mapped; raise what is wrong with it.

    The sums are of all bytes, so that nothing is mapped that is not what was written: 0.2 s for all of CIFAR-10.
    """
    written = (entry / SUMS).read_text(encoding="utf-8")
    for key, line in zip(ARRAYS, written.splitlines(), strict=True):
        if _sum(entry / f"{key}.npy") != line:
            raise ValueError(f"{key}.npy is not as it was written")
    return tuple(np.load(entry / f"{key}.npy", mmap_mode="r") for key in ARRAYS)


def _keep(entry: Path, arrays: tuple[np.ndarray, ...]) -> None:
    """Write an entry beside its place, then rename: what stands there is whole, also while two write at once."""
    entry.parent.mkdir(parents=True, exist_ok=True)
    with folder_beside(entry) as part:
        new = part / "new"
        new.mkdir()  # with usual permissions: those of `part` shut others out of a cache that is shared
        for key, array in zip(ARRAYS, arrays, strict=True):
            np.save(new / f"{key}.npy", np.ascontiguousarray(array))
        sums = "\n".join(_sum(new / f"{key}.npy") for key in ARRAYS)
        (new / SUMS).write_text(sums, encoding="utf-8")
        if _fault(entry):  # as it was, or as another process has made it meanwhile
            put_in_place(new, entry)


def _sum(path: Path) -> str:
    total = 0
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            total = zlib.crc32(chunk, total)
        return f"{total:08x} {file.tell()}"
