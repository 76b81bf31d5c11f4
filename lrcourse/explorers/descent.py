"""Paths of optimizers over a surface of two weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.contour import ContourSet
from torch import Tensor
from torch.optim import SGD, Adam, Optimizer, RMSprop
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, StepLR

from lrcourse.explorers.controls import choice, log_slider, slider, switch
from lrcourse.explorers.explorer import Explorer, fit_view, new_figure, quick_log
from lrcourse.plots import COLOURS

STEPS = 80
WINDOW = 2.0  # of each weight, from 0
# From beside the line that leads into the saddle, plain SGD is slow to leave it.
START, START_AT_SADDLE = (-1.7, 0.9), (-1.7, 0.02)
SURFACES = {
    "valley": lambda x, y: 0.5 * (x**2 + 25 * y**2),
    "turned valley": lambda x, y: 0.25 * (x + y) ** 2 + 6 * (x - y) ** 2,
    "saddle": lambda x, y: 0.5 * (x**2 - y**2) + 0.1 * y**4,
    "noisy bowl": lambda x, y: 0.5 * (x**2 + y**2),
}
SCHEDULES: dict[str, Callable[[Optimizer], LRScheduler] | None] = {
    "none: constant lr": None,
    "CosineAnnealingLR": lambda optimizer: CosineAnnealingLR(optimizer, STEPS),
    "StepLR, a tenth": lambda optimizer: StepLR(optimizer, STEPS // 2, 0.1),
}
# foreach=False: for two weights, the shortest way.
OPTIMIZERS: dict[str, Callable[[list, float, float], Optimizer]] = {
    "SGD": lambda params, lr, beta1: SGD(params, lr=lr, foreach=False),
    "SGD with momentum": lambda params, lr, beta1: SGD(params, lr=lr, momentum=beta1, foreach=False),
    "RMSprop": lambda params, lr, beta1: RMSprop(params, lr=lr, foreach=False),
    "Adam": lambda params, lr, beta1: Adam(params, lr=lr, betas=(beta1, 0.999), foreach=False),
}


def explore_descent(surface: Callable[[Tensor, Tensor], Tensor] | None = None) -> Explorer:
    """Return trajectories of up to four optimizers on a surface of two weights, under a schedule.

    Args:
        surface: a loss of your own to choose beside the made-up ones, a function of two tensors, weight 1 and weight 2.
            It is drawn for weights from -2 to 2.

    Raises:
        TypeError: ``surface`` is not a function, or does not return a tensor of the shape of its arguments from which
            torch can compute a gradient.
        ValueError: its height or gradient is not finite where the paths begin.

    >>> explorer = explore_descent()
    >>> list(explorer.controls)
    ['surface', 'schedule', 'lr', 'beta1', 'SGD', 'SGD with momentum', 'RMSprop', 'Adam']
    """
    surfaces = SURFACES if surface is None else {"yours": _checked(surface), **SURFACES}
    controls = {
        "surface": choice("surface", list(surfaces)),
        "schedule": choice("schedule", list(SCHEDULES)),
        "lr": log_slider("lr", 0.05, -3, 0),
        "beta1": slider("momentum, beta1", 0.9, 0.0, 0.99, 0.01),
        **{name: switch(name, True) for name in OPTIMIZERS},
    }
    figure = new_figure()
    left, right = figure.subplots(1, 2)
    figure.subplots_adjust(left=0.09, right=0.98, top=0.88, bottom=0.13, wspace=0.25)
    paths, losses = {}, {}
    for (name, colour), marker in zip(zip(OPTIMIZERS, COLOURS, strict=False), "osD^", strict=True):
        (paths[name],) = left.plot([], [], marker=marker, color=colour, linewidth=1, markersize=3, label=name)
        (losses[name],) = right.plot([], [], marker=marker, markevery=16, color=colour, markersize=4)
    left.set(xlim=(-WINDOW, WINDOW), ylim=(-WINDOW, WINDOW), xlabel="weight 1", ylabel="weight 2")
    right.set(xlim=(-0.05 * STEPS, 1.05 * STEPS), xlabel="optimizer step", ylabel="loss")
    right.grid(alpha=0.3)
    figure.legend(handles=list(paths.values()), loc="upper center", ncols=4, fontsize="small")
    drawn = {}  # the surface whose contours are there: they, and its lowest value

    @np.errstate(over="ignore", invalid="ignore")  # of what diverges
    def draw(surface: str, schedule: str, lr: float, beta1: float, **chosen: bool) -> str:
        height, shown = surfaces[surface], [name for name in OPTIMIZERS if chosen[name]]
        walked = _descend([OPTIMIZERS[name] for name in shown], height, SCHEDULES[schedule], lr, beta1, surface)
        if surface not in drawn:
            for old, _ in drawn.values():
                old.remove()
            drawn.clear()
            drawn[surface] = _contour(left, height)
        for name in OPTIMIZERS:
            path = walked[shown.index(name)] if name in shown else np.empty((0, 2))
            paths[name].set_data(*path.T)
            losses[name].set_data(range(len(path)), _at(height, *path.T))
        # On a saddle the loss goes below 0. What diverges leaves the picture.
        begin, lowest = _at(height, *_start(surface)), drawn[surface][1]
        if lowest < 0 or begin == 0:
            right.set_yscale("linear")
            right.set_ylim(1.1 * min(lowest, begin), 1.2 * abs(begin) or 1)
        else:
            right.set_yscale("log")
            quick_log(right.yaxis)
            fit_view(right, lowest=1e-12 * min(1, begin), highest=max(999, 2 * begin))
        ends = (_end(name, height, path) for name, path in zip(shown, walked, strict=True))
        return f"loss after {STEPS} steps: {', '.join(ends)}"

    alt = "An explorer: paths of four optimizers over a surface of two weights, and the loss along each."
    return Explorer(figure, draw, controls, alt)


def _checked(surface: Callable) -> Callable:
    probe = [torch.full((2, 3), weight, dtype=torch.float64, requires_grad=True) for weight in START]
    answer = surface(*probe) if callable(surface) else surface
    if not (isinstance(answer, Tensor) and answer.shape == probe[0].shape and answer.requires_grad):
        raise TypeError(
            "surface must be a function of two tensors that computes one of their shape from them with torch, got"
            f" {' '.join(repr(answer).split()):.80}: pass one such as lambda x, y: x**2 + 10 * y**2"
        )
    answer.sum().backward()
    slopes = [weight.grad[0, 0].item() for weight in probe if weight.grad is not None]
    if not np.isfinite([answer[0, 0].item(), *slopes]).all():
        raise ValueError(
            f"surface must be finite where the paths begin, at weights {START[0]} and {START[1]}; its height there is"
            f" {answer[0, 0].item():g}, its slopes are {slopes}"
        )
    return surface


def _end(name: str, height: Callable, path: np.ndarray) -> str:
    """Return in words where a path ends."""
    inside = (np.abs(path) <= WINDOW).all(axis=1)  # nor is NaN inside
    begin, end = _at(height, *path[0]), _at(height, *path[-1])
    diverges = "" if end <= begin else "diverges: "
    left = "" if inside[-1] else f" ({diverges}leaves the picture in step {np.flatnonzero(inside)[-1] + 1})"
    return f"{name} {end:.3g}{left}"


def _start(surface: str) -> tuple[float, float]:
    return START_AT_SADDLE if surface == "saddle" else START


def _at(height: Callable, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the height of a surface at these places."""
    return height(torch.as_tensor(x), torch.as_tensor(y)).numpy()


