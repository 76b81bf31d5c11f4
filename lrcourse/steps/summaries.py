"""What is kept of a step: for each layer, and for all weights, some quantiles and sizes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from lrcourse.steps.looking import Look
from lrcourse.steps.series import MISSING, QUANTILES

SAMPLE = 1024  # elements a quantile is taken over at most: sorting all of them would cost as much as the step


class Summary:
    """Turns looks at all layers into rows, and keeps in mind which elements it takes of each."""

    def __init__(self) -> None:
        """Begin without any layer."""
        self._sizes: list[tuple[int, int]] = []
        self._places: list[tuple[np.ndarray, np.ndarray]] = []

    def rows(self, looks: Sequence[Look]) -> list[list[float]]:
        """Return a row for each parameter of the looks and one for everything, as ``Series.append`` takes it."""
        if not looks:
            return [MISSING]
        sizes = [pair for look in looks for pair in zip(look.lengths, look.counts, strict=True)]
        if sizes != self._sizes:
            self._sizes, self._places = sizes, _choose(sizes)
        starts = np.cumsum([0, *(len(look.lengths) for look in looks)])
        # Those of one device and type go together: a few large operations are much faster than many small ones.
        kinds: dict[tuple, list[int]] = {}
        for i, look in enumerate(looks):
            kinds.setdefault((look.now.device, look.now.dtype), []).append(i)
        samples, measured = [np.empty((2, 0))] * len(sizes), np.empty((len(sizes), 4))
        for members in kinds.values():
            own = [i for member in members for i in range(starts[member], starts[member + 1])]
            found = _measure([looks[i] for i in members], [np.concatenate(self._places[i]) for i in own])
            for i, sample, row in zip(own, *found, strict=True):
                samples[i], measured[i] = sample, row
        cuts = [len(own) for own, _ in self._places]
        joined = np.concatenate([sample[:, cut:] for sample, cut in zip(samples, cuts, strict=True)], axis=1)
        own = [sample[:, :cut] for sample, cut in zip(samples, cuts, strict=True)]
        quantiles = _quantiles([row for sample in (*own, joined) for row in sample]).reshape(len(sizes) + 1, -1)
        counts = np.array([[count] for _, count in sizes])
        square, worst = measured[:, :3], measured[:, 3]
        square = np.vstack([square, (square * counts).sum(axis=0) / counts.sum()])
        return np.hstack([quantiles, np.sqrt(square), np.append(worst, worst.max())[:, None]]).tolist()


def _choose(sizes: list[tuple[int, int]]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return for each layer which elements its quantiles are taken over, and which of them those of everything.

    Both are evenly spaced. In everything a layer counts as whole, also where only some of its elements were looked at.
    """
    space = _space(sum(count for _, count in sizes))
    places, start = [], 0
    for length, count in sizes:
        places.append((np.arange(0, length, _space(length)), np.arange(-start % space, count, space) * length // count))
        start += count
    return places


def _space(count: int) -> int:
    return max(1, -(-count // SAMPLE))


def _measure(looks: list[Look], places: list[np.ndarray]) -> tuple[list[np.ndarray], np.ndarray]:
    """Return of each parameter factor and effective lr at its places, and mean squares and largest residual.

    The looks have one device and one type. The mean squares are those of direction, update and weight.
    """
    factor, lr, direction, decay, was, now = (
        torch.cat(part) if len(part) > 1 else part[0] for part in zip(*(look[:6] for look in looks), strict=True)
    )
    lengths = [length for look in looks for length in look.lengths]
    starts = np.cumsum([0, *lengths[:-1]])
    at = torch.as_tensor(np.concatenate([start + own for start, own in zip(starts, places, strict=True)]))
    at = at.to(now.device)
    residual = (was - (lr * direction + decay) - now).abs() / last_place(was, now)
    # Differences and squares of half precision would not hold in it.
    wide = torch.promote_types(now.dtype, torch.float32)
    direction, was, now = (column.to(wide) for column in (direction, was, now))
    sizes = torch.stack([direction, now - was, was]).split(lengths, dim=1)
    # One transfer for all numbers: on a GPU each one alone would wait for the device.
    numbers = torch.cat(
        [
            factor[at].to(wide),
            lr[at].to(wide),
            *(torch.linalg.vector_norm(layer, dim=1) for layer in sizes),
            *(layer.max().view(1).to(wide) for layer in residual.split(lengths)),
        ]
    )
    numbers = numbers.cpu().to(torch.float64).numpy()  # in this order: not every device knows float64
    both, norms, worst = np.split(numbers, [2 * len(at), len(numbers) - len(lengths)])
    samples = np.split(both.reshape(2, -1), np.cumsum([len(own) for own in places])[:-1], axis=1)
    square = norms.reshape(-1, 3) ** 2 / np.array(lengths)[:, None]
    return samples, np.hstack([square, worst[:, None]])


def _quantiles(rows: list[np.ndarray]) -> np.ndarray:
    """Return the ``QUANTILES`` of what is known in each row: NaN is left out, and a row without numbers gives NaN."""
    table = np.full((len(rows), max(1, *map(len, rows))), np.nan)
    for line, row in zip(table, rows, strict=True):
        line[: len(row)] = row
    table.sort(axis=1)  # NaN goes to the end
    known = (~np.isnan(table)).sum(axis=1, keepdims=True)
    place = np.array(QUANTILES) * np.maximum(known - 1, 0)
    below, above = (np.take_along_axis(table, at.astype(int), axis=1) for at in (np.floor(place), np.ceil(place)))
    with np.errstate(invalid="ignore"):  # of two that are infinite
        return np.where(below == above, below, below + (place - np.floor(place)) * (above - below))


def last_place(before: Tensor, after: Tensor) -> Tensor:
    """Return the unit in the last place of the larger of two weights: the measure for rounding between them."""
    larger = torch.maximum(before.abs(), after.abs())
    return torch.nextafter(larger, larger.new_tensor(torch.inf)) - larger
