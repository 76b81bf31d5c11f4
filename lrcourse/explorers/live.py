"""A recorded run as a picture that grows while the model trains."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import perf_counter

from IPython import get_ipython
from IPython.display import DisplayHandle, Image, display
from matplotlib.figure import Figure
from torch import nn
from torch.optim import Optimizer

from lrcourse.plots import plot_two_clocks
from lrcourse.steps import Trace, record

SHARE = 0.1  # of the time that passes, which drawing may take
OFTEN = 0.5  # seconds from one picture to the next, at least
ALT = "Base lr, factor, effective lr and update size of the training so far, one above the other."


@contextmanager
def record_live(
    model: nn.Module, optimizer: Optimizer, *, steps_per_epoch: int | None = None, **options: object
) -> Iterator[Trace]:
    """Watch ``optimizer`` as ``record`` does, and show in a notebook the picture of ``plot_two_clocks`` while it grows.

    The picture is replaced in its place, at most twice a second and so that drawing takes a tenth of the time; the last
    one holds the whole run. Outside of a notebook nothing is drawn.

    Args:
        model: gives the parameters their names.
        optimizer: the optimizer to watch.
        steps_per_epoch: with it, time is drawn in epochs; else in optimizer steps.
        options: those of ``record``, but for ``log``.

    >>> import torch
    >>> model = nn.Linear(2, 1)
    >>> optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    >>> with record_live(model, optimizer) as trace:
    ...     model(torch.ones(1, 2)).sum().backward()
    ...     optimizer.step()
    >>> trace.base_lr
    [0.01]
    """
    picture = _Picture(steps_per_epoch)
    with record(model, optimizer, log=lambda row: picture.follow(trace), **options) as trace:
        try:
            yield trace
        finally:
            with suppress(Exception):  # the training is done, or has ended in an exception of its own
                picture.draw(trace)


class _Picture:
    """One picture in the output of a cell, painted anew as the trace grows."""

    def __init__(self, steps_per_epoch: int | None) -> None:
        self._steps_per_epoch = steps_per_epoch
        self._handle: DisplayHandle | None = None
        self._next = 0.0  # when it may be painted again
        self._seen = 0  # recorded steps that it shows

    def follow(self, trace: Trace) -> None:
        """Paint what there is, if the last picture is old enough."""
        if perf_counter() >= self._next:
            self.draw(trace)

    def draw(self, trace: Trace) -> None:
        """Paint what there is, where it can be seen."""
        if getattr(get_ipython(), "kernel", None) is None or len(trace.step) == self._seen:
            return
        started, self._seen = perf_counter(), len(trace.step)
        figure = Figure(figsize=(8, 7), dpi=90, layout="constrained")  # not pyplot's: nobody has to close it
        plot_two_clocks(trace, figure.subplots(4, 1, sharex=True), steps_per_epoch=self._steps_per_epoch)
        file = io.BytesIO()
        figure.savefig(file, format="png")
        image = Image(file.getvalue(), alt=ALT)
        if self._handle is None:
            self._handle = display(image, display_id=True)
        else:
            self._handle.update(image)
        now = perf_counter()
        self._next = now + max(OFTEN, (now - started) / SHARE)
