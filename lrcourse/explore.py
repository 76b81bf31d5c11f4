"""Sliders over what was measured. Each explorer is also a picture, for pages on which nothing can be moved."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable

import ipywidgets as widgets
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lrcourse.plots import plot_step
from lrcourse.traces import Trace


class Explorer(widgets.VBox):
    """Controls above a picture that follows them."""

    def __init__(self, draw: Callable[..., Axes], controls: dict[str, widgets.Widget], alt: str) -> None:
        """Show ``draw(ax, **values of the controls)``, and draw it again when one of them moves.

        Args:
            draw: draws into the Axes it is given.
            controls: widgets with a ``value``, by the name of the argument of ``draw``.
            alt: what the picture shows, in words.
        """
        self._draw, self._controls, self._alt = draw, controls, alt
        self._picture = widgets.Image(format="png", layout=widgets.Layout(max_width="100%", object_fit="contain"))
        self._update()
        for control in controls.values():
            control.observe(self._update, names="value")
        super().__init__([*controls.values(), self._picture])

    def _update(self, _: object = None) -> None:
        figure = Figure(figsize=(8, 4), layout="constrained")  # not pyplot's, which would keep every one
        self._draw(figure.subplots(), **{name: control.value for name, control in self._controls.items()})
        png = io.BytesIO()
        figure.savefig(png, format="png", dpi=90)
        self._picture.value = png.getvalue()

    def _repr_mimebundle_(self, **kwargs: object) -> dict:
        picture = {"image/png": base64.b64encode(self._picture.value).decode(), "text/plain": self._alt}
        return {**super()._repr_mimebundle_(**kwargs), **picture}


def explore_two_clocks(trace: Trace) -> Explorer:
    """Return a slider through a recorded run: base lr and each layer's effective lr at one step.

    >>> from lrcourse.traces import Series
    >>> series = Series(factor=[[1] * 5], effective_lr=[[0.1] * 5], update_size=[0.2])
    >>> explorer = explore_two_clocks(Trace("SGD", [1], [[0.1]], {"0.weight": series}, series))
    >>> type(explorer.children[0]).__name__
    'SelectionSlider'
    """
    slider = widgets.SelectionSlider(
        options=[(str(step), i) for i, step in enumerate(trace.step)],
        value=len(trace.step) - 1,
        description="step",
        continuous_update=True,
        layout=widgets.Layout(width="100%"),
    )
    alt = "An explorer: base lr and the effective lr of each layer's weights, at a step you choose."
    return Explorer(lambda ax, at: plot_step(trace, at, ax), {"at": slider}, alt)
