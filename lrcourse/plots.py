"""Draw what was measured: plain data and ``ax=None`` in, Axes out. Nothing is computed or shown here."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter

from lrcourse.base import check_is, check_whole
from lrcourse.steps import QUANTILES, Trace
from lrcourse.training import History, RangeTest

# Okabe and Ito 2008: eight colours that stay apart under every kind of colour blindness.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
TITLE = {"loc": "left", "fontsize": "medium"}
MOST_BOUNDARIES = 12  # a scheduler that acts every batch has no boundaries worth a line each


def plot_lr(lr: Sequence[float], ax: Axes | None = None, *, unit: str = "epoch", label: str | None = None) -> Axes:
    """Draw the base lr of each step of a schedule, as ``simulate`` returns it.

    Args:
        lr: the lr used in step 1, 2, ...; a step is what ``unit`` says.
        ax: where to draw; a new figure without.
        unit: what a step is: "epoch" or "batch".
        label: name of the curve.

    >>> plot_lr([0.1, 0.1, 0.05]).get_xlabel()
    'epoch'
    """
    ax = ax or plt.subplots(figsize=(7, 3.2), layout="constrained")[1]
    count = np.arange(1, len(lr) + 1)
    ax.step(count, lr, where="mid", marker="o", markersize=4, color=COLOURS[len(ax.lines) % 7], label=label)
    ax.set(xlabel=unit, ylabel="base lr", yscale="log")
    if label is not None:
        ax.legend()
    return _grid(ax)


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
    epochs = len(history.val_loss)
    at = np.arange(1, len(history.train_loss) + 1) / history.steps_per_epoch
    ax.plot(at, history.train_loss, color=COLOURS[5], linewidth=1, label="training, each batch")
    ax.plot(range(1, epochs + 1), history.val_loss, "o-", color=COLOURS[1], label="validation, each epoch")
    ax.set(xlabel="epochs done", ylabel="cross entropy")
    ax.legend()
    return _grid(ax)


def plot_range_test(result: RangeTest, ax: Axes | None = None, *, label: str | None = None) -> Axes:
    """Draw the loss of a learning rate range test over the lr: each batch as a dot, the average as a line.

    >>> plot_range_test(RangeTest(lr=[0.1, 1.0], loss=[2.3, 2.0], smooth=[2.3, 2.1])).get_xscale()
    'log'
    """
    if not getattr(result, "lr", None):
        raise ValueError(f"result must hold at least one step, got {result!r}: pass what lr_range_test returned")
    ax = ax or plt.subplots(figsize=(7, 3.2), layout="constrained")[1]
    colour = COLOURS[len(ax.collections) % 7]
    ax.scatter(result.lr, result.loss, s=8, color=colour, alpha=0.35, linewidth=0)
    ax.plot(result.lr, result.smooth, color=colour, label=label or "running average of the loss")
    ax.set(xlabel="lr", ylabel="cross entropy", xscale="log")
    ax.set_ylim(top=1.5 * result.smooth[0])  # the last batches of a run that diverges would hide all others
    ax.legend()
    return _grid(ax)


def plot_trace(trace: Trace, ax: Axes | None = None, *, steps_per_epoch: int | None = None) -> Axes:
    """Draw the median effective lr of each layer's weights, and the base lr, over a recorded run.

    Biases and other parameters with few elements are left out: one line for each weight tensor of a layer.

    >>> from lrcourse.steps import Series
    >>> series = Series(factor=[[1] * 5], effective_lr=[[0.1] * 5], update_size=[0.2])
    >>> plot_trace(Trace("SGD", [1], [[0.1]], {"0.weight": series}, series)).get_ylabel()
    'effective lr (median)'
    """
    _check(trace, steps_per_epoch)
    ax = ax or plt.subplots(figsize=(7, 3.6), layout="constrained")[1]
    at = _time(trace, ax, steps_per_epoch)
    layers = [name for name in trace.layers if name.endswith("weight")] or list(trace.layers)
    styles = ("-", "--", "-.", ":")
    for i, name in enumerate(layers):
        median = [row[QUANTILES.index(0.5)] for row in trace.layers[name].effective_lr]
        ax.plot(at, median, color=COLOURS[i % 6], linestyle=styles[i // 6 % 4], label=name)
    ax.plot(at, trace.base_lr, color="black", linewidth=2, label="base lr")
    ax.set(ylabel="effective lr (median)", yscale="log")
    ax.legend(fontsize="small", ncols=2, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return _grid(ax)


def plot_two_clocks(
    trace: Trace, axes: Sequence[Axes] | None = None, *, steps_per_epoch: int | None = None
) -> list[Axes]:
    """Draw base lr, the optimizer's factor, their product and the real update, one above the other.

    The bands hold the middle half and the middle 90 % of all weights. Dotted lines mark where the base lr changed.

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
    _check(trace, steps_per_epoch)
    if axes is not None and len(axes) != 4:
        raise ValueError(f"axes must be four Axes, got {len(axes)}: make them with plt.subplots(4, 1)[1]")
    if axes is None:
        axes = plt.subplots(4, 1, figsize=(8, 9), sharex=True, layout="constrained")[1]
    base, factor, product, update = axes
    at = _time(trace, update, steps_per_epoch)
    base.step(at, trace.base_lr, where="mid", color=COLOURS[0], linewidth=2)
    base.set_ylabel("base lr")
    base.set_title("The scheduler's clock: one number for all weights", **TITLE)
    _band(factor, at, trace.everything.factor, COLOURS[1])
    factor.set_ylabel("factor")
    factor.set_title(f"The optimizer's clock ({trace.optimizer}): one number for each weight", **TITLE)
    _band(product, at, trace.everything.effective_lr, COLOURS[2])
    product.set_ylabel("effective lr")
    product.set_title("base lr × factor = effective lr", **TITLE)
    update.plot(at, trace.everything.update_size, color=COLOURS[3])
    update.set_ylabel("update size")
    update.set_title("What the weights really did: RMS of after − before", **TITLE)
    changed = [i for i in range(1, len(at)) if trace.base_lr[i] != trace.base_lr[i - 1]]
    for ax in axes:
        ax.set_yscale("log")
        _grid(ax)
        for i in changed if len(changed) <= MOST_BOUNDARIES else ():
            ax.axvline((at[i - 1] + at[i]) / 2, color="black", linestyle=":", linewidth=1.5)
    if len(set(trace.base_lr)) <= MOST_BOUNDARIES // 2:
        base.set_yticks(sorted(set(trace.base_lr)))
    factor.legend(loc="best", fontsize="small", ncols=3)
    return list(axes)


