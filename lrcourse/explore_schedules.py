"""Sliders over the arguments of torch's schedulers."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable

import ipywidgets as widgets
import torch
from matplotlib.figure import Figure
from torch.optim import Optimizer, lr_scheduler
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau, StepLR
from torch.optim.swa_utils import SWALR

from lrcourse.explore import LAYOUT, STYLE, Explorer, choice, log_slider, slider
from lrcourse.plots import COLOURS, plot_lr
from lrcourse.schedules import simulate

# SequentialLR and ChainedScheduler take schedulers, and so no slider.
SCHEDULERS = {
    name: getattr(lr_scheduler, name)
    for name in sorted(lr_scheduler.__all__)
    if name not in ("LRScheduler", "SequentialLR", "ChainedScheduler")
} | {"SWALR": SWALR}
OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "SGD(momentum=0.9)": lambda params, lr: torch.optim.SGD(params, lr=lr, momentum=0.9),
    "Adam": torch.optim.Adam,
}
LAMBDAS = {
    "lambda t: 0.95 ** t": lambda t: 0.95**t,
    "lambda t: 1 / (1 + t)": lambda t: 1 / (1 + t),
    "lambda t: min(1, (t + 1) / 10)": lambda t: min(1, (t + 1) / 10),
}
NOT_SHOWN = ("optimizer", "last_epoch", "verbose", "scale_fn", "scale_mode", "epochs", "steps_per_epoch")
# Start, lowest and highest value of an argument; of those counted in steps, as shares of the steps drawn.
COUNTS = {
    "step_size": (0.2, 0, 1),
    "T_max": (1, 0, 2),
    "T_0": (0.2, 0, 1),
    "total_iters": (0.4, 0, 2),
    "total_steps": (1, 0, 2),
    "step_size_up": (0.2, 0, 1),
    "step_size_down": (0.2, 0, 1),
    "anneal_epochs": (0.2, 0, 1),
    "patience": (0.06, 0, 0.4),
    "cooldown": (0, 0, 0.4),
}
LRS = {"max_lr": 1, "base_lr": 0.1, "swa_lr": 0.1}  # as shares of the optimizer's
NUMBERS = {
    "gamma": (0.5, 0.0, 1.2),
    "factor": (0.5, 0.0, 1.2),
    "start_factor": (0.1, 0.0, 1.5),
    "end_factor": (1.0, 0.0, 1.5),
    "power": (2.0, 0.0, 5.0),
    "pct_start": (0.3, 0.0, 1.0),
    "div_factor": (25.0, 1.0, 100.0),
    "T_mult": (1, 1, 4),
    "base_momentum": (0.85, 0.0, 1.0),
    "max_momentum": (0.95, 0.0, 1.0),
    "eta_min": (0.0, 0.0, 0.1),
    "min_lr": (0.0, 0.0, 0.1),
}
LOGS = {"final_div_factor": (1e4, 0, 6), "threshold": (1e-4, -6, 0), "eps": (1e-8, -10, 0)}


def explore_schedule(scheduler: type[LRScheduler] = StepLR, *, lr: float = 0.1, steps: int = 50) -> Explorer:
    """Return controls for the arguments of a torch scheduler, and the base lr it gives, step by step.

    The scheduler can be changed, too. Below the picture stands the call to copy. What torch refuses is shown in
    torch's words, and the last good curve stays.

    Args:
        scheduler: the class that is chosen at first.
        lr: the optimizer's lr at first.
        steps: how many steps are drawn.

    >>> [control.description for control in explore_schedule(StepLR).children[:5]]
    ['scheduler', 'optimizer', "optimizer's lr", 'step_size', 'gamma']
    """
    kind = choice("scheduler", list(SCHEDULERS), scheduler.__name__)
    fixed = {
        "kind": kind,
        "which": choice("optimizer", list(OPTIMIZERS)),
        "lr": log_slider("optimizer's lr", lr, -4, 1),
    }

    def draw(figure: Figure, kind: str, which: str, lr: float, **arguments: object) -> str:
        return _draw(figure, SCHEDULERS[kind], arguments, lr, steps, OPTIMIZERS[which])

    alt = "An explorer: the base lr of a torch scheduler, step by step, with its arguments to choose."
    explorer = Explorer(draw, {**fixed, **_controls(scheduler, lr, steps)}, alt)

    def change(_: object) -> None:
        explorer.use({**fixed, **_controls(SCHEDULERS[kind.value], fixed["lr"].value, steps)})

    kind.observe(change, names="value")
    return explorer


def _controls(scheduler: type[LRScheduler], lr: float, steps: int) -> dict[str, widgets.Widget]:
    """Return a control for each argument in the signature of a scheduler."""
    parameters = inspect.signature(scheduler).parameters.values()
    return {p.name: _control(p, lr, steps) for p in parameters if p.name not in NOT_SHOWN}


def _control(parameter: inspect.Parameter, lr: float, steps: int) -> widgets.Widget:
    name, default = parameter.name, parameter.default
    if name == "lr_lambda":
        return choice(name, list(LAMBDAS))
    if name == "milestones":
        return widgets.Text(f"{steps * 2 // 5}, {steps * 4 // 5}", description=name, style=STYLE, layout=LAYOUT)
    if isinstance(default, bool):
        return widgets.Checkbox(default, description=name, style=STYLE, layout=LAYOUT)
    if isinstance(default, str):
        # The annotation is text such as Literal['min', 'max'], with names that only type checkers import.
        return choice(name, re.findall(r"['\"](\w+)['\"]", str(parameter.annotation)), default)
    if name in COUNTS:
        return slider(name, *(round(share * steps) for share in COUNTS[name]), 1)
    if name in LRS:
        return log_slider(name, lr * LRS[name], -4, 1)
    if name in LOGS:
        return log_slider(name, *LOGS[name])
    value, low, high = NUMBERS[name]
    if name in ("gamma", "base_momentum", "max_momentum") and isinstance(default, float):
        value = default
    return slider(name, value, low, high, 1 if isinstance(value, int) else (high - low) / 100)


def _value(name: str, value: object) -> object:
    """Return what a control holds, as torch wants it; numbers with three digits, so that the call is short."""
    if name == "milestones":
        return [int(part) for part in str(value).replace(",", " ").split()]
    return float(f"{value:.3g}") if isinstance(value, float) else value


def _draw(figure: Figure, scheduler: type, arguments: dict, lr: float, steps: int, optimizer: Callable) -> str:
    """Draw the curve into ``figure`` and return the call."""
    values = {name: _value(name, value) for name, value in arguments.items()}
    words = [f"{name}={value if name == 'lr_lambda' else repr(value)}" for name, value in values.items()]
    if "lr_lambda" in values:
        values["lr_lambda"] = LAMBDAS[values["lr_lambda"]]
    plateau = scheduler is ReduceLROnPlateau
    metrics = [max(0.5, 2 * 0.9**t) + 0.02 * math.sin(7 * t) for t in range(steps)] if plateau else None
    seen = simulate(lambda o: scheduler(o, **values), steps, lr=lr, optimizer=optimizer, metrics=metrics, read=_look)
    lrs, momenta = zip(*seen, strict=True)
    below = metrics if plateau else momenta if len(set(momenta)) > 1 else None
    axes = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1]) if below else [figure.subplots()]
    figure.subplots_adjust(left=0.12, right=0.97, top=0.95, bottom=0.13, hspace=0.1)
    plot_lr(lrs, axes[0], unit="step").set_yscale("linear")
    if below:
        axes[0].set_xlabel("")
        axes[1].plot(range(1, steps + 1), below, color=COLOURS[1])
        axes[1].set(ylabel="loss given" if plateau else "momentum", xlabel="step")
        axes[1].grid(alpha=0.3)
    return f"{scheduler.__name__}(optimizer, {', '.join(words)})"


def _look(optimizer: Optimizer) -> tuple[float, float]:
    """Return lr and momentum, which Adam calls beta1."""
    group = optimizer.param_groups[0]
    return float(group["lr"]), group["betas"][0] if "betas" in group else group["momentum"]
