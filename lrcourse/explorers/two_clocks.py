"""A slider through a recorded run."""

from __future__ import annotations

import ipywidgets as widgets
import numpy as np

from lrcourse.explorers.explorer import LAYOUT, STYLE, Explorer, new_figure, quick_log
from lrcourse.plots import COLOURS, TITLE, plot_step
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
    figure = new_figure()
    left, right = figure.subplots(1, 2, width_ratios=[2, 1])
    figure.subplots_adjust(left=0.19, right=0.98, top=0.84, bottom=0.13, wspace=0.05)
    plot_step(trace, 0, left)
    limits = left.get_xlim()  # of the whole run: to look for them once is enough
    sizes = np.array([series.update_size for series in trace.layers.values()])
    (dots,) = right.plot(sizes[:, 0], range(len(sizes)), "D", color=COLOURS[3], markersize=6)
    positive = sizes[sizes > 0]
    if len(positive):
        right.set(xscale="log", xlim=(positive.min() / 1.5, positive.max() * 1.5))
        quick_log(right.xaxis)
    right.set(xlabel="update size (RMS)", ylim=left.get_ylim())
    right.set_yticks(left.get_yticks(), [])
    right.set_title("what the weights did", **TITLE)
    right.grid(alpha=0.3)
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, [*labels[:-1], "base lr"], loc="upper center", ncols=4, fontsize="small")

    def draw(at: int) -> str:
        left.clear()
        plot_step(trace, at, left, xlim=limits)
        left.get_legend().remove()
        left.set_title("")  # the step, which stands at the slider
        left.set_title("base lr × factor", **TITLE)
        quick_log(left.xaxis)
        dots.set_xdata(sizes[:, at])
        median = trace.everything.effective_lr[at][QUANTILES.index(0.5)]
        return (
            f"step {trace.step[at]}: base lr {trace.base_lr[at]:.3g}; over all weights,"
            f" effective lr {median:.3g} (median), update {trace.everything.update_size[at]:.3g} (RMS)"
        )

    last = len(trace.step) - 1
    options = [(str(step), i) for i, step in enumerate(trace.step)]
    steps = widgets.SelectionSlider(options=options, value=last, description="optimizer step", style=STYLE)
    steps.layout = LAYOUT
    play = widgets.Play(max=last, value=last, step=max(1, last // PICTURES), interval=250, tooltip="play the run")
    # In the browser; what is played reaches the kernel as moves of the slider.
    widgets.jslink((play, "value"), (steps, "index"))
    alt = "An explorer: base lr and the effective lr of each layer's weights, at a step you choose."
    return Explorer(figure, draw, {"at": steps}, alt, above=[play])
