"""What ipywidgets leaves to do for those who use the keyboard, or hear the page instead of seeing it."""

from __future__ import annotations

from pathlib import Path

import traitlets
from anywidget import AnyWidget


class Reachable(AnyWidget):
    """Gives the controls of the box that it stands in their names, and the keys that belong to them.

    ipywidgets cannot do it from Python: its sliders and pictures have no name, its radio buttons are no group,
    JupyterLab takes arrows and letters for its own, and the focus of a button that gets disabled is lost. Where the
    JavaScript beside this file does not run, the controls work as ipywidgets makes them.

    Attributes:
        alt: what the picture in the box shows, in words.
    """

    _esm = Path(__file__).with_suffix(".js")
    alt = traitlets.Unicode().tag(sync=True)
