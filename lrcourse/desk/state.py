"""What a desk knows of itself: what was laid onto it, and which version of each lesson its learner has been offered."""

from __future__ import annotations

import json
import os
from pathlib import Path

from lrcourse.base import MARK, free_name, write_whole
from lrcourse.desk.course import DeskError

FORMAT = 1
REMEMBERED = 20  # of what was laid at one place: the last ones


class State:
    """The file ``.lrcourse/desk.json``: it makes a folder a desk."""

    def __init__(self, desk: Path) -> None:
        """Read it. If it is damaged, every copy counts as one that was worked in; ``write`` renames it.

        Raises:
            DeskError: a newer lrcourse has written it.
        """
        self.path, self.damaged = desk / MARK, False
        self.laid: dict[str, list[str]] = {}
        self.offered: dict[str, str] = {}
        self._written: dict | None = None
        try:
            self._take(json.loads(self.path.read_bytes()))
        except FileNotFoundError:
            pass
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
            self.damaged = True

    def _take(self, kept: dict) -> None:
        if kept["format"] < FORMAT:
            raise ValueError("nothing is known of such a format")
        if kept["format"] > FORMAT:
            raise DeskError(
                f"{self.path.parents[1]} was made by a newer lrcourse (format {kept['format']}, here {FORMAT}): update"
                " lrcourse, or name another folder. Nothing was changed."
            )
        laid = {str(path): [str(mark) for mark in marks] for path, marks in kept["laid"].items()}
        self.laid, self.offered = laid, {str(path): str(version) for path, version in kept["offered"].items()}
        self._written = kept

    def know(self, path: str, mark: str) -> None:
        """Remember that a copy of this fingerprint was laid, or is about to be."""
        marks = [known for known in self.laid.get(path, []) if known != mark]
        self.laid[path] = [*marks, mark][-REMEMBERED:]

    def forget(self, path: str) -> None:
        """Remember nothing of a file that the course no longer has."""
        self.laid.pop(path, None)
        self.offered.pop(path, None)

    def write(self) -> str:
        """Write it, if it has changed; return a sentence if a damaged one was renamed for it, else ""."""
        words = ""
        if self.damaged:
            aside = free_name(self.path.with_name("desk.damaged.json"))
            os.replace(self.path, aside)
            self.damaged = False
            words = f"{self.path} was damaged, and is {aside.name} now. Each copy is taken for one that you worked in."
        # What else another lrcourse may have written there stays.
        new = (self._written or {}) | {"format": FORMAT, "laid": self.laid, "offered": self.offered}
        if new != self._written:
            with write_whole(self.path) as file:
                file.write(json.dumps(new, indent=1).encode())
            self._written = json.loads(json.dumps(new))
        return words
