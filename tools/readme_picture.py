"""Draw docs/two_clocks.png, the picture of README: the two clocks of a run of Adam with StepLR.

    LRCOURSE_CIFAR10=... python tools/readme_picture.py          on CIFAR-10, as committed; about a minute
    python tools/readme_picture.py --to my_clocks.png           on what there is, to another file

What README says below the picture is about CIFAR-10.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib as mpl
import torch
from matplotlib.figure import Figure
from torch.optim.lr_scheduler import StepLR

from lrcourse import SmallCNN, fit, load_data, plot_two_clocks, record

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "two_clocks.png"
STEPS_PER_EPOCH = 32
EPOCHS = 24


def recorded_run() -> tuple[object, str]:
    """Return the trace of a run like that of lesson 05, and the name of the images it was trained on."""
    data = load_data()
    torch.manual_seed(0)
    model = SmallCNN()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    with record(model, optimizer) as trace:
        fit(model, optimizer, data, epochs=EPOCHS, per_epoch=StepLR(optimizer, step_size=10, gamma=0.5))
    return trace, data.source


def draw(trace: object, to: Path) -> None:
    # Large letters, because README shows the picture at about half of its size.
    with mpl.rc_context({"font.size": 14, "axes.titlesize": 14}):
        figure = Figure(figsize=(10, 7.2), layout="constrained")
        axes = figure.subplots(4, 1, sharex=True)
        plot_two_clocks(trace, axes, steps_per_epoch=STEPS_PER_EPOCH)
        axes[0].set_xlim(0, EPOCHS)
        figure.align_ylabels(axes)
        figure.savefig(to, dpi=100, metadata={"Software": None})  # without it, the same run is the same file


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--to", type=Path, default=PICTURE, help="where to write the picture")
    to = parser.parse_args().to
    trace, source = recorded_run()
    draw(trace, to)
    print(f"{to}: {len(trace.step)} steps on {source}")


if __name__ == "__main__":
    main()