def plot_step(trace: Trace, at: int, ax: Axes | None = None, *, xlim: tuple[float, float] | None = None) -> Axes:
    """Draw each layer's effective lr at one recorded step: median, middle half and middle 90 % of its weights.

    Without ``xlim`` the axis has the range of the whole run, so that pictures of two steps can be compared.

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
    _check(trace)
    check_whole("at", at, least=-len(trace.step))  # from the end, as in a list
    if at >= len(trace.step):
        raise ValueError(f"at must be below the number of recorded steps {len(trace.step)}, got {at}")
    ax = ax or plt.subplots(figsize=(8, 4), layout="constrained")[1]
    names = list(trace.layers)
    rows = np.array([trace.layers[name].effective_lr[at] for name in names])
    place = np.arange(len(names))
    ax.hlines(place, rows[:, 0], rows[:, -1], color=COLOURS[2], alpha=0.4, linewidth=3, label="middle 90 %")
    ax.hlines(place, rows[:, 1], rows[:, -2], color=COLOURS[2], linewidth=7, label="middle half")
    ax.plot(rows[:, len(QUANTILES) // 2], place, "o", color="black", markersize=5, label="median")
    ax.axvline(trace.base_lr[at], color=COLOURS[0], linewidth=2, label=f"base lr {trace.base_lr[at]:g}")
    if xlim is None:
        seen = [*trace.base_lr, *np.ravel([series.effective_lr for series in trace.layers.values()])]
        xlim = (np.nanmin(seen) / 1.5, np.nanmax(seen) * 1.5)
    ax.set(xlim=xlim, xscale="log", xlabel="effective lr", title=f"step {trace.step[at]}")
    ax.set_yticks(place, names)
    ax.invert_yaxis()
    ax.grid(alpha=0.3)
    ax.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def _check(trace: Trace, steps_per_epoch: int | None = None) -> None:
    if steps_per_epoch is not None:
        check_whole("steps_per_epoch", steps_per_epoch)
    check_is("trace", trace, Trace, "pass what `with record(...) as trace:` gave")
    if not trace.step:
        raise ValueError("this trace holds no step: draw it after a run inside `with record(...) as trace:`")


def _time(trace: Trace, ax: Axes, steps_per_epoch: int | None) -> np.ndarray:
    ax.set_xlabel("optimizer step" if steps_per_epoch is None else "epochs done")
    return np.array(trace.step) / (steps_per_epoch or 1)


def _band(ax: Axes, at: np.ndarray, quantiles: list[list[float]], colour: str) -> None:
    low, lower, median, upper, high = np.array(quantiles).T
    ax.fill_between(at, low, high, color=colour, alpha=0.2, linewidth=0, label="middle 90 %")
    ax.fill_between(at, lower, upper, color=colour, alpha=0.4, linewidth=0, label="middle half")
    ax.plot(at, median, color=colour, linewidth=1.5, label="median")


def _grid(ax: Axes) -> Axes:
    ax.grid(alpha=0.3)
    if ax.get_yscale() == "log":
        # Without this, an axis that spans less than a decade would have no labels, and one of many decades too many.
        low, high = ax.get_ylim()
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 300 * low else (1,), numticks=8))
        ax.yaxis.set_minor_formatter(NullFormatter())
        ax.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    return ax
