"""Scales on which every number has a place, and words where there is none: what all pictures share."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FixedLocator, LogLocator, NullFormatter

NOISE = 1e-12  # of the largest number: what is smaller is a 0 that was rounded, as where a cosine ends
FAR = 1e100  # stands for infinity, and its inverse for 0: scales compute with them, which still are numbers


def log_scale(ax: Axes, numbers: object, *, axis: str = "y", unknown: str = "") -> None:
    """Give an axis a logarithmic scale on which all these numbers have a place.

    Where there are numbers below 0 or at 0, it is linear around 0; where there is nothing else, everywhere. What is
    infinite has no place; that is written into the picture, as is ``unknown`` where there is no number at all.
    """
    finite, infinite = finite_of(numbers), np.isinf(np.ravel(numbers).astype(float)).any()
    if not len(finite):
        write(ax, "infinite" if infinite else unknown)
        getattr(ax, f"set_{axis}ticks")([])
        return
    if infinite:
        write(ax, "what is infinite lies outside", at=0.97)
    sizes = np.abs(finite)
    sizes = sizes[sizes > max(NOISE * sizes.max(), 1 / FAR)]
    set_scale, own = getattr(ax, f"set_{axis}scale"), getattr(ax, f"{axis}axis")
    before = own.get_transform().linthresh if own.get_scale() == "symlog" else math.inf  # for what is there already
    scale = "linear"
    if len(sizes):
        scale = "log" if finite.min() > NOISE * sizes.max() and before == math.inf else "symlog"
    tight = infinite or axis == "x" or scale == "symlog" or not getattr(ax, f"get_autoscale{axis}_on")()
    if tight:
        ax.autoscale(False, axis=axis)  # matplotlib would begin to compute limits with each change of scale
    set_scale(scale, **({"linthresh": min(before, sizes.min())} if scale == "symlog" else {}))
    if tight:
        _spread(ax, finite, axis)
    if own.get_scale() == "symlog":
        own.set_major_locator(around_0(own))
        own.set_major_formatter(in_full)


def _spread(ax: Axes, finite: np.ndarray, axis: str) -> None:
    """Let an axis reach a little further than these numbers, and than what is drawn already."""
    own, set_limits = getattr(ax, f"{axis}axis"), getattr(ax, f"set_{axis}lim")
    boxes = [one.dataLim for one in getattr(ax, f"get_shared_{axis}_axes")().get_siblings(ax)]
    drawn = np.ravel([getattr(box, f"interval{axis}") for box in boxes])
    finite = np.concatenate([finite, drawn[np.abs(drawn) < FAR]])
    if own.get_scale() == "log":
        set_limits(finite.min() / 1.5, finite.max() * 1.5)
    else:
        beside = own.get_transform().linthresh / 2 if own.get_scale() == "symlog" else 1
        set_limits(1.5 * min(0, finite.min()) - beside, 1.5 * max(0, finite.max()) + beside)


def in_full(value: float, _: int | None = None) -> str:
    """Return the number at a tick: 0.001 and not a power of ten."""
    return f"{value:g}"


def around_0(axis: Axis, most: int = 5) -> FixedLocator:
    """Return where to put ticks on an axis that is linear around 0: there, and at powers of ten on either side."""
    (low, high), linear = axis.get_view_interval(), axis.get_transform().linthresh
    ticks, lowest = [0.0], math.ceil(math.log10(linear) - 0.01)
    for sign, end in ((1, high), (-1, -low)):
        powers = [10.0**n for n in range(lowest, math.floor(math.log10(max(end, linear))) + 1) if 10.0**n <= end]
        ticks += [sign * tick for tick in powers[:: max(1, -(-len(powers) // most))]]
    some = float(f"{linear:.1g}")
    return FixedLocator(ticks if len(ticks) > 1 else [0.0, some if high > -low else -some])


def beyond(numbers: Sequence[float]) -> np.ndarray:
    """Return the numbers, in place of infinity one so large that what reaches there leaves the picture."""
    return np.where(np.isposinf(numbers), FAR, numbers)


def finite_of(numbers: object) -> np.ndarray:
    """Return those numbers that are neither infinite nor NaN."""
    numbers = np.ravel(numbers).astype(float)
    return numbers[np.isfinite(numbers)]


def write(ax: Axes, words: str, *, at: float = 0.5) -> None:
    """Write into the middle of a picture, ``at`` this share of its height."""
    look = {"ha": "center", "va": "center" if at == 0.5 else "top", "fontsize": "small", "style": "italic"}
    ax.text(0.5, at, words, transform=ax.transAxes, **look, bbox={"color": "white", "alpha": 0.8} if words else None)


def tidy(ax: Axes) -> Axes:
    """Draw a grid, and write the numbers of a logarithmic y axis in full."""
    ax.grid(alpha=0.3)
    if ax.get_yscale() == "log":
        # Without this, an axis that spans less than a decade would have no labels, and one of many decades too many.
        low, high = ax.get_ylim()
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 300 * low else (1,), numticks=8))
        ax.yaxis.set_minor_formatter(NullFormatter())
        ax.yaxis.set_major_formatter(in_full)
    return ax
