"""What was seen of some weights, step by step, as plain lists."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
SIZES = ("direction_size", "update_size", "weight_size", "residual")
COLUMNS = (*(f"{name}_{100 * q:.0f}" for name in ("factor", "effective_lr") for q in QUANTILES), *SIZES)
MISSING = [math.nan] * len(COLUMNS)


@dataclass
class Series:
    """What was seen of some weights: one entry for each recorded step. RMS is root mean square.

    An entry is NaN where these weights had no gradient in that step, so every series is as long as the trace.

    Attributes:
        factor: the ``QUANTILES`` of the optimizer's factor over the weights; over an evenly spaced sample
            where there are more than 1,024 of them. NaN without a rule for the optimizer.
        effective_lr: the same quantiles of base lr x factor.
        direction_size: RMS of the direction.
        update_size: RMS of after - before, what the weights really did.
        weight_size: RMS of the weights before the step.
        residual: largest distance between a weight and what ``before + decompose(...).change`` says it
            should be, in units in the last place of the weight. NaN without a rule.
        group: number of the param group that the weights belong to.
    """

    factor: list[list[float]] = field(default_factory=list)
    effective_lr: list[list[float]] = field(default_factory=list)
    direction_size: list[float] = field(default_factory=list)
    update_size: list[float] = field(default_factory=list)
    weight_size: list[float] = field(default_factory=list)
    residual: list[float] = field(default_factory=list)
    group: int = 0

    def append(self, row: list[float]) -> None:
        """Add one step: the numbers that ``COLUMNS`` names."""
        n = len(QUANTILES)
        self.factor.append(row[:n])
        self.effective_lr.append(row[n : 2 * n])
        for name, number in zip(SIZES, row[2 * n :], strict=True):
            getattr(self, name).append(number)

    def row(self, at: int) -> list[float]:
        """Return the numbers that ``COLUMNS`` names of one recorded step."""
        return [*self.factor[at], *self.effective_lr[at], *(getattr(self, name)[at] for name in SIZES)]

    def rows(self) -> list[list[float]]:
        """Return the numbers that ``COLUMNS`` names, one row for each recorded step."""
        return [self.row(at) for at in range(len(self.residual))]
