"""Draw the pictures of docs/own_training.md, from the traces that the scripts of that page record.

    python tools/own_training_pictures.py                 docs/own_training_clocks.png, docs/own_training_layers.png
    python tools/own_training_pictures.py --to folder     elsewhere

They are the same each time: the scripts set the seed.
"""

from __future__ import annotations

import argparse
import os
import re
import tempfile
from contextlib import chdir, redirect_stdout
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from lrcourse import plot_two_clocks

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE = DOCS / "own_training.md"


def scripts() -> dict[str, str]:
    """Return the scripts of the page, by the heading that they stand below."""
    sections = re.split(r"^## (.*)\n", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    found = {
        title: re.findall(r"```python\n(.*?)```", text, re.DOTALL)
        for title, text in zip(sections[::2], sections[1::2], strict=True)
    }
    return {title: code for title, codes in found.items() for code in codes}


def run(title: str) -> dict:
    """Run a script in an empty folder, and return its names."""
    with tempfile.TemporaryDirectory() as folder, chdir(folder), open(os.devnull, "w") as nowhere:
        with redirect_stdout(nowhere):
            exec(scripts()[title], names := {"__name__": "__main__"})
    return names


def clocks(trace: object) -> Figure:
    figure = Figure(figsize=(10, 7.2), layout="constrained")
    axes = figure.subplots(4, 1, sharex=True)
    plot_two_clocks(trace, axes)
    figure.align_ylabels(axes)
    return figure


def layers(table: object) -> Figure:
    """Draw the ratio of each layer's weights; a bias that begins near 0 says little."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    axes = figure.subplots()
    for name, rows in table[table.layer.str.endswith("weight")].groupby("layer"):
        axes.plot(rows.step, rows.ratio, label=name)
    axes.set(yscale="log", xlabel="step", ylabel="update size / weight size", title="Which layer stands still?")
    axes.legend()
    return figure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--to", type=Path, default=DOCS, help="folder to write the pictures to")
    to = parser.parse_args().to
    # Large letters, because the page shows the pictures at about half of their size.
    with mpl.rc_context({"font.size": 14, "axes.titlesize": 14}):
        figures = {
            "clocks": clocks(run("A loop of your own")["trace"]),
            "layers": layers(run("What to look for")["table"]),
        }
        for name, figure in figures.items():
            figure.savefig(to / f"own_training_{name}.png", dpi=100, metadata={"Software": None})
            print(to / f"own_training_{name}.png")


if __name__ == "__main__":
    main()
