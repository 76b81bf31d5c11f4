"""Watch an optimizer at work: base lr, factor, direction and the change the weights really made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from lrcourse.adaptive import Before, Step, decompose, last_place, look_before

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
SAMPLE = 1024  # elements a quantile is taken over at most: sorting all of them would cost as much as the step


@dataclass
class Series:
    """What was seen of some weights: one entry for each recorded step. RMS is root mean square.

    Attributes:
        factor: the ``QUANTILES`` of the optimizer's factor over the weights; over an evenly spaced sample
            where there are more than 1,024 of them. NaN without a rule for the optimizer.
        effective_lr: the same quantiles of base lr x factor.
        direction_size: RMS of the direction.
        update_size: RMS of after - before, what the weights really did.
        weight_size: RMS of the weights before the step.
        residual: largest distance between a weight and what ``before + decompose(...).change`` says it
            should be, in units in the last place of the weight. NaN without a rule.
    """

    factor: list[list[float]] = field(default_factory=list)
    effective_lr: list[list[float]] = field(default_factory=list)
    direction_size: list[float] = field(default_factory=list)
    update_size: list[float] = field(default_factory=list)
    weight_size: list[float] = field(default_factory=list)
    residual: list[float] = field(default_factory=list)

    def append(self, row: list[float]) -> None:
        """Add one step: the quantiles of factor and effective lr, then the four numbers in their order."""
        n = len(QUANTILES)
        self.factor.append(row[:n])
        self.effective_lr.append(row[n : 2 * n])
        for values, number in zip(
            (self.direction_size, self.update_size, self.weight_size, self.residual), row[2 * n :], strict=True
        ):
            values.append(number)


@dataclass
class Trace:
    """A recorded run, as plain lists. ``step`` counts the optimizer's steps from 1.

    Attributes:
        optimizer: the optimizer's class name.
        step: the numbers of the recorded steps.
        group_lr: for each param group, the base lr used at each recorded step.
        layers: for each parameter, by name, what was seen of it.
        everything: the same over all weights together.
    """

    optimizer: str = ""
    step: list[int] = field(default_factory=list)
    group_lr: list[list[float]] = field(default_factory=list)
    layers: dict[str, Series] = field(default_factory=dict)
    everything: Series = field(default_factory=Series)

    @property
    def base_lr(self) -> list[float]:
        """The base lr used at each recorded step, by the first param group."""
        return self.group_lr[0]


@contextmanager
def record(model: nn.Module, optimizer: Optimizer, *, every: int = 1) -> Iterator[Trace]:
    """Watch ``optimizer`` inside a ``with`` block, in any training loop, and yield the ``Trace``.

    It hangs on the optimizer's own step hooks, changes nothing, and lets go at the end of the block. What
    is written down is what the step used: a scheduler stepped afterwards shows in the next entry.

    Args:
        model: gives the parameters their names.
        optimizer: the optimizer to watch.
        every: record the first step, and then one in ``every``.

    Raises:
        ValueError: ``every`` is not a whole number from 1.

    >>> model = nn.Linear(2, 1)
    >>> optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    >>> with record(model, optimizer) as trace:
    ...     model(torch.ones(1, 2)).sum().backward()
    ...     optimizer.step()
    >>> trace.base_lr, list(trace.layers)
    ([0.01], ['weight', 'bias'])
    """
    if isinstance(every, bool) or not isinstance(every, int) or every < 1:
        raise ValueError(f"every is a number of steps, a whole number from 1; got {every!r}")
    trace = Trace(optimizer=type(optimizer).__name__)
    names = {param: name for name, param in model.named_parameters()}
    before: dict[Tensor, Before] = {}
    steps = 0

    def before_step(optimizer: Optimizer, args: tuple, kwargs: dict) -> None:
        nonlocal steps
        steps += 1
        if (steps - 1) % every == 0:
            before.update((p, look_before(optimizer, p)) for group in optimizer.param_groups for p in group["params"])

    def after_step(optimizer: Optimizer, args: tuple, kwargs: dict) -> None:
        if before:
            _write(trace, optimizer, steps, before, names)
            before.clear()

    hooks = [optimizer.register_step_pre_hook(before_step), optimizer.register_step_post_hook(after_step)]
    try:
        yield trace
    finally:
        for hook in hooks:
            hook.remove()


@torch.no_grad()
def _write(trace: Trace, optimizer: Optimizer, step: int, before: dict[Tensor, Before], names: dict) -> None:
    """Add one step to the trace."""
    columns: dict[str, Tensor] = {}
    for i, group in enumerate(optimizer.param_groups):
        for j, param in enumerate(group["params"]):
            if param.grad is not None:
                columns[names.get(param, f"group {i}, parameter {j}")] = _look(optimizer, group, param, before[param])
    if not columns:  # no parameter had a gradient, so the step did nothing
        return
    trace.step.append(step)
    for i, group in enumerate(optimizer.param_groups):
        if i == len(trace.group_lr):
            trace.group_lr.append([])
        trace.group_lr[i].append(float(group["lr"]))
    # All weights in one tensor, (6, n): a few large operations are much faster than many small ones.
    factor, lr, direction, change, was, now = torch.cat(list(columns.values()), dim=1)
    residual = (was + change - now).abs() / last_place(was, now)
    table = torch.stack([factor, lr, direction, now - was, was, residual])
    layers = table.split([column.shape[1] for column in columns.values()], dim=1)
    # One transfer for all numbers: on a GPU each one alone would wait for the device.
    rows = torch.stack([_summarise(layer) for layer in (*layers, table)]).tolist()
    series = [*(trace.layers.setdefault(name, Series()) for name in columns), trace.everything]
    for one, row in zip(series, rows, strict=True):
        one.append(row)


def _look(optimizer: Optimizer, group: dict, param: Tensor, before: Before) -> Tensor:
    """Return factor, effective lr, direction, predicted change, weight before and after, ``(6, n)``."""
    was, now = before.weight, param.detach()
    if param.is_complex():
        was, now = torch.view_as_real(was), torch.view_as_real(now)
    try:
        step = decompose(optimizer, param, before=before)
    except TypeError:  # no rule for this optimizer: what the weights did is still worth knowing
        unknown = torch.full_like(was, torch.nan)
        step = Step(float(group["lr"]), unknown, unknown, unknown)
    rows = (step.factor, step.base_lr * step.factor, step.direction, step.change, was, now)
    return torch.stack([row.flatten() for row in rows])


def _summarise(table: Tensor) -> Tensor:
    """Return the quantiles, sizes and the largest residual of some weights, as one row for ``Series.append``."""
    factor_and_lr = table[:2, :: -(-table.shape[1] // SAMPLE)]
    quantiles = torch.quantile(factor_and_lr, table.new_tensor(QUANTILES), dim=1)
    sizes = table[2:5].square().mean(dim=1).sqrt()
    return torch.cat([quantiles.T.flatten(), sizes, table[5].max().view(1)])
