"""Download CIFAR-10. The only part of lrcourse that touches the network, and only when it is asked to."""

from __future__ import annotations

import hashlib
import http.client
import os
import tarfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from filelock import FileLock, Timeout
from tqdm.auto import tqdm

from lrcourse.base import folder_beside
from lrcourse.images.cache import cache_dir
from lrcourse.images.layouts import BATCHES
from lrcourse.images.sources import what_is_wrong

URL = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
SIZE = 170_498_071  # bytes, and the md5 that the data set's page gives
MD5 = "c58f30108f718f92721af3b95e74349a"
TRIES = 5  # in a row that bring nothing
CHUNK = 1 << 16


class FetchError(Exception):
    """The download did not end well. What is there of it is kept, and the message says what to do."""


def fetch(
    to: str | os.PathLike | None = None,
    *,
    url: str = URL,
    archive: str | os.PathLike | None = None,
    timeout: float = 30,
    wait: float = 2,
) -> Path:
    """Download CIFAR-10, or take an archive that is here, and unpack it; return the folder ``cifar-10-batches-py``.

    An interrupted download goes on where it stopped, also in another process: what has arrived lies in a file
    that ends in ``.part``. Size and md5 are checked before anything is unpacked, and the folder takes its
    name only when it is whole. If it is there already, and whole, nothing is done; what is damaged in it is mended.

    Args:
        to: folder to put it into; without, lrcourse's cache, where ``load_data`` looks.
        url: a mirror of ``cifar-10-python.tar.gz``.
        archive: that file, downloaded by hand; it stays where it is, and nothing is downloaded.
        timeout: seconds without a byte after which the connection is given up and tried again.
        wait: seconds before the second try; twice as long before each one after it.

    Raises:
        FetchError: another download into the same folder is running; the server does not have the file or stays away;
            what came, or the archive, is not CIFAR-10; the folder cannot be written, or the disk is full.
    """
    if not url.startswith(("https://", "http://")):
        raise FetchError(f"url must begin with https:// or http://, got {url!r}: name a mirror of {URL}")
    if archive is not None:
        _check_given(archive)
    folder = cache_dir() if to is None else Path(os.path.expanduser(to))
    target = folder / BATCHES
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f"{BATCHES}.lock").acquire(timeout=0):
            if not target.is_dir() or any(what_is_wrong(target)):
                if archive is None:
                    _get(target, url, timeout, wait)
                else:
                    _unpack(Path(os.path.expanduser(archive)), target)
    except Timeout:
        raise FetchError(f"another download into {folder} is running: wait for it, or name another folder") from None
    except OSError as error:
        raise FetchError(
            f"{folder} cannot be written: {error}. What has arrived is kept: mend it and call it again,"
            " or name another folder with --to"
        ) from error
    return target


def _get(target: Path, url: str, timeout: float, wait: float) -> None:
    """Download what ``target`` is unpacked from; what has come of it is kept beside it until then."""
    part = target.with_name("cifar-10-python.tar.gz.part")
    _download(url, part, timeout, wait)
    if fault := _fault(part):
        part.unlink()
        raise FetchError(
            f"what came from {url} is not CIFAR-10: {fault}. It was deleted. Try again, or name a mirror with --url"
        )
    try:
        _unpack(part, target)
    except FetchError as error:
        part.unlink()
        raise FetchError(f"{error}. It was deleted. Name a mirror with --url") from error
    part.unlink()


def _download(url: str, part: Path, timeout: float, wait: float) -> None:
    """Bring ``part`` to its full size, in as many tries as it takes."""
    failures = 0
    with tqdm(total=SIZE, unit="B", unit_scale=True, desc="CIFAR-10") as progress:
        while (have := part.stat().st_size if part.exists() else 0) < SIZE:
            progress.update(have - progress.n)
            try:
                _receive(url, part, have, timeout, progress)
                problem = "the connection ended early"
            except urllib.error.HTTPError as error:
                error.close()  # it holds the connection
                if error.code == 416:  # the server has less than we
                    part.unlink(missing_ok=True)
                elif error.code < 500:
                    raise FetchError(f"{url}: {error}. Name a mirror with --url") from error
                problem = str(error)
            except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
                problem = str(error) or type(error).__name__
            now = part.stat().st_size if part.exists() else 0
            failures = 0 if now > have else failures + 1
            if failures == TRIES:
                kept = f" {now:,} of {SIZE:,} bytes are kept: call it again to go on." if now else ""
                raise FetchError(f"{url}: {problem}, {TRIES} times in a row.{kept} Or name a mirror with --url")
            if now < SIZE and failures:
                time.sleep(wait * 2 ** (failures - 1))
        progress.update(SIZE - progress.n)


def _receive(url: str, part: Path, have: int, timeout: float, progress: tqdm) -> None:
    """Append to ``part`` what one request brings."""
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        # 200 in place of 206: the server ignores Range and sends it all.
        goes_on = answer.status == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        with part.open("ab" if goes_on else "wb") as file:
            progress.update((have if goes_on else 0) - progress.n)
            while file.tell() < SIZE + 1 and (chunk := answer.read(CHUNK)):
                file.write(chunk)
                progress.update(len(chunk))


def _check_given(archive: str | os.PathLike) -> None:
    """Refuse a file of the user's that is not the archive; whatever it is, it stays as it is."""
    try:
        fault = _fault(Path(os.path.expanduser(archive)))
    except OSError as error:
        raise FetchError(f"{archive} cannot be read: {error}. Name the file cifar-10-python.tar.gz") from error
    if fault:
        raise FetchError(
            f"{archive} is not the whole of cifar-10-python.tar.gz: {fault}. Download it again, or call"
            " `lrcourse fetch` without --from"
        )


def _fault(archive: Path) -> str:
    with archive.open("rb") as file:
        md5 = hashlib.file_digest(file, "md5").hexdigest()
        size = file.tell()
    if (size, md5) != (SIZE, MD5):
        return f"{size:,} bytes with md5 {md5}, wanted are {SIZE:,} with {MD5}"
    return ""


def _unpack(archive: Path, target: Path) -> None:
    """Unpack beside ``target``, then rename. Where there is one that is not whole, replace what is damaged in it."""
    try:
        with folder_beside(target) as part, tarfile.open(archive) as tar:
            _extract(tar, part)
            if target.is_dir():
                for name, _ in list(what_is_wrong(target)):
                    os.replace(part / BATCHES / name, target / name)
            else:
                (part / BATCHES).rename(target)
    except (tarfile.TarError, EOFError, FileNotFoundError) as error:
        raise FetchError(f"{archive.name} cannot be unpacked: {error}") from error


def _extract(tar: tarfile.TarFile, folder: Path) -> None:
    """Unpack files and folders, and nothing that would come to lie outside of the folder."""
    for member in tar.getmembers():
        if not (member.isfile() or member.isdir()):
            raise tarfile.TarError(f"{member.name} is neither a file nor a folder")
        inside = (folder / member.name.lstrip("/\\")).resolve()
        if not inside.is_relative_to(folder.resolve()):
            raise tarfile.TarError(f"{member.name} leads out of the folder")
        member.name = str(inside.relative_to(folder.resolve()))
    # Python before 3.11.4 has no filter; what it would refuse is refused above.
    tar.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
