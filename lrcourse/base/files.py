"""Write files whole or not at all."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

os.umask(UMASK := os.umask(0o077))  # which can be read only so
DAY = 24 * 60 * 60  # seconds: whoever has not written for so long was killed


@contextmanager
def write_whole(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """Yield a new file beside ``path``, which takes its place when the block ends without an exception.

    Whoever reads ``path`` meanwhile sees the old file or the new one, never half of one.
    """
    path = Path(path)
    _sweep(path.parent, f".{path.name}.")
    number, part = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(number, "wb") as file:
            yield file
        # mkstemp lets nobody else read; the file gets the rights of the one before it, or of any new one.
        os.chmod(part, stat.S_IMODE(os.stat(path).st_mode) if path.exists() else 0o666 & ~UMASK)
        os.replace(part, path)
    except BaseException:
        os.unlink(part)
        raise


@contextmanager
def folder_beside(path: Path) -> Iterator[Path]:
    """Yield a new folder beside ``path``, to fill and then rename; what is left of it is removed at the end."""
    _sweep(path.parent, f".{path.name}.")
    part = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


def put_in_place(new: Path, path: Path) -> None:
    """Rename a folder to ``path``, and remove what stood there: a folder that is not whole, a file or a link."""
    old = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    if os.path.lexists(path):
        path.rename(old)  # beside: to move a folder into another, one must be allowed to write in it
    try:
        new.rename(path)
    finally:
        if os.path.lexists(old):
            _remove(old)


def _remove(path: str | os.PathLike) -> None:
    """Remove a file, a link or a folder, if one may."""
    try:
        if os.path.isdir(path) and not os.path.islink(path):
            os.chmod(path, 0o700)
            shutil.rmtree(path)
        else:
            os.unlink(path)
    except OSError:  # or another process was faster
        pass


def _sweep(folder: Path, prefix: str) -> None:
    """Remove what processes that were killed have left beside a file or folder."""
    for entry in os.scandir(folder):
        if entry.name.startswith(prefix) and entry.name.endswith(".part"):
            try:
                old = time.time() - entry.stat(follow_symlinks=False).st_mtime > DAY
            except OSError:  # another process was faster
                continue
            if old:
                _remove(entry)
