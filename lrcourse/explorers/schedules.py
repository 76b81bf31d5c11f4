"""Sliders over the arguments of torch's schedulers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import ipywidgets as widgets
import torch
from matplotlib.figure import Figure
from torch.optim import Optimizer, lr_scheduler
from torch.optim.lr_scheduler import ChainedScheduler, LRScheduler, SequentialLR, StepLR
from torch.optim.swa_utils import SWALR

from lrcourse.base import check_series, check_whole
from lrcourse.explorers.controls import choice, log_slider, shown, slider, switch
from lrcourse.explorers.explorer import Explorer, new_figure
from lrcourse.explorers.scheduler_controls import LAMBDAS, as_argument, make_controls
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
ALONE, SECOND = "none", "2nd: "


def explore_schedule(
    scheduler: type[LRScheduler] = StepLR,
    *,
    lr: float = 0.1,
    steps: int = 50,
    steps_per_epoch: int = 0,
    metrics: Sequence[float] | None = None,
) -> Explorer:
    """Return controls for the arguments of a torch scheduler, and the base lr it gives, step by step.

    The scheduler can be changed, too, and a second one joined to it. Below the picture stands the call to copy. What
    torch refuses is shown in torch's words, and the last good curve stays.

    Args:
        scheduler: the class that is chosen at first.
        lr: the optimizer's lr at first, above 0; six digits of it are kept.
        steps: how many steps are drawn; the scheduler is stepped after each of them.
        steps_per_epoch: where to mark the ends of epochs at first; 0 for no marks.
        metrics: losses of your own for ``ReduceLROnPlateau``, such as ``history.val_loss``: one for each step, so
            ``steps`` is as many. Without, it is given made-up ones.

    Raises:
        TypeError: ``scheduler`` is not the class of one of torch's schedulers that can be chosen.
        ValueError: ``metrics`` is empty, or not one finite number for each step; ``lr`` is not above 0, or ``steps`` or
            ``steps_per_epoch`` no whole number.

    >>> explorer = explore_schedule(StepLR)
    >>> list(explorer.controls)
    ['which', 'lr', 'step_size', 'gamma', 'milestone', 'steps_per_epoch', 'log']
    """
    if metrics is not None:
        metrics = check_series("metrics", metrics, "pass losses, such as history.val_loss")
        steps = len(metrics)
    steps = check_whole("steps", steps)
    steps_per_epoch = check_whole("steps_per_epoch", steps_per_epoch, least=0)
    losses = metrics or [max(0.5, 2 * 0.9**t) + 0.02 * math.sin(7 * t) for t in range(steps)]
    kind = choice("scheduler", list(SCHEDULERS), _name_of(scheduler))
    second = choice("and a second", [ALONE, *SCHEDULERS])
    join = choice("joined by", ["SequentialLR", "ChainedScheduler"])
    which, rate = choice("optimizer", list(OPTIMIZERS)), log_slider("optimizer's lr", lr, -4, 1)
    marks = slider("steps per epoch", steps_per_epoch, 0, steps, 1)
    log = switch("logarithmic scale", False)
    border = slider("milestone", steps * 2 // 5, 0, steps, 1)
    join.layout, border.layout = widgets.Layout(width="auto"), widgets.Layout(width="auto")  # of their own, to hide
    figure = new_figure(height=4.4, width=5.8)  # beside which there is room for many controls

    def draw(which: str, lr: float, steps_per_epoch: int, log: bool, milestone: int, **arguments: object) -> str:
        own = {name: value for name, value in arguments.items() if not name.startswith(SECOND)}
        make, call = _call(SCHEDULERS[kind.value], own)
        if second.value != ALONE:
            others = {name.removeprefix(SECOND): value for name, value in arguments.items() if name not in own}
            parts = (make, call), _call(SCHEDULERS[second.value], others)
            make, call = _chain(*parts) if join.value == "ChainedScheduler" else _sequence(*parts, milestone)
        plateau = kind.value == "ReduceLROnPlateau" and second.value == ALONE
        given = losses if plateau else None
        seen = simulate(make, steps, lr=lr, optimizer=OPTIMIZERS[which], metrics=given, read=_look)
        lrs, momenta = zip(*seen, strict=True)
        below = ("loss given", given) if plateau else ("momentum", momenta) if len(set(momenta)) > 1 else None
        _draw(figure, lrs, below, steps_per_epoch, log)
        return f"{call}\n# lr {lrs[0]:.4g} in step 1, {lrs[-1]:.4g} in step {steps}, at most {max(lrs):.4g}"

    def controls() -> dict[str, widgets.Widget]:
        both, sequence = second.value != ALONE, join.value == "SequentialLR"
        join.layout.display = None if both else "none"
        border.layout.display = None if both and sequence else "none"
        others = {}
        if both:
            left = steps - border.value if sequence else steps
            others = make_controls(SCHEDULERS[second.value], shown(rate), steps, left)
            others = {SECOND + name: control for name, control in others.items()}
            for name, control in others.items():
                control.description = name
        own = make_controls(SCHEDULERS[kind.value], shown(rate), steps, steps)
        return {"which": which, "lr": rate, **own, "milestone": border, **others, "steps_per_epoch": marks, "log": log}

    alt = "An explorer: the base lr of a torch scheduler, step by step, with its arguments to choose."
    explorer = Explorer(figure, draw, controls(), alt, above=[kind, second, join])
    for control in (kind, second, join):
        control.observe(lambda _: explorer.use(controls()), names="value")
    return explorer


def _name_of(scheduler: object) -> str:
    name = getattr(scheduler, "__name__", None)
    if name not in SCHEDULERS or SCHEDULERS[name] is not scheduler:
        raise TypeError(
            f"scheduler must be the class of one of torch's schedulers, such as StepLR, got {scheduler!r:.80}; to be"
            f" chosen are {', '.join(SCHEDULERS)}; two of them are joined in the explorer itself"
        )
    return name


def _call(scheduler: type, arguments: dict) -> tuple[MakeScheduler, str]:
    """Return a factory of the scheduler with these arguments, and the call as text."""
    values = {name: as_argument(name, value) for name, value in arguments.items()}
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


def _draw(figure: Figure, lrs: Sequence[float], below: tuple | None, steps_per_epoch: int, log: bool) -> None:
    figure.clear()
    axes = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1]) if below else [figure.subplots()]
    figure.subplots_adjust(left=0.14, right=0.97, top=0.96, bottom=0.12, hspace=0.1)
    plot_lr(lrs, axes[0], unit="")
    if not log:
        axes[0].set_yscale("linear")
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
