"""Draw what was measured: plain data and ``ax=None`` in, Axes out. Nothing is computed or shown here."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from lrcourse.base import check_is, check_series, check_whole
from lrcourse.plots import captions, drawing, scales
from lrcourse.plots.drawing import COLOURS
from lrcourse.steps import QUANTILES, Trace
from lrcourse.training import History, RangeTest

LONG = 24  # letters in a name, of which two columns would leave no room for the picture


def plot_lr(lr: Sequence[float], ax: Axes | None = None, *, unit: str = "epoch", label: str | None = None) -> Axes:
    """Draw the base lr of each step of a schedule, as ``simulate`` returns it: by default that of the first group.

    The scale is logarithmic; around an lr of 0, which has no place on such a scale, it is linear.

    Args:
        lr: the lr used in step 1, 2, ...; a step is what ``unit`` says. What is NaN is left out.
        ax: where to draw; a new figure without.
        unit: what a step is: "epoch" or "batch".
        label: name of the curve.

    Raises:
        ValueError: ``lr`` is empty, or not one number for each step.

    >>> plot_lr([0.1, 0.1, 0.05]).get_xlabel()
    'epoch'
    """
    lr = check_series("lr", lr, "pass what simulate returned", finite=False)
    ax = ax or plt.subplots(figsize=(7, 3.2), layout="constrained")[1]
    count = np.arange(1, len(lr) + 1)
    ax.step(count, lr, where="mid", marker="o", markersize=4, color=COLOURS[len(ax.lines) % 7], label=label)
    ax.set(xlabel=unit, ylabel="base lr")
    scales.log_scale(ax, lr, unknown="no base lr is known")
    if label is not None:
        ax.legend()
    return scales.tidy(ax)


def plot_history(history: History, ax: Axes | None = None) -> Axes:
    """Draw the training loss of every batch and the validation loss of every epoch.

    Raises:
        TypeError: ``history`` is not a ``History``.
        ValueError: it holds no step, or does not say how many there are in an epoch.

    >>> history = History(train_loss=[2.3, 2.0], val_loss=[2.1], val_accuracy=[0.2], steps_per_epoch=2)
    >>> plot_history(history).get_ylabel()
    'cross entropy'
    """
    check_is("history", history, History, "pass what fit returned")
    if not history.train_loss:
        raise ValueError("history holds no step: pass what fit returned")
    check_whole("history.steps_per_epoch", history.steps_per_epoch)
    ax = ax or plt.subplots(figsize=(7, 3.2), layout="constrained")[1]
    at = np.arange(1, len(history.train_loss) + 1) / history.steps_per_epoch
    drawing.line(ax, at, history.train_loss, color=COLOURS[5], linewidth=1, label="training, each batch")
    epochs = range(1, len(history.val_loss) + 1)
    ax.plot(epochs, history.val_loss, "o-", color=COLOURS[1], label="validation, each epoch")
    ax.set(xlabel="epochs done", ylabel="cross entropy")
    ax.legend()
    return scales.tidy(ax)


def plot_range_test(result: RangeTest, ax: Axes | None = None, *, label: str | None = None) -> Axes:
    """Draw the loss of a learning rate range test over the lr: each batch as a dot, the average as a line.

    >>> plot_range_test(RangeTest(lr=[0.1, 1.0], loss=[2.3, 2.0], smooth=[2.3, 2.1])).get_xscale()
    'log'
    """
    if not getattr(result, "lr", None):
        raise ValueError(f"result must hold at least one step, got {result!r}: pass what lr_range_test returned")
    ax = ax or plt.subplots(figsize=(7, 3.2), layout="constrained")[1]
    top = 1.5 * result.smooth[0]  # the last batches of a run that diverges would hide all others
    top = max(top, ax.get_ylim()[1]) if ax.collections else top  # but no other test
    colour = COLOURS[len(ax.collections) % 7]
    ax.scatter(result.lr, result.loss, s=8, color=colour, alpha=0.35, linewidth=0)
    drawing.line(ax, result.lr, result.smooth, color=colour, label=label or "running average of the loss")
    ax.set(xlabel="lr", ylabel="cross entropy", xscale="log")
    ax.set_ylim(top=top)
    ax.legend()
    return scales.tidy(ax)


def plot_trace(trace: Trace, ax: Axes | None = None, *, steps_per_epoch: int | None = None) -> Axes:
    """Draw the median effective lr of each layer's weights, and the base lr of each param group, over a recorded run.

    Biases are left out: one line for each other tensor. Groups with the same base lr share a line.

    >>> from lrcourse.steps import Series
    >>> series = Series(factor=[[1] * 5], effective_lr=[[0.1] * 5], update_size=[0.2])
    >>> plot_trace(Trace("SGD", [1], [[0.1]], {"0.weight": series}, series)).get_ylabel()
    'effective lr (median)'
    """
    captions.check_trace(trace, steps_per_epoch)
    weights = captions.weights_of(trace)
    ax = ax or plt.subplots(figsize=(7, max(3.6, 0.19 * min(24, len(weights)))), layout="constrained")[1]
    at = drawing.time(ax, trace, steps_per_epoch)
    medians = {name: [row[QUANTILES.index(0.5)] for row in series.effective_lr] for name, series in weights.items()}
    drawing.medians(ax, at, medians)
    drawing.lrs(ax, at, trace, drawing.GREYS, "base lr")
    scales.log_scale(ax, [*medians.values(), *trace.group_lr, *trace.own_lr])
    if np.isnan([*medians.values()]).all():
        scales.write(ax, captions.no_factor(trace))
    ax.set(ylabel="effective lr (median)")
    columns = 1 if max(map(len, ax.get_legend_handles_labels()[1])) > LONG else 2
    ax.legend(fontsize="small", ncols=columns, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return scales.tidy(ax)


def plot_two_clocks(
    trace: Trace, axes: Sequence[Axes] | None = None, *, steps_per_epoch: int | None = None
) -> list[Axes]:
    """Draw base lr, the optimizer's factor, their product and the real update, one above the other.

    The bands hold the middle half and the middle 90 % of all weights. Dotted lines mark where the base lr of a param
    group changed. Each group has a line of its own base lr; many are drawn as a band.

    Args:
        trace: a recorded run.
        axes: four Axes to draw into; a new figure without.
        steps_per_epoch: with it, time is drawn in epochs; else in optimizer steps.

    Returns:
        The four Axes, from top to bottom.

    >>> from lrcourse.steps import Series
    >>> series = Series(factor=[[1] * 5], effective_lr=[[0.1] * 5], update_size=[0.2])
    >>> [ax.get_ylabel() for ax in plot_two_clocks(Trace("SGD", [1], [[0.1]], {}, series))]
    ['base lr', 'factor', 'effective lr', 'update size']
    """
    captions.check_trace(trace, steps_per_epoch)
    axes = plt.subplots(4, 1, figsize=(8, 4.8), sharex=True, layout="constrained")[1] if axes is None else axes
    if len(axes) != 4:
        raise ValueError(f"axes must be four Axes, got {len(axes)}: make them with plt.subplots(4, 1)[1]")
    base, factor, product, update = axes
    at, seen, lrs = drawing.time(update, trace, steps_per_epoch), trace.everything, [*trace.group_lr, *trace.own_lr]
    lines = drawing.lrs(base, at, trace, drawing.LR_COLOURS, step="mid")
    drawing.quantiles(factor, at, seen.factor, COLOURS[1])
    drawing.quantiles(product, at, seen.effective_lr, COLOURS[2])
    drawing.line(update, at, seen.update_size, color=COLOURS[3])
    drawing.finish(base, "base lr", captions.scheduler_title(trace), lrs, captions.no_base_lr(trace))
    drawing.finish(factor, "factor", captions.factor_title(trace), seen.factor, captions.no_factor(trace))
    drawing.finish(product, "effective lr", captions.product_title(trace), seen.effective_lr, "not known")
    drawing.finish(update, "update size", captions.UPDATE_TITLE, seen.update_size, "not known")
    for ax in axes:
        drawing.mark_boundaries(ax, at, trace)
    values = sorted(set(scales.finite_of(trace.group_lr)))
    if lines == 1 and len(values) <= 6:
        base.set_yticks(values)
    for ax in (base,) * (lines > 1) + (factor,) * (len(scales.finite_of(seen.factor)) > 0):
        ax.legend(loc="best", fontsize="small", ncols=3)
    return list(axes)


def plot_step(trace: Trace, at: int, ax: Axes | None = None, *, xlim: tuple[float, float] | None = None) -> Axes:
    """Draw each layer's effective lr at one recorded step: median, middle half and middle 90 % of its weights.

    The base lr is a line, or where the param groups have several, one for each of them beside its layers. Without
    ``xlim`` the axis has the range of the whole run, so that pictures of two steps can be compared.

    Args:
        trace: a recorded run.
        at: which of the recorded steps, counted from 0, or with a minus from the end, as in a list.
        ax: where to draw; a new figure without.
        xlim: limits of the lr axis.

    >>> from lrcourse.steps import Series
    >>> series = Series(factor=[[1] * 5], effective_lr=[[0.1] * 5], update_size=[0.2])
    >>> plot_step(Trace("SGD", [1], [[0.1]], {"0.weight": series}, series), 0).get_xlabel()
    'effective lr'
    """
    captions.check_trace(trace)
    check_whole("at", at, least=-len(trace.step))  # from the end, as in a list
    if at >= len(trace.step):
        raise ValueError(f"at must be below the number of recorded steps {len(trace.step)}, got {at}")
    names = list(trace.layers)
    ax = ax or plt.subplots(figsize=(8, max(4, 0.17 * len(names))), layout="constrained")[1]
    table = np.array([trace.layers[name].effective_lr[at] for name in names], dtype=float).reshape(-1, len(QUANTILES))
    drawing.rows(ax, names, table)
    drawing.lrs_at(ax, trace, at)
    if names and np.isnan(table).all():
        scales.write(ax, captions.unknown_at_step(trace))
    lrs = [*np.ravel(trace.group_lr), *np.ravel(trace.own_lr)]
    if xlim is None:
        lrs += [*np.ravel([series.effective_lr for series in trace.layers.values()])]
    scales.log_scale(ax, [*lrs, *(xlim or ())], axis="x")
    ax.set_xlim(xlim)
    ax.set(xlabel="effective lr", title=f"step {trace.step[at]}")
    ax.yaxis.set_inverted(True)
    ax.grid(alpha=0.3)
    ax.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax
