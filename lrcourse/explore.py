"""Sliders over what is computed and measured. Each explorer is also a picture, for pages that cannot be moved."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable, Sequence

import ipywidgets as widgets
import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from torch.optim import SGD, Adagrad, Adam, Optimizer, RMSprop
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, StepLR

from lrcourse.adaptive import effective_lr
from lrcourse.plots import COLOURS, plot_step
from lrcourse.traces import Trace

STYLE = {"description_width": "110px"}
LAYOUT = widgets.Layout(width="420px")
STEPS = 80  # of the small runs that are computed anew at every move


class Explorer(widgets.VBox):
    """Controls above a picture that follows them."""

    def __init__(self, draw: Callable[..., str | None], controls: dict[str, widgets.Widget], alt: str) -> None:
        """Show what ``draw(figure, **values of the controls)`` draws, and draw it again when one of them moves.

        Args:
            draw: draws into an empty figure, and may return a line to show below it. What it raises is shown in
                place of that line, above the last picture that could be drawn.
            controls: widgets with a ``value``, by the name of the argument of ``draw``.
            alt: what the picture shows, in words.
        """
        self._draw, self._alt = draw, alt
        # Not pyplot's, which would keep it; and one for all moves, since making one costs as much as drawing.
        self._figure = Figure(figsize=(8, 4.2), dpi=90)
        FigureCanvasAgg(self._figure)
        self._picture = widgets.Image(format="png", layout=widgets.Layout(max_width="100%", object_fit="contain"))
        self._note = widgets.HTML()
        super().__init__()
        self._controls = {}
        self.use(controls)

    def use(self, controls: dict[str, widgets.Widget]) -> None:
        """Take these controls in place of those so far, and draw."""
        for control in self._controls.values():
            control.unobserve(self._update, names="value")
        self._controls = controls
        for control in controls.values():
            control.observe(self._update, names="value")
        self.children = [*controls.values(), self._picture, self._note]
        self._update()

    def _update(self, _: object = None) -> None:
        self._figure.clear()
        try:
            note = self._draw(self._figure, **{name: control.value for name, control in self._controls.items()})
        except Exception as error:
            if not self._picture.value:
                raise
            self._note.value = f"<b>torch says:</b> {html.escape(f'{type(error).__name__}: {error}')}"
            return
        png = io.BytesIO()
        self._figure.savefig(png, format="png", pil_kwargs={"compress_level": 1})
        self._picture.value = png.getvalue()
        self._note.value = f"<code>{html.escape(note)}</code>" if note else ""

    def _repr_mimebundle_(self, **kwargs: object) -> dict:
        picture = {"image/png": base64.b64encode(self._picture.value).decode(), "text/plain": self._alt}
        return {**super()._repr_mimebundle_(**kwargs), **picture}


def log_slider(name: str, value: float, low: int, high: int) -> widgets.FloatLogSlider:
    """Return a slider from 10^low to 10^high, twenty places for each factor of ten."""
    return widgets.FloatLogSlider(
        value, min=low, max=high, step=0.05, description=name, readout_format=".2g", style=STYLE, layout=LAYOUT
    )


def slider(name: str, value: float, low: float, high: float, step: float) -> widgets.Widget:
    """Return a slider for whole numbers, if ``value`` is one, or for others."""
    kind = widgets.IntSlider if isinstance(value, int) else widgets.FloatSlider
    places = {} if isinstance(value, int) else {"readout_format": ".4g"}
    return kind(value, min=low, max=high, step=step, description=name, style=STYLE, layout=LAYOUT, **places)


def choice(name: str, options: Sequence[str], value: str | None = None) -> widgets.Dropdown:
    """Return a list to choose from."""
    return widgets.Dropdown(options=options, value=value or options[0], description=name, style=STYLE, layout=LAYOUT)


def explore_two_clocks(trace: Trace) -> Explorer:
    """Return a slider through a recorded run: base lr and each layer's effective lr at one step.

    >>> from lrcourse.traces import Series
    >>> series = Series(factor=[[1] * 5], effective_lr=[[0.1] * 5], update_size=[0.2])
    >>> explorer = explore_two_clocks(Trace("SGD", [1], [[0.1]], {"0.weight": series}, series))
    >>> type(explorer.children[0]).__name__
    'SelectionSlider'
    """
    options = [(str(step), i) for i, step in enumerate(trace.step)]
    steps = widgets.SelectionSlider(
        options=options, value=len(options) - 1, description="step", layout=widgets.Layout(width="100%")
    )
    limits = None

    def draw(figure: Figure, at: int) -> None:
        nonlocal limits
        ax = figure.add_axes((0.2, 0.13, 0.55, 0.78))
        plot_step(trace, at, ax, xlim=limits)
        limits = ax.get_xlim()  # of the whole run: to look for them once is enough

    alt = "An explorer: base lr and the effective lr of each layer's weights, at a step you choose."
    return Explorer(draw, {"at": steps}, alt)


def explore_adaptive(gradients: Sequence[float] | None = None) -> Explorer:
    """Return knobs to turn on what SGD, RMSprop, Adagrad and Adam make of the gradients of one weight.

    Args:
        gradients: a history of your own, one number for each step, to choose beside the made-up ones.

    >>> [control.description for control in explore_adaptive().children[:5]]
    ['gradients', 'lr', 'beta1', 'beta2, alpha', 'eps']
    """
    noise = torch.randn(STEPS, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    step = torch.arange(STEPS)
    histories = {
        "noisy": 0.3 + noise,
        "constant": torch.ones(STEPS, dtype=torch.float64),
        "sparse": (step % 10 == 5) * 1.0,
        "one spike": 0.1 + (step == STEPS // 2) * 3.0,
        "shrinking": 0.95**step,
    }
    if gradients is not None:
        histories = {"yours": torch.tensor(list(gradients), dtype=torch.float64), **histories}
    controls = {
        "kind": choice("gradients", list(histories)),
        "lr": log_slider("lr", 0.01, -4, 0),
        "beta1": slider("beta1", 0.9, 0.0, 0.99, 0.01),
        "beta2": slider("beta2, alpha", 0.99, 0.5, 0.999, 0.001),
        "eps": log_slider("eps", 1e-8, -8, 0),
    }

    def draw(figure: Figure, kind: str, lr: float, beta1: float, beta2: float, eps: float) -> None:
        makers = {
            "SGD": lambda params: SGD(params, lr=lr),
            "RMSprop": lambda params: RMSprop(params, lr=lr, alpha=beta2, eps=eps),
            "Adagrad": lambda params: Adagrad(params, lr=lr, eps=eps),
            "Adam": lambda params: Adam(params, lr=lr, betas=(beta1, beta2), eps=eps),
        }
        history = histories[kind]
        at = np.arange(1, len(history) + 1)
        top, middle, bottom = figure.subplots(3, 1, sharex=True)
        figure.subplots_adjust(left=0.12, right=0.85, top=0.97, bottom=0.11, hspace=0.12)
        top.plot(at, history, color="black", linewidth=1)
        for (name, make), colour in zip(makers.items(), COLOURS, strict=False):
            rates, moves = _follow(make, history)
            middle.plot(at, rates, color=colour, label=name)
            bottom.plot(at, moves, color=colour)
        top.set_ylabel("gradient")
        middle.set(ylabel="effective lr", yscale="log")
        bottom.set(ylabel="size of the step", yscale="log", xlabel="optimizer step")
        middle.legend(fontsize="small", loc="center left", bbox_to_anchor=(1.0, 0.5))
        for ax in (top, middle, bottom):
            ax.grid(alpha=0.3)

    alt = "An explorer: the gradients of one weight, and the effective lr and step that four optimizers make of them."
    return Explorer(draw, controls, alt)


def _follow(make: Callable[[list], Optimizer], history: torch.Tensor) -> tuple[list[float], list[float]]:
    """Return the effective lr and the size of each step of an optimizer that is given these gradients."""
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer, rates, moves = make([weight]), [], []
    for gradient in history:
        weight.grad, before = gradient.view(1), weight.item()
        optimizer.step()
        rates.append(effective_lr(optimizer, weight).item())
        moves.append(abs(weight.item() - before) or float("nan"))  # there is no place for 0 on a log scale
    return rates, moves


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


def explore_descent() -> Explorer:
    """Return trajectories of four optimizers on a surface of two weights, under a schedule.

    >>> [control.description for control in explore_descent().children[:4]]
    ['surface', 'schedule', 'lr', 'momentum, beta1']
    """
    controls = {
        "surface": choice("surface", list(SURFACES)),
        "schedule": choice("schedule", list(SCHEDULES)),
        "lr": log_slider("lr", 0.05, -3, 0),
        "beta1": slider("momentum, beta1", 0.9, 0.0, 0.99, 0.01),
    }

    def draw(figure: Figure, surface: str, schedule: str, lr: float, beta1: float) -> None:
        makers = {
            "SGD": lambda params: SGD(params, lr=lr),
            "SGD with momentum": lambda params: SGD(params, lr=lr, momentum=beta1),
            "RMSprop": lambda params: RMSprop(params, lr=lr),
            "Adam": lambda params: Adam(params, lr=lr, betas=(beta1, 0.999)),
        }
        height = SURFACES[surface]
        left, right = figure.subplots(1, 2)
        figure.subplots_adjust(left=0.09, right=0.98, top=0.88, bottom=0.13, wspace=0.25)
        x, y = np.meshgrid(np.linspace(-2, 2, 60), np.linspace(-2, 2, 60))
        left.contour(x, y, height(x, y), levels=12, colors="grey", linewidths=0.5)
        for (name, make), colour in zip(makers.items(), COLOURS, strict=False):
            path = _descend(make, height, SCHEDULES[schedule], noisy=surface == "noisy bowl")
            left.plot(path[:, 0], path[:, 1], ".-", color=colour, linewidth=1, markersize=3, label=name)
            right.plot(height(path[:, 0], path[:, 1]), color=colour)
        left.set(xlim=(-2, 2), ylim=(-2, 2), xlabel="weight 1", ylabel="weight 2")
        right.set(xlabel="optimizer step", ylabel="loss")
        if surface != "saddle":  # on which the loss goes below 0
            right.set_yscale("log")
            right.set_ylim(bottom=max(1e-12, right.get_ylim()[0]))
        right.grid(alpha=0.3)
        figure.legend(*left.get_legend_handles_labels(), loc="upper center", ncols=4, fontsize="small")

    alt = "An explorer: paths of four optimizers over a surface of two weights, and the loss along each."
    return Explorer(draw, controls, alt)


def _descend(make: Callable, height: Callable, schedule: Callable | None, *, noisy: bool) -> np.ndarray:
    """Return the weights before each step, ``(STEPS + 1, 2)``."""
    weights = torch.nn.Parameter(torch.tensor([-1.7, 0.9], dtype=torch.float64))
    optimizer = make([weights])
    scheduler = schedule(optimizer) if schedule else None
    generator = torch.Generator().manual_seed(0)
    path = [weights.tolist()]
    for _ in range(STEPS):
        optimizer.zero_grad()
        height(*weights).backward()
        if noisy:
            weights.grad += torch.randn(2, generator=generator, dtype=torch.float64)
        optimizer.step()
        if scheduler is not None:
            scheduler.step()
        path.append(weights.tolist())
    return np.array(path)
