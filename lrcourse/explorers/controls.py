"""The controls of explorers: sliders that show and hold what they are given, lists to choose from, boxes to check."""

from __future__ import annotations

import math
from collections.abc import Sequence

import ipywidgets as widgets

from lrcourse.base import check_number

MOST_DIGITS = 6  # of a logarithmic slider
PLACE = 0.05  # between two places of it, as a power of ten
STYLE = {"description_width": "125px"}
LAYOUT = widgets.Layout(width="auto")


def shown(control: widgets.Widget) -> object:
    """Return what a control shows: a number with so many digits as its readout has."""
    if isinstance(control, (widgets.FloatSlider, widgets.FloatLogSlider)):
        return float(format(control.value, control.readout_format))
    return control.value


def log_slider(name: str, value: float, low: int, high: int) -> widgets.FloatLogSlider:
    """Return a slider from 10^low to 10^high, or as far as ``value`` lies, twenty places for each factor of ten.

    It has two digits, or as many more as ``value`` has, up to six.

    Raises:
        ValueError: ``value`` is not a number above 0, for which there is no place.
    """
    value = float(f"{check_number(name, value):.{MOST_DIGITS}g}")
    if value == 0:
        raise ValueError(f"{name} must be above 0, got 0: its slider is logarithmic, and 0 has no place there")
    place = math.log10(value)
    low, high = min(low, math.floor(place)), max(high, math.ceil(place))
    digits = next((n for n in range(2, MOST_DIGITS) if float(f"{value:.{n}g}") == value), MOST_DIGITS)
    if float(f"{10 ** (low + PLACE * round((place - low) / PLACE)):.{digits}g}") != value:
        low = place - PLACE * math.ceil((place - low) / PLACE)  # the browser would move it to the next place
    places = {"readout_format": f".{digits}g", "style": STYLE, "layout": LAYOUT}
    return widgets.FloatLogSlider(value, min=low, max=high, step=PLACE, description=name, **places)


def slider(name: str, value: float, low: float, high: float, step: float) -> widgets.Widget:
    """Return a slider for whole numbers, if ``value`` is one, or for others; it reaches as far as ``value`` lies."""
    whole = isinstance(value, int)
    kind = widgets.IntSlider if whole else widgets.FloatSlider
    places = {} if whole else {"readout_format": f".{math.ceil(-math.log10(step))}f"}
    low, high = min(low, value), max(high, value)
    return kind(value, min=low, max=high, step=step, description=name, style=STYLE, layout=LAYOUT, **places)


def places(name: str, values: Sequence[float], value: float) -> widgets.SelectionSlider:
    """Return a slider with a place for each of ``values``."""
    options = [(f"{one:g}", one) for one in values]
    return widgets.SelectionSlider(options=options, value=value, description=name, style=STYLE, layout=LAYOUT)


def switch(name: str, on: bool) -> widgets.Checkbox:
    """Return a box to check."""
    return widgets.Checkbox(on, description=name, style=STYLE, layout=LAYOUT)


def choice(name: str, options: Sequence[str], value: str | None = None) -> widgets.Dropdown:
    """Return a list to choose from."""
    return widgets.Dropdown(options=options, value=value or options[0], description=name, style=STYLE, layout=LAYOUT)
