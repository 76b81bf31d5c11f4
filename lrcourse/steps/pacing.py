"""How often a step is recorded: one in ``every``, and less often where that would take too long or too much room."""

from __future__ import annotations

from time import perf_counter


class Pace:
    """Which steps are recorded: the first, and then one in ``every``.

    Args:
        every: how often to begin with.
        share: of the time that passes, the part that looking may take; ``every`` doubles until it does. ``None`` for
            any part.
    """

    def __init__(self, every: int, share: float | None) -> None:
        self.every, self._share = every, share
        self._spent, self._since = 0.0, None  # in looking, and since when: the end of the step that was recorded last

    def wants(self, made: int) -> bool:
        """Tell whether the step after so many others is recorded."""
        return made % self.every == 0

    def spend(self, seconds: float) -> None:
        """Add to the time that looking took."""
        self._spent += seconds

    def close(self, thin: bool) -> None:
        """End a recorded step; with ``thin`` see to the share."""
        now, too_much = perf_counter(), False
        if thin and self._share is not None and self._since is not None:
            too_much = self._spent > self._share * (now - self._since)
        self.every *= 1 + too_much
        # From here to the next recorded step there may be fewer steps than ``every``: that time would not tell.
        self._spent, self._since = 0.0, None if too_much else now
