"""A slider through a recorded run."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise

import ipywidgets as widgets
import numpy as np

from lrcourse.explorers.controls import slider
from lrcourse.explorers.explorer import WHOLE_ROW, Explorer, new_figure, quick_log
from lrcourse.plots import COLOURS, TITLE, log_scale, lr_at, number, plot_step, product_title
from lrcourse.steps import QUANTILES, Trace

PICTURES = 60  # of a run that is played, a quarter of a second each


def explore_two_clocks(trace: Trace) -> Explorer:
    """Return a slider through a recorded run: base lr, each layer's effective lr and its update at one step.

    Args:
        trace: what ``record`` returned, after the run.

    Raises:
        ValueError: nothing was recorded.

    >>> from lrcourse.steps import Series
    >>> series = Series(factor=[[1] * 5], effective_lr=[[0.1] * 5], update_size=[0.2])
    >>> explorer = explore_two_clocks(Trace("SGD", [1], [[0.1]], {"0.weight": series}, series))
    >>> [ax.get_xlabel() for ax in explorer.figure.axes]
    ['effective lr', 'update size (RMS)']
    """
    figure = new_figure(height=min(12, max(4.2, 0.16 * len(getattr(trace, "layers", ())))))
    left, right = figure.subplots(1, 2, width_ratios=[2, 1])
    plot_step(trace, 0, left)
    # Of the whole run: to look for them once is enough.
    limits, scale = None if left.get_xscale() == "linear" else left.get_xlim(), left.xaxis.get_transform()
    sizes = np.array([series.update_size for series in trace.layers.values()], dtype=float).reshape(-1, len(trace.step))
    (dots,) = right.plot(sizes[:, 0], range(len(sizes)), "D", color=COLOURS[3], markersize=6)
    log_scale(right, sizes, axis="x", unknown="not known")
    quick_log(right.xaxis)
    right.set(xlabel="update size (RMS)", ylim=left.get_ylim())
    right.set_yticks(left.get_yticks(), [])
    right.set_title("what the weights did", **TITLE)
    right.grid(alpha=0.3)
    handles, labels = left.get_legend_handles_labels()
    labels = [handle.get_gid() or label for handle, label in zip(handles, labels, strict=True)]  # true of every step
    figure.legend(handles, labels, loc="upper center", ncols=min(5, len(labels)), fontsize="small")
    width, height = figure.get_size_inches()
    beside, above = 0.08 * max(map(len, trace.layers), default=0) + 0.2, 0.672 + 0.2 * ((len(labels) - 1) // 5)
    place = {"left": min(0.5, max(0.19, beside / width)), "top": 1 - above / height, "bottom": 0.546 / height}
    figure.subplots_adjust(right=0.98, wspace=0.05, **place)
    title = product_title(trace).partition(" = ")[0]

    def draw(at: int) -> str:
        entry = trace.step.index(at)
        left.clear()
        plot_step(trace, entry, left, xlim=limits)
        if hasattr(scale, "linthresh"):
            left.set_xscale("symlog", linthresh=scale.linthresh)
        left.get_legend().remove()
        left.set_title("")  # the step, which stands at the slider
        left.set_title(title, **TITLE)
        quick_log(left.xaxis)
        dots.set_xdata(sizes[:, entry])
        return _words(trace, entry)

    steps, row = _controls(trace.step)
    alt = "An explorer: base lr and the effective lr of each layer's weights, at a step you choose."
    return Explorer(figure, draw, {"at": steps}, alt, above=[row])


def _words(trace: Trace, entry: int) -> str:
    """Return what holds at a recorded step, for all that is drawn."""
    everything = trace.everything
    median = number(everything.effective_lr[entry][QUANTILES.index(0.5)])
    own = f", {lr_at(trace.own_lr_name, trace.own_lr, entry)}" if trace.own_lr_name else ""
    return (
        f"step {trace.step[entry]}: {lr_at('base lr', trace.group_lr, entry)}{own}; over all weights,"
        f" effective lr {median} (median), update {number(everything.update_size[entry])} (RMS)"
    )


def _controls(recorded: Sequence[int]) -> tuple[widgets.IntSlider, widgets.HBox]:
    """Return a slider over the steps that were recorded, and it in a row with what plays them and goes one by one."""
    first, last = recorded[0], recorded[-1]
    apart = math.gcd(*(later - step for step, later in pairwise(recorded))) or 1
    steps = slider("optimizer step", last, first, last, apart)
    steps.layout = widgets.Layout(flex="1 1 300px", width="auto")

    def go_on(change: dict) -> None:
        """Leave a step that was typed, or lies in a gap, for the next one that was recorded."""
        up = change["new"] > change["old"]
        steps.value = recorded[bisect_left(recorded, steps.value) if up else bisect_right(recorded, steps.value) - 1]

    def go(by: int) -> None:
        """Go to the step that was recorded before, or after: by mouse, a slider skips some of a long run."""
        at = bisect_left(recorded, steps.value) + by
        steps.value = recorded[min(max(at, 0), len(recorded) - 1)]

    steps.observe(go_on, names="value")
    back, on = (widgets.Button(description=words, layout={"width": "max-content"}) for words in ("one back", "one on"))
    back.on_click(lambda _: go(-1))
    on.on_click(lambda _: go(1))
    return steps, widgets.HBox([_player(steps, recorded), steps, back, on], layout=WHOLE_ROW)


def _player(steps: widgets.IntSlider, recorded: Sequence[int]) -> widgets.Play:
    """Return what plays a run from where the slider stands, or from its first step, to its last."""
    pictures = min(PICTURES, len(recorded) - 1)
    places = [i * (len(recorded) - 1) // pictures for i in range(pictures + 1)] if pictures else [0]
    play = widgets.Play(value=pictures, max=pictures, interval=250)

    def show(_: object) -> None:
        steps.value = recorded[places[play.value]]

    def follow(_: object) -> None:
        play.unobserve(show, names="value")
        play.value = bisect_right(places, bisect_left(recorded, steps.value)) - 1
        play.observe(show, names="value")

    play.observe(show, names="value")
    steps.observe(follow, names="value")
    return play
