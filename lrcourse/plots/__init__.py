"""Drawing: plain data in, Axes out. Nothing is computed that would be a result, and nothing is shown."""

from lrcourse.plots.captions import lr_at, number, product_title
from lrcourse.plots.drawing import COLOURS, TITLE, alone
from lrcourse.plots.pictures import plot_history, plot_lr, plot_range_test, plot_step, plot_trace, plot_two_clocks
from lrcourse.plots.scales import around_0, in_full, log_scale, write

__all__ = [
    "COLOURS",
    "TITLE",
    "alone",
    "around_0",
    "in_full",
    "log_scale",
    "lr_at",
    "number",
    "plot_history",
    "plot_lr",
    "plot_range_test",
    "plot_step",
    "plot_trace",
    "plot_two_clocks",
    "product_title",
    "write",
]
