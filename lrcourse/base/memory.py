"""What a learner answered, kept in the desk: across kernels and days, and nowhere outside of a desk.

One small file of JSON, written whole, and changed under a lock: two notebooks may be open at once.
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

from lrcourse.base.desks import PRIVATE, find_desk
from lrcourse.base.files import write_whole

FORMAT = 1
KINDS = ("predictions", "exercises")
LOCK_SECONDS = 10
_here: dict[str, dict[str, dict]] = {kind: {} for kind in KINDS}  # what this process was told, in a desk or not


class DamagedError(ValueError):
    """A file that is there cannot be read."""


def read_answers(desk: Path) -> dict[str, dict[str, dict]]:
    """Return what is kept in a desk: kind, then question or exercise, then what is known of it.

    Raises:
        DamagedError: the file is not what ``remember`` writes.
        ValueError: a newer lrcourse has written it.
        OSError: it cannot be read.
    """
    path = desk / PRIVATE / "answers.json"
    try:
        kept = json.loads(path.read_bytes())
    except FileNotFoundError:
        kept = {"format": FORMAT}
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"{path} is damaged ({error})") from None
    number = kept.get("format") if isinstance(kept, dict) else None
    if isinstance(number, int) and number > FORMAT:
        raise ValueError(f"{path} was written by a newer lrcourse (format {number}, here {FORMAT}): update this one")
    parts = [kept.setdefault(kind, {}) for kind in KINDS] if number == FORMAT else [None]
    if not all(isinstance(part, dict) and all(isinstance(facts, dict) for facts in part.values()) for part in parts):
        raise DamagedError(f"{path} is damaged (it does not hold what lrcourse writes)")
    return kept


def recall(kind: str) -> dict[str, dict]:
    """Return what was answered: of this kind, each question or exercise with what is known of it."""
    told, desk = _here[kind], find_desk()
    try:
        kept = read_answers(desk)[kind] if desk else {}
    except (OSError, ValueError):  # remember says so, when there is something to keep
        kept = {}
    return {key: kept.get(key, {}) | told.get(key, {}) for key in [*kept, *(key for key in told if key not in kept)]}


def remember(kind: str, key: str, **facts: object) -> str:
    """Keep what is known of a question or an exercise; return a sentence if that did not go well, else "".

    Outside of a desk it is kept until the process ends.
    """
    _here[kind].setdefault(key, {}).update(facts)
    desk = find_desk()
    if desk is None:
        return ""
    from filelock import FileLock

    try:
        with FileLock(desk / PRIVATE / "answers.lock", timeout=LOCK_SECONDS):
            words = _set_aside(desk)
            kept = read_answers(desk)
            known = kept[kind].setdefault(key, {})
            if known | facts != known:
                known.update(facts)
                with write_whole(desk / PRIVATE / "answers.json") as file:
                    file.write(json.dumps(kept, indent=1).encode())
    except (OSError, ValueError) as error:
        return f"This could not be kept for another day: {error}. It stands until the kernel ends."
    return words


def set_aside_damaged(desk: Path) -> str:
    """Rename a file of answers that cannot be read, so that new ones can be kept; say so, or return ""."""
    from filelock import FileLock

    if not (desk / PRIVATE / "answers.json").exists():
        return ""
    with FileLock(desk / PRIVATE / "answers.lock", timeout=LOCK_SECONDS):
        return _set_aside(desk)


def now() -> str:
    """Return the local time, to the second, as ISO 8601 writes it."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


def _set_aside(desk: Path) -> str:
    try:
        read_answers(desk)
    except DamagedError as error:
        aside = free_name(desk / PRIVATE / "answers.damaged.json")
        os.replace(desk / PRIVATE / "answers.json", aside)
        return f"{error}: it was renamed to {aside.name}, and answers are kept anew from now on."
    except ValueError:  # a newer one's, which is left as it is
        pass
    return ""


def free_name(path: Path) -> Path:
    """Return ``path`` if nothing is there, else with the first number behind its stem that is free."""
    number = 2
    free = path
    while free.exists():
        free = path.with_name(f"{path.stem}{number}{path.suffix}")
        number += 1
    return free
