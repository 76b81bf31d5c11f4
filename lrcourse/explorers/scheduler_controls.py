"""Sliders for the arguments of a torch scheduler, made from its signature."""

from __future__ import annotations

import inspect
import math
import re

import ipywidgets as widgets
from torch.optim.lr_scheduler import LRScheduler

from lrcourse.explorers.controls import LAYOUT, STYLE, choice, log_slider, slider, switch

LAMBDAS = {
    "lambda t: 0.95 ** t": lambda t: 0.95**t,
    "lambda t: 1 / (1 + t)": lambda t: 1 / (1 + t),
    "lambda t: min(1, (t + 1) / 10)": lambda t: min(1, (t + 1) / 10),
}
NOT_SHOWN = ("optimizer", "last_epoch", "verbose", "scale_fn", "scale_mode", "epochs", "steps_per_epoch")
# Start, lowest and highest value of an argument; of those counted in steps, as shares of the steps drawn. The start is
# no less than 1 where torch divides by it.
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
FROM_0 = ("patience", "cooldown")
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


def make_controls(scheduler: type[LRScheduler], lr: float, steps: int, left: int) -> dict[str, widgets.Widget]:
    """Return a control for each argument in the signature of a scheduler that begins with ``left`` steps to go."""
    parameters = inspect.signature(scheduler).parameters.values()
    return {p.name: _control(p, lr, steps, left) for p in parameters if p.name not in NOT_SHOWN}


def _control(parameter: inspect.Parameter, lr: float, steps: int, left: int) -> widgets.Widget:
    name, default = parameter.name, parameter.default
    if name == "lr_lambda":
        return choice(name, list(LAMBDAS))
    if name == "milestones":
        return widgets.Text(f"{left * 2 // 5}, {left * 4 // 5}", description=name, style=STYLE, layout=LAYOUT)
    if isinstance(default, bool):
        return switch(name, default)
    if isinstance(default, str):
        # The annotation is text such as Literal['min', 'max'], with names that only type checkers import.
        return choice(name, re.findall(r"['\"](\w+)['\"]", str(parameter.annotation)), default)
    if name in COUNTS:
        share, low, high = COUNTS[name]
        least = 0 if name in FROM_0 else 1
        return slider(name, max(least, round(share * left)), round(low * steps), max(1, round(high * steps)), 1)
    if name in LRS:
        return log_slider(name, lr * LRS[name], -4, 1)
    if name in LOGS:
        return log_slider(name, *LOGS[name])
    value, low, high = NUMBERS[name]
    if name in ("gamma", "base_momentum", "max_momentum") and isinstance(default, float):
        value = default
    # One, a tenth, a hundredth, ...: a value between two places of a slider would be moved to one of them.
    return slider(
        name, value, low, high, 1 if isinstance(value, int) else 10 ** math.floor(math.log10((high - low) / 50))
    )


def as_argument(name: str, value: object) -> object:
    """Return what a control holds, as torch wants it.

    Raises:
        ValueError: what was typed for ``milestones`` is no list of whole numbers.
    """
    if name != "milestones":
        return value
    try:
        return [int(part) for part in str(value).replace(",", " ").split()]
    except ValueError:
        raise ValueError(f"milestones must be whole numbers, such as 10, 20; got {value}") from None
