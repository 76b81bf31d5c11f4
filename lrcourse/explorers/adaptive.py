"""Sliders over what four optimizers make of the gradients of one weight."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from torch.optim import SGD, Adagrad, Adam, Optimizer, RMSprop

from lrcourse.base import check_series
from lrcourse.explorers.controls import choice, log_slider, places, slider
from lrcourse.explorers.explorer import Explorer, fit_view, new_figure, quick_log
from lrcourse.plots import COLOURS, alone, write
from lrcourse.steps import Trace, effective_lr

STEPS = 80
LARGEST = 1e150  # gradient whose square is a number, and a sum of squares, too
# How far they are from 1 is what matters: on an even scale, 0.9 to 0.999 would be a fifth of the slider.
BETAS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.92, 0.95, 0.98, 0.99, 0.992, 0.995, 0.998, 0.999)
PANELS = ("gradient and its average", "root of average or sum of squares", "factor", "effective lr", "size of the step")
# By optimizer, the style of its lines, which lie on each other now and then, and the first panel that it is in.
DRAWN = {"SGD": ("-", 2), "RMSprop": ("--", 1), "Adagrad": ("-.", 1), "Adam": ("-", 0)}
HOW = "in your loop, after backward(), collect weight.grad.flatten()[0].item() in a list"
AVERAGES = ("exp_avg", "square_avg", "sum", "exp_avg_sq")  # by which names they keep them


def explore_adaptive(gradients: Sequence[float] | None = None) -> Explorer:
    """Return knobs to turn on what SGD, RMSprop, Adagrad and Adam make of the gradients of one weight.

    It shows the averages as the optimizers keep them, before any bias correction: Adam's average of gradients, and
    the root of the average of squares of RMSprop and Adam, or of Adagrad's sum. Beside them stand the factor,
    base lr x factor = effective lr, and the step.

    Args:
        gradients: a history of your own, one number for each step, to choose beside the made-up ones. A move takes
            about 0.4 ms for each of its steps.

    Raises:
        TypeError: ``gradients`` is a ``Trace``, which holds sizes over many weights and no gradient of one.
        ValueError: ``gradients`` is empty, not one number for each step, not finite, or beyond 1e150.

    >>> explorer = explore_adaptive()
    >>> list(explorer.controls)
    ['kind', 'lr', 'beta1', 'beta2', 'eps']
    """
    histories = _histories()
    if gradients is not None:
        if isinstance(gradients, Trace):
            raise TypeError(f"gradients must not be a Trace, which holds sizes over many weights: {HOW}")
        given = tuple(check_series("gradients", gradients, HOW))
        if max(map(abs, given)) > LARGEST:
            raise ValueError(f"gradients must not lie beyond {LARGEST:g}, where their squares are no numbers: {HOW}")
        histories = {"yours": given, **histories}
    controls = {
        "kind": choice("gradients", list(histories)),
        "lr": log_slider("lr", 0.01, -4, 0),
        "beta1": slider("beta1", 0.9, 0.0, 0.99, 0.01),
        "beta2": places("beta2, alpha", BETAS, 0.99),
        "eps": log_slider("eps", 1e-8, -8, 0),
    }
    figure, panels, lines = _panels()

    def draw(kind: str, lr: float, beta1: float, beta2: float, eps: float) -> str:
        history = histories[kind]
        followed = {
            "SGD": _follow(SGD, history, lr=lr),
            "RMSprop": _follow(RMSprop, history, lr=lr, alpha=beta2, eps=eps),
            "Adagrad": _follow(Adagrad, history, lr=lr, eps=eps),
            "Adam": _follow(Adam, history, lr=lr, betas=(beta1, beta2), eps=eps),
        }
        at = range(1, len(history) + 1)
        lines["gradient", PANELS[0]].set_data(at, history)
        for name, columns in followed.items():
            for panel, column in zip(PANELS, columns, strict=True):
                if (name, panel) in lines:
                    lines[name, panel].set_data(at, column)
                    lines[name, panel].set(marker="o", markersize=4, markevery=alone(column))
        for ax in panels.values():
            fit_view(ax)
            nothing = all(np.isnan(line.get_ydata()).all() for line in ax.lines)
            ax.texts[0].set_text("0 for all" if nothing else "")
        return f"step {len(history)}: " + "; ".join(
            f"{name} {lr:.3g} × {columns[2][-1]:.3g} = {columns[3][-1]:.3g}" for name, columns in followed.items()
        )

    alt = "An explorer: the gradients of one weight, and the effective lr and step that four optimizers make of them."
    return Explorer(figure, draw, controls, alt)


def _histories() -> dict[str, tuple[float, ...]]:
    noise = torch.randn(STEPS, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    step = torch.arange(STEPS, dtype=torch.float64)
    made = {
        "noisy": 0.3 + noise,
        "constant": torch.ones(STEPS),
        "sparse": (step % 10 == 0) * 1.0,
        "one spike": 0.1 + (step == STEPS // 2) * 3.0,
        "shrinking": 0.95**step,
    }
    return {name: tuple(history.tolist()) for name, history in made.items()}


def _panels() -> tuple[Figure, dict[str, Axes], dict[tuple[str, str], Line2D]]:
    """Return a figure, its panels by name, and their lines by what is drawn and panel."""
    figure = new_figure(height=4.8)
    axes = figure.subplots(3, 2, sharex=True)
    figure.subplots_adjust(left=0.09, right=0.98, top=0.94, bottom=0.1, hspace=0.3, wspace=0.2)
    panels = dict(zip(PANELS, axes.T.flatten()[[0, 1, 3, 4, 5]], strict=True))
    lines = {("gradient", PANELS[0]): panels[PANELS[0]].plot([], [], color="black", linewidth=1, label="gradient")[0]}
    for (name, (style, first)), colour in zip(DRAWN.items(), COLOURS, strict=False):
        for panel in PANELS[first:]:
            # Dashes lie on top, so that a line below them can be seen.
            lines[name, panel] = panels[panel].plot([], [], style, color=colour, label=name, zorder=1 + len(style))[0]
    for panel, ax in panels.items():
        ax.set_title(panel, loc="left", fontsize="medium")
        ax.grid(alpha=0.3)
        write(ax, "")
        if panel != PANELS[0]:
            ax.set_yscale("log")
            quick_log(ax.yaxis)
    axes[1, 0].tick_params(labelbottom=True)
    axes[1, 0].set_xlabel("optimizer step")
    axes[2, 1].set_xlabel("optimizer step")
    axes[2, 0].set_axis_off()
    handles = [lines["gradient", PANELS[0]], *(lines[name, PANELS[-1]] for name in DRAWN)]
    axes[2, 0].legend(handles=handles, loc="lower center", ncols=2, frameon=False)
    return figure, panels, lines


@lru_cache(maxsize=64)  # what a slider does not touch need not be computed again
def _follow(make: Callable[..., Optimizer], history: tuple[float, ...], **options: object) -> tuple[list[float], ...]:
    """Return, step by step, what ``PANELS`` names, of an optimizer that is given these gradients."""
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = make([weight], foreach=False, **options)  # for a single weight, the shortest way
    rows = []
    for gradient in torch.tensor(history, dtype=torch.float64).split(1):
        weight.grad, before = gradient, weight.item()
        optimizer.step()
        kept = {key: value for key, value in optimizer.state[weight].items() if key in AVERAGES}
        average = kept.pop("exp_avg", gradient).item()
        (square,) = kept.values() or (gradient.square(),)
        rate = effective_lr(optimizer, weight).item()
        row = (math.sqrt(square), rate / options["lr"], rate, abs(weight.item() - before))
        # There is no place for 0 on a log scale.
        rows.append((average, *(number or math.nan for number in row)))
    return tuple(map(list, zip(*rows, strict=True)))