def _contour(ax: Axes, height: Callable) -> tuple[ContourSet, float]:
    """Draw the lines of equal height; return them and the lowest height in the window."""
    x, y = np.meshgrid(*[np.linspace(-WINDOW, WINDOW, 60)] * 2)
    z = np.ma.masked_invalid(_at(height, x, y))
    return ax.contour(x, y, z, levels=12, colors="grey", linewidths=0.5), z.min()


def _descend(
    makers: list[Callable], height: Callable, schedule: Callable | None, lr: float, beta1: float, surface: str
) -> np.ndarray:
    """Return the weights before each step and after the last, ``(optimizers, STEPS + 1, 2)``."""
    if not makers:
        raise ValueError("no optimizer is chosen: choose one or more")
    start = torch.tensor(_start(surface), dtype=torch.float64)
    all_weights = [torch.nn.Parameter(start.clone()) for _ in makers]
    optimizers = [make([weights], lr, beta1) for make, weights in zip(makers, all_weights, strict=True)]
    schedulers = [schedule(optimizer) for optimizer in optimizers] if schedule else []
    generator = torch.Generator().manual_seed(0)
    walked = [[weights.tolist() for weights in all_weights]]
    for _ in range(STEPS):
        noise = torch.randn(2, generator=generator, dtype=torch.float64) if surface == "noisy bowl" else 0
        for optimizer in optimizers:
            optimizer.zero_grad()
        height(*torch.stack(all_weights, dim=1)).sum().backward()  # one pass backwards for all, which share nothing
        for weights, optimizer in zip(all_weights, optimizers, strict=True):
            weights.grad += noise
            optimizer.step()
        for scheduler in schedulers:
            scheduler.step()
        walked.append([weights.tolist() for weights in all_weights])
    return np.array(walked).transpose(1, 0, 2)
