"""Lines and bands that show each number they are given, and what is drawn of a trace by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from lrcourse.plots.captions import MOST_LINES, boundaries, by_group, lowest_and_highest, number
from lrcourse.plots.scales import beyond, log_scale, tidy
from lrcourse.steps import QUANTILES, Trace

# Okabe and Ito 2008: eight colours that stay apart under every kind of colour blindness.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
LR_COLOURS = [COLOURS[i] for i in (0, 1, 3, 4, 5, 7)]  # of the base lr, group by group
GREYS = ("black", "0.35", "0.5", "0.6", "0.7", "0.8")  # the same beside coloured lines
STYLES = [(colour, style) for style in ("-", "--", "-.", ":") for colour in COLOURS[:6]]  # enough for 24 layers
MOST_BOUNDARIES = 12  # a scheduler that acts every batch has no boundaries worth a line each
TITLE = {"loc": "left", "fontsize": "medium"}


def time(ax: Axes, trace: Trace, steps_per_epoch: int | None) -> np.ndarray:
    """Return where the recorded steps lie, in optimizer steps or in epochs done, and say so below."""
    ax.set_xlabel("optimizer step" if steps_per_epoch is None else "epochs done")
    return np.array(trace.step) / (steps_per_epoch or 1)


def line(ax: Axes, x: Sequence[float], y: Sequence[float], **look: object) -> Line2D:
    """Draw a line, and a dot for each number that has none beside it, where no line would show it."""
    single = alone(y)
    dots = {"marker": "o", "markersize": 4, "markevery": single} if single else {}
    return ax.plot(x, y, **{**dots, **look})[0]


def band(ax: Axes, x: Sequence[float], low: Sequence[float], high: Sequence[float], **look: object) -> None:
    """Fill what lies between two lines, and draw a bar where a pair of numbers has none beside it."""
    low, high = beyond(low), beyond(high)
    ax.fill_between(x, low, high, linewidth=0, **look)
    for i in alone(np.where(np.isfinite(low) & np.isfinite(high), 0, np.nan)):
        ax.vlines(x[i], low[i], high[i], linewidth=6, color=look["color"], alpha=look["alpha"])


def alone(numbers: Sequence[float]) -> list[int]:
    """Return where there is a number and none beside it.

    >>> alone([1.0, 2.0, np.nan, 3.0, np.nan])
    [3]
    """
    there = np.concatenate([[False], np.isfinite(numbers), [False]])
    return np.flatnonzero(there[1:-1] & ~there[:-2] & ~there[2:]).tolist()


def quantiles(ax: Axes, x: Sequence[float], rows: list[list[float]], colour: str) -> None:
    """Draw the ``QUANTILES`` of each step: two bands, and the median as a line."""
    low, lower, median, upper, high = np.array(rows, dtype=float).T
    band(ax, x, low, high, color=colour, alpha=0.2, label="middle 90 %")
    band(ax, x, lower, upper, color=colour, alpha=0.4, label="middle half")
    line(ax, x, median, color=colour, linewidth=1.5, label="median")


def medians(ax: Axes, x: Sequence[float], layers: Mapping[str, Sequence[float]]) -> None:
    """Draw a line for each layer, with its name; where they are more than there are styles, without."""
    if len(layers) <= len(STYLES):
        for (name, median), (colour, style) in zip(layers.items(), STYLES, strict=False):
            line(ax, x, median, color=colour, linestyle=style, label=name)
    else:
        for i, median in enumerate(layers.values()):
            label = "_" if i else f"each of {len(layers)} layers"
            line(ax, x, median, color=COLOURS[5], linewidth=0.7, label=label)


def rows(ax: Axes, names: Sequence[str], table: np.ndarray) -> None:
    """Draw the ``QUANTILES`` of each layer at one step, one layer below the other."""
    place, table = np.arange(len(names)), beyond(table)
    ax.hlines(place, table[:, 0], table[:, -1], color=COLOURS[2], alpha=0.4, linewidth=3, label="middle 90 %")
    ax.hlines(place, table[:, 1], table[:, -2], color=COLOURS[2], linewidth=7, label="middle half")
    ax.plot(table[:, QUANTILES.index(0.5)], place, "o", color="black", markersize=5, label="median")
    ax.set_yticks(place, names, fontsize="medium" if len(names) < 30 else "x-small")


def lrs(ax: Axes, x: Sequence[float], trace: Trace, colours: Sequence[str], what: str = "", step: str = "") -> int:
    """Draw the base lr of each param group, and dashed what the optimizer makes of it; return how many lines they are.

    Groups with the same lr share a line; where there are many different ones, they are a band.
    """
    drawn = 0
    for groups, name, style in ((trace.group_lr, what, "-"), (trace.own_lr, trace.own_lr_name, "--")):
        named = by_group(groups)
        drawn += len(named)
        if len(named) > MOST_LINES:
            label = f"{name or 'base lr'} of {len(groups)} groups, lowest to highest"
            band(ax, x, *lowest_and_highest(groups), color=colours[0], alpha=0.3, step=step or None, label=label)
            continue
        for (group, numbers), colour in zip(named.items(), colours, strict=False):
            values, label = groups[numbers[0]], ", ".join(filter(None, (name, group))) or "base lr"
            label += ": none" if group and np.isnan(values).all() else ""
            look = {"color": colour, "linestyle": style, "drawstyle": f"steps-{step}" if step else "default"}
            line(ax, x, values, linewidth=2, label=label, **look)
    return drawn


def lrs_at(ax: Axes, trace: Trace, at: int) -> None:
    """Draw the lr at one step: a line over all layers, or where the groups differ, one for each beside its layers.

    What a line is called without the number of this step stands in its ``gid``.
    """
    for groups, what, style in ((trace.group_lr, "base lr", "-"), (trace.own_lr, trace.own_lr_name, "--")):
        named = by_group(groups)
        if len(named) > MOST_LINES:
            named = {f"{len(groups)} groups": [*range(len(groups))]}
        for (group, numbers), colour in zip(named.items(), LR_COLOURS, strict=False):
            look = {"color": colour, "linestyle": style, "linewidth": 2}
            if group:
                beside = [(i, one.group) for i, one in enumerate(trace.layers.values()) if one.group in numbers]
                ends = [(i - 0.5, i + 0.5, np.nan) for i, _ in beside]
                drawn = ax.plot(np.repeat([groups[own][at] for _, own in beside], 3), np.ravel(ends), **look)[0]
            else:
                drawn = ax.axvline(groups[0][at], **look)
            low, high = (number(edge[at]) for edge in lowest_and_highest([groups[i] for i in numbers]))
            now = low if low == high else f"{low} to {high}"
            drawn.set(label=", ".join(filter(None, (f"{what} {now}", group))))
            drawn.set(gid=", ".join(filter(None, (what, group))))


def mark_boundaries(ax: Axes, x: Sequence[float], trace: Trace) -> None:
    """Draw a dotted line where the base lr of a param group changed."""
    changed = boundaries(trace.group_lr)
    for i in changed if len(changed) <= MOST_BOUNDARIES else ():
        ax.axvline((x[i - 1] + x[i]) / 2, color="black", linestyle=":", linewidth=1.5)


def finish(ax: Axes, name: str, title: str, numbers: object, unknown: str) -> None:
    """Give a panel its words, and a scale on which these numbers have a place."""
    ax.set_ylabel(name)
    ax.set_title(title, **TITLE)
    log_scale(ax, numbers, unknown=unknown)
    tidy(ax)
