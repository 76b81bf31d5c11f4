"""Controls above a picture that follows them; what the explorers have in common.

A slider that is dragged sends its values one at a time: the widgets of the browser hold back what is newer until the
kernel has answered, and then send the last. So no old value is drawn late, and none is waited for here.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable, Sequence

import ipywidgets as widgets
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, NullLocator
from PIL import Image

from lrcourse.base import Reachable
from lrcourse.explorers.controls import shown
from lrcourse.plots import around_0, in_full

# As many columns as there is room for, beside the picture if there is some; so a small screen shows all at once.
COLUMNS = widgets.Layout(
    display="grid",
    grid_template_columns="repeat(auto-fill, minmax(min(100%, 290px), 1fr))",
    align_content="flex-start",
    flex="1 1 300px",
    min_width="0",
    max_width="860px",
    overflow="visible",
)
BESIDE = widgets.Layout(flex_flow="row wrap", overflow="visible")
# Its grid_column would be undone by its empty grid_area.
WHOLE_ROW = widgets.Layout(grid_area="auto / 1 / auto / -1", flex_flow="row wrap", overflow="visible")


class Explorer(widgets.VBox):
    """Controls above a picture that follows them, and on pages that cannot be moved the picture alone."""

    def __init__(
        self,
        figure: Figure,
        draw: Callable[..., str],
        controls: dict[str, widgets.Widget],
        alt: str,
        *,
        above: Sequence[widgets.Widget] = (),
    ) -> None:
        """Show ``figure`` as ``draw(**values of the controls)`` leaves it, and again when one of them moves.

        Args:
            figure: of ``new_figure``, with its axes. What ``draw`` changes should be lines, collections and texts,
                limits and scales; titles, ticks and legends are painted anew only if these or the axes change.
            draw: changes the figure, and returns what to say below it. What it raises is said in that place, below
                the last picture that could be drawn.
            controls: widgets with a ``value``, by the name of the argument of ``draw``.
            alt: what the picture shows, in words.
            above: widgets to show above these, which do not draw or are one of these.
        """
        self.figure, self._draw, self._alt, self._above = figure, draw, alt, list(above)
        size = widgets.Layout(max_width="100%", object_fit="contain", align_self="flex-start", margin="6px 0")
        self._picture = widgets.Image(format="png", layout=size)
        self._note = widgets.HTML().add_class("lrcourse-said")
        self._held, self._still = None, None
        self._place, self.controls = widgets.Box(layout=COLUMNS), {}
        side_by_side = widgets.Box([self._place, self._picture], layout=BESIDE)
        super().__init__([side_by_side, self._note, Reachable(alt=alt)], layout=widgets.Layout(overflow="visible"))
        self.use(controls)

    def use(self, controls: dict[str, widgets.Widget]) -> None:
        """Take these controls in place of those so far, and draw."""
        before, self.controls = self.controls, controls
        within = [part for one in self._above for part in getattr(one, "children", ())]
        self._place.children = [*self._above, *(one for one in controls.values() if one not in within)]
        for control in before.values():
            control.unobserve(self._update, names="value")
            if control not in self._place.children:
                control.close()
                control.style.close()  # each has its own
        for control in controls.values():
            control.observe(self._update, names="value")
        self._update()

    def _update(self, _: object = None) -> None:
        try:
            said = self._draw(**{name: shown(control) for name, control in self.controls.items()})
            picture = self._paint()
        except Exception as error:
            if not self._picture.value:
                raise
            words = html.escape(f"{type(error).__name__}: {error}")
            self._note.value = f'<span role="alert"><b>Not possible.</b> {words} (The last picture stays.)</span>'
            return
        self._picture.value = picture
        look = "display: block; white-space: pre-wrap; line-height: 1.4"
        self._note.value = f'<code style="{look}">{html.escape(said)}</code>'

    def _paint(self) -> bytes:
        """Return the picture as PNG. Most of the time goes into ticks and labels, so these are kept while they hold."""
        canvas, axes = self.figure.canvas, self.figure.axes
        moving = [artist for ax in axes for artist in (*ax.collections, *ax.lines, *ax.texts)]
        moving.sort(key=lambda artist: artist.zorder)
        for artist in moving:
            artist.set_animated(True)
        held = [(ax, ax.get_xlim(), ax.get_ylim(), ax.get_xscale(), ax.get_yscale()) for ax in axes]
        if held != self._held:
            canvas.draw()  # all but what is animated
            self._still, self._held = canvas.copy_from_bbox(self.figure.bbox), held
        else:
            canvas.restore_region(self._still)
        for artist in moving:
            artist.axes.draw_artist(artist)
        png = io.BytesIO()
        # Without alpha, and with little effort to compress: half the time.
        Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB").save(png, "PNG", compress_level=1)
        return png.getvalue()

    def _repr_mimebundle_(self, **kwargs: object) -> dict:
        picture = {"image/png": base64.b64encode(self._picture.value).decode(), "text/plain": self._alt}
        return {**super()._repr_mimebundle_(**kwargs), **picture}


def new_figure(height: float = 4.2, width: float = 8) -> Figure:
    """Return a figure of so many inches that pyplot does not know and so does not keep."""
    figure = Figure(figsize=(width, height), dpi=90)
    FigureCanvasAgg(figure)
    return figure


def quick_log(axis: object) -> None:
    """Give an axis of an Axes few ticks, at whole powers of ten: most of the time to draw goes into labels."""
    scale = axis.get_scale()
    if scale != "linear":
        axis.set_major_locator(LogLocator(numticks=5) if scale == "log" else around_0(axis, most=3))
        axis.set_minor_locator(NullLocator())
        axis.set_minor_formatter(NullFormatter())
        axis.set_major_formatter(in_full)


def fit_view(ax: Axes, lowest: float = 0.0, highest: float = np.inf) -> None:
    """Let the limits of ``ax`` follow its lines; if logarithmic, in powers of ten that seldom change."""
    ax.relim()
    if ax.get_yscale() != "log":
        ax.autoscale_view()
        return
    ax.autoscale_view(scaley=False)
    drawn = np.concatenate([np.asarray(line.get_ydata(), dtype=float) for line in ax.lines])
    drawn = drawn[(drawn > 0) & (drawn < np.inf)]
    ends = (drawn.min(), drawn.max()) if len(drawn) else (1, 1)
    low, high = np.log10(np.clip(ends, max(lowest, 1e-300), min(highest, 1e300)))
    jump = 1 if high - low < 6 else 3
    ax.set_ylim(10 ** (jump * np.floor(low / jump)), 10 ** (np.floor(high) + 1))
