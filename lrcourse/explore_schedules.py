"""Sliders over the arguments of torch's schedulers."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Sequence

import ipywidgets as widgets
import torch
from matplotlib.figure import Figure
from torch.optim import Optimizer, lr_scheduler
from torch.optim.lr_scheduler import ChainedScheduler, LRScheduler, SequentialLR, StepLR
from torch.optim.swa_utils import SWALR

from lrcourse.explore import LAYOUT, STYLE, Explorer, choice, log_slider, new_figure, slider
from lrcourse.plots import COLOURS, plot_lr
from lrcourse.schedules import MakeScheduler, simulate

# SequentialLR and ChainedScheduler take schedulers, and so no slider: they join two of these.
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
ALONE, SECOND = "none", "2nd: "
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


def explore_schedule(
    scheduler: type[LRScheduler] = StepLR, *, lr: float = 0.1, steps: int = 50, steps_per_epoch: int = 0
) -> Explorer:
    """Return controls for the arguments of a torch scheduler, and the base lr it gives, step by step.

    The scheduler can be changed, too, and a second one joined to it. Below the picture stands the call to copy. What
    torch refuses is shown in torch's words, and the last good curve stays.

    Args:
        scheduler: the class that is chosen at first.
        lr: the optimizer's lr at first.
        steps: how many steps are drawn; the scheduler is stepped after each of them.
        steps_per_epoch: where to mark the ends of epochs at first; 0 for no marks.

    >>> explorer = explore_schedule(StepLR)
    >>> list(explorer.controls)
    ['which', 'lr', 'step_size', 'gamma', 'milestone', 'steps_per_epoch', 'log']
    """
    kind = choice("scheduler", list(SCHEDULERS), scheduler.__name__)
    second = choice("and a second", [ALONE, *SCHEDULERS])
    join = choice("joined by", ["SequentialLR", "ChainedScheduler"])
    which, rate = choice("optimizer", list(OPTIMIZERS)), log_slider("optimizer's lr", lr, -4, 1)
    marks = slider("steps per epoch", steps_per_epoch, 0, steps, 1)
    log = widgets.Checkbox(False, description="logarithmic scale", style=STYLE, layout=LAYOUT)
    switch = slider("milestone", steps * 2 // 5, 0, steps, 1)
    join.layout, switch.layout = widgets.Layout(width="420px"), widgets.Layout(width="420px")  # of their own, to hide
    figure = new_figure()

    def draw(which: str, lr: float, steps_per_epoch: int, log: bool, milestone: int, **arguments: object) -> str:
        own = {name: value for name, value in arguments.items() if not name.startswith(SECOND)}
        make, call = _call(SCHEDULERS[kind.value], own)
        if second.value != ALONE:
            others = {name.removeprefix(SECOND): value for name, value in arguments.items() if name not in own}
            parts = (make, call), _call(SCHEDULERS[second.value], others)
            make, call = _chain(*parts) if join.value == "ChainedScheduler" else _sequence(*parts, milestone)
        plateau = kind.value == "ReduceLROnPlateau" and second.value == ALONE
        metrics = [max(0.5, 2 * 0.9**t) + 0.02 * math.sin(7 * t) for t in range(steps)] if plateau else None
        seen = simulate(make, steps, lr=lr, optimizer=OPTIMIZERS[which], metrics=metrics, read=_look)
        lrs, momenta = zip(*seen, strict=True)
        below = ("loss given", metrics) if plateau else ("momentum", momenta) if len(set(momenta)) > 1 else None
        _draw(figure, lrs, below, steps_per_epoch, log)
        return f"{call}\n# lr {lrs[0]:.4g} in step 1, {lrs[-1]:.4g} in step {steps}, at most {max(lrs):.4g}"

    def controls() -> dict[str, widgets.Widget]:
        both, sequence = second.value != ALONE, join.value == "SequentialLR"
        join.layout.display = None if both else "none"
        switch.layout.display = None if both and sequence else "none"
        others = {}
        if both:
            left = steps - switch.value if sequence else steps
            others = _controls(SCHEDULERS[second.value], rate.value, steps, left)
            others = {SECOND + name: control for name, control in others.items()}
            for name, control in others.items():
                control.description = name
        own = _controls(SCHEDULERS[kind.value], rate.value, steps, steps)
        return {"which": which, "lr": rate, **own, "milestone": switch, **others, "steps_per_epoch": marks, "log": log}

    alt = "An explorer: the base lr of a torch scheduler, step by step, with its arguments to choose."
    explorer = Explorer(figure, draw, controls(), alt, above=[kind, second, join])
    for control in (kind, second, join):
        control.observe(lambda _: explorer.use(controls()), names="value")
    return explorer


def _call(scheduler: type, arguments: dict) -> tuple[MakeScheduler, str]:
    """Return a factory of the scheduler with these arguments, and the call as text."""
    values = {name: _value(name, value) for name, value in arguments.items()}
    words = [f"{name}={value if name == 'lr_lambda' else repr(value)}" for name, value in values.items()]
    if "lr_lambda" in values:
        values["lr_lambda"] = LAMBDAS[values["lr_lambda"]]
    return lambda optimizer: scheduler(optimizer, **values), f"{scheduler.__name__}(optimizer, {', '.join(words)})"


def _sequence(first: tuple, second: tuple, milestone: int) -> tuple[MakeScheduler, str]:
    (one, words), (two, others) = first, second
    call = f"SequentialLR(\n    optimizer,\n    [{words},\n     {others}],\n    milestones=[{milestone}],\n)"
    return lambda optimizer: SequentialLR(optimizer, [one(optimizer), two(optimizer)], milestones=[milestone]), call


def _chain(first: tuple, second: tuple) -> tuple[MakeScheduler, str]:
    (one, words), (two, others) = first, second
    call = f"ChainedScheduler(\n    [{words},\n     {others}]\n)"
    return lambda optimizer: ChainedScheduler([one(optimizer), two(optimizer)]), call


def _controls(scheduler: type[LRScheduler], lr: float, steps: int, left: int) -> dict[str, widgets.Widget]:
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
        return widgets.Checkbox(default, description=name, style=STYLE, layout=LAYOUT)
    if isinstance(default, str):
        # The annotation is text such as Literal['min', 'max'], with names that only type checkers import.
        return choice(name, re.findall(r"['\"](\w+)['\"]", str(parameter.annotation)), default)
    if name in COUNTS:
        share, low, high = COUNTS[name]
        return slider(name, round(share * left), round(low * steps), round(high * steps), 1)
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


def _value(name: str, value: object) -> object:
    """Return what a control holds, as torch wants it; numbers with three digits, so that the call is short."""
    if name == "milestones":
        return [int(part) for part in str(value).replace(",", " ").split()]
    return float(f"{value:.3g}") if isinstance(value, float) else value


def _draw(figure: Figure, lrs: Sequence[float], below: tuple | None, steps_per_epoch: int, log: bool) -> None:
    figure.clear()
    axes = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1]) if below else [figure.subplots()]
    figure.subplots_adjust(left=0.12, right=0.97, top=0.95, bottom=0.13, hspace=0.1)
    plot_lr(lrs, axes[0], unit="").set_yscale("log" if log else "linear")
    if below:
        axes[1].plot(range(1, len(lrs) + 1), below[1], color=COLOURS[1])
        axes[1].set_ylabel(below[0])
        axes[1].grid(alpha=0.3)
    ends = range(steps_per_epoch, len(lrs), steps_per_epoch) if steps_per_epoch else ()
    for ax in axes:
        for end in ends:
            ax.axvline(end + 0.5, color="black", linestyle=":", linewidth=1)
    axes[-1].set_xlabel("step (dotted: end of an epoch)" if ends else "step")


def _look(optimizer: Optimizer) -> tuple[float, float]:
    """Return lr and momentum, which Adam calls beta1."""
    group = optimizer.param_groups[0]
    return float(group["lr"]), group["betas"][0] if "betas" in group else group["momentum"]
