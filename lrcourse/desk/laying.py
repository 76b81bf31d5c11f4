"""Lay the copies onto a desk, and never over what a learner did there.

A copy that was not touched follows the course. Beside one that was, the new version is laid. The desk is whole at every
moment: each file is written beside and renamed, and what will be laid is known to the desk before it is there, so that
after a kill it is not taken for the learner's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lrcourse.base import PRIVATE, write_whole
from lrcourse.desk.copies import fingerprint, version_of
from lrcourse.desk.course import DeskError
from lrcourse.desk.state import State

LOCK_SECONDS = 60


@dataclass(frozen=True)
class Item:
    """A file to lay: what is in it, its fingerprint, and what of it a learner would want to know to be new."""

    data: bytes
    mark: str
    version: str


@dataclass
class Laid:
    """What was done, by path within the desk; ``beside`` leads from the learner's copy to the new version."""

    new: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    beside: dict[str, str] = field(default_factory=dict)
    words: str = ""


def item(data: bytes, version: str = "") -> Item:
    """Make an item. With a ``version``, nothing is laid beside a touched copy until that changes."""
    return Item(data, fingerprint(data), version or version_of(data))


def check_folder(folder: Path) -> Path:
    """Return the whole path of a folder that is a desk or may become one.

    Raises:
        DeskError: it is a file, or it holds other things.
    """
    desk = folder.expanduser().resolve()
    if desk.exists() and not desk.is_dir():
        raise DeskError(f"{desk} is a file: name a folder for your copies of the lessons.")
    if not (desk / PRIVATE).is_dir():
        others = sorted(path.name for path in desk.iterdir() if path.name[0] != ".") if desk.is_dir() else []
        if others:
            raise DeskError(
                f"{desk} holds other things, such as {others[0]}, and nothing was changed: name a new folder. If it is"
                f" a desk that lost its folder {PRIVATE}, make that anew and call this again."
            )
    return desk


def lay(desk: Path, items: Mapping[str, Item]) -> Laid:
    """Lay the items, by path within the desk, and return what was done.

    Raises:
        DeskError: the desk was made by a newer lrcourse.
        OSError: something could not be written; what is there is whole, and the next call goes on.
    """
    from filelock import FileLock

    (desk / PRIVATE).mkdir(parents=True, exist_ok=True)
    with FileLock(desk / PRIVATE / "desk.lock", timeout=LOCK_SECONDS):
        state = State(desk)
        laid = Laid()
        to_write = {path: target for path, one in items.items() if (target := _target(desk, path, one, state))}
        for path in to_write:
            state.know(path, items[path].mark)
        laid.words = state.write()
        for path, target in to_write.items():
            there = (desk / target).exists()
            if target != path:
                laid.beside[path] = target
            else:
                (laid.updated if there else laid.new).append(path)
            _write(desk / target, items[path].data)
        _remove_old(desk, items, state, laid)
        for path, one in items.items():
            if path in to_write or _mark(desk / path) == one.mark:
                state.know(path, one.mark)
                state.offered[path] = one.version
        state.write()
    return laid


def _target(desk: Path, path: str, one: Item, state: State) -> str:
    """Return where the item is to be written: at its place, beside it, or "" for nowhere."""
    mark = _mark(desk / path)
    if mark is None or mark in _known(path, state) - {one.mark}:
        return path
    if mark == one.mark or state.offered.get(path) == one.version:
        return ""
    whole, number = Path(path), 1
    while True:
        ending = f".new{number if number > 1 else ''}{whole.suffix}"
        beside = whole.with_name(whole.stem + ending).as_posix()
        mark = _mark(desk / beside)
        if mark is None or mark in _known(path, state) | {one.mark}:
            return beside
        number += 1


def _known(path: str, state: State) -> set[str]:
    # Solutions come from the private folder, where a check may have taken them from.
    return {*state.laid.get(path, []), *state.laid.get(f"{PRIVATE}/{path}", [])}


def _mark(path: Path) -> str | None:
    try:
        return fingerprint(path.read_bytes())
    except FileNotFoundError:
        return None
    except IsADirectoryError:
        return "a folder"


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with write_whole(path) as file:
        file.write(data)


def _remove_old(desk: Path, items: Mapping[str, Item], state: State, laid: Laid) -> None:
    """Remove what the course no longer has, where nobody worked in it."""
    for path in [path for path in state.laid if path not in items]:
        if _mark(desk / path) in state.laid[path]:
            (desk / path).unlink()
            laid.removed.append(path)
        state.forget(path)
