"""Traces made up to be drawn, and what can be read off a picture."""

import numpy as np

from lrcourse.steps import Series, Trace

PLACES = (0.5, 0.9, 1.0, 1.2, 4.0)  # of the quantiles, about the median


def series(factor, lrs, update=0.01, group=0):
    """Return what would be seen of weights whose median factor is this, step by step."""
    rows = [[place * one for place in PLACES] for one in factor]
    rates = [[lr * one for one in row] for lr, row in zip(lrs, rows, strict=True)]
    n = len(rows)
    return Series(rows, rates, [1.0] * n, [update * (i + 1) for i in range(n)], [1.0] * n, [0.0] * n, group)


def a_trace(*groups, first=1, every=1, optimizer="Adam"):
    """Return a run of two layers in each param group, whose base lrs are these."""
    n = len(groups[0])
    layers = {}
    for g, lrs in enumerate(groups):
        layers[f"{g}.weight"] = series([10.0 + g + i for i in range(n)], lrs, group=g)
        layers[f"{g}.bias"] = series([30.0 + g + i for i in range(n)], lrs, group=g)
    everything = series([20.0 + i for i in range(n)], groups[-1])
    steps = [first + every * i for i in range(n)]
    return Trace(optimizer, steps, [list(lrs) for lrs in groups], layers, everything)


def lines(ax):
    """Return the lines by label, those without one under their number."""
    return {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in ax.lines}


def edges(band):
    """Return x, lower and upper edge of a band."""
    corners = band.get_paths()[0].vertices
    x = sorted(set(corners[:, 0]))
    sides = [corners[corners[:, 0] == one, 1] for one in x]
    return x, [min(side) for side in sides], [max(side) for side in sides]


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def marks(ax):
    """Return where dotted lines stand."""
    return [line.get_xdata()[0] for line in ax.lines if line.get_linestyle() == ":"]


def same(drawn, data):
    return np.array_equal(np.array(drawn, float), np.array(data, float), equal_nan=True)


def inside(ax, x, y):
    """Tell whether a point lies in the picture."""
    ax.get_xlim(), ax.get_ylim()  # which are computed when they are asked for
    place = ax.transAxes.inverted().transform(ax.transData.transform((x, y)))
    return bool((place >= -1e-9).all() and (place <= 1 + 1e-9).all())


def written(ax):
    return [text.get_text() for text in ax.texts]
