"""Watch an optimizer at work: base lr, factor, direction and the change the weights really made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from lrcourse.base import check_is, check_whole
from lrcourse.steps.decomposition import Before, Step, decompose, last_place, look_before
from lrcourse.steps.traces import MOST_ROWS, QUANTILES, Trace

SAMPLE = 1024  # elements a quantile is taken over at most: sorting all of them would cost as much as the step


@contextmanager
def record(model: nn.Module, optimizer: Optimizer, *, every: int = 1) -> Iterator[Trace]:
    """Watch ``optimizer`` inside a ``with`` block, in any training loop, and yield the ``Trace``.

    It hangs on the optimizer's own step hooks, changes nothing, and lets go at the end of the block. What
    is written down is what the step used: a scheduler stepped afterwards shows in the next entry.

    A step that ``torch.amp.GradScaler`` skipped leaves no entry. In a very long run the trace is thinned: when
    it holds 150,000 rows, one for each step and layer, every second step is dropped and ``every`` doubled. So it
    stays below about 100 MB.

    Args:
        model: gives the parameters their names.
        optimizer: the optimizer to watch.
        every: record the first step, and then one in ``every``.

    Raises:
        TypeError: ``optimizer`` is not an optimizer, for instance a scheduler, or ``model`` not a model.
        ValueError: ``every`` is not a whole number from 1.

    >>> model = nn.Linear(2, 1)
    >>> optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    >>> with record(model, optimizer) as trace:
    ...     model(torch.ones(1, 2)).sum().backward()
    ...     optimizer.step()
    >>> trace.base_lr, list(trace.layers)
    ([0.01], ['weight', 'bias'])
    """
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"record watches an optimizer, got {type(optimizer).__name__}: pass record(model, optimizer)")
    check_is("model", model, nn.Module, "pass record(model, optimizer)")
    check_whole("every", every, unit="steps")
    recorder = _Recorder(model, Trace(type(optimizer).__name__), every)
    hooks = [
        optimizer.register_step_pre_hook(recorder.before_step),
        optimizer.register_step_post_hook(recorder.after_step),
    ]
    try:
        yield recorder.trace
    finally:
        for hook in hooks:
            hook.remove()


class _Recorder:
    """The two hooks, and what one must tell the other."""

    def __init__(self, model: nn.Module, trace: Trace, every: int) -> None:
        self.trace, self._model, self._every = trace, model, every
        self._names: dict[Tensor, str] = {}
        self._before: dict[Tensor, Before] = {}
        self._sample = _Sample([])
        self._steps = 0

    def before_step(self, optimizer: Optimizer, args: tuple, kwargs: dict) -> None:
        self._before.clear()  # an earlier step may have ended in an exception
        self._steps += 1
        if (self._steps - 1) % self._every == 0:
            params = [param for group in optimizer.param_groups for param in group["params"]]
            self._before.update((param, look_before(optimizer, param)) for param in params)

    @torch.no_grad()
    def after_step(self, optimizer: Optimizer, args: tuple, kwargs: dict) -> None:
        stepped = {
            param: i
            for i, group in enumerate(optimizer.param_groups)
            for param in group["params"]
            if param in self._before and param.grad is not None
        }
        # torch.amp.GradScaler tells a fused optimizer by this to skip the step itself.
        skipped = getattr(optimizer, "found_inf", None)
        if stepped and not (skipped is not None and skipped.item()):
            self._write(optimizer, stepped)
        self._before.clear()

    def _write(self, optimizer: Optimizer, stepped: dict[Tensor, int]) -> None:
        """Add one step to the trace."""
        group_lr = [float(group["lr"]) for group in optimizer.param_groups]
        looks = [_look(optimizer, param, group_lr[i], self._before[param]) for param, i in stepped.items()]
        sizes = [look[0].numel() for look in looks]
        if sizes != self._sample.sizes:
            self._sample = _Sample(sizes)
        # All weights in one tensor: a few large operations are much faster than many small ones.
        *rows, everything = self._sample.summarise(*(torch.cat(parts) for parts in zip(*looks, strict=True)))
        for (param, i), row in zip(stepped.items(), rows, strict=True):
            self.trace.layer(self._name(param, optimizer), i).append(row)
        self.trace.everything.append(everything)
        self.trace.close_step(self._steps, group_lr)
        if len(self.trace.step) * (len(self.trace.layers) + 1) > MOST_ROWS:
            self.trace.thin()
            self._every *= 2

    def _name(self, param: Tensor, optimizer: Optimizer) -> str:
        if param not in self._names:  # at the first step, and when the model has grown
            for i, group in enumerate(optimizer.param_groups):
                self._names.update((param, f"group {i}, parameter {j}") for j, param in enumerate(group["params"]))
            self._names.update((param, name) for name, param in self._model.named_parameters())
        return self._names[param]


def _look(optimizer: Optimizer, param: Tensor, lr: float, before: Before) -> list[Tensor]:
    """Return factor, effective lr, direction, decay, weights before and after, each flat."""
    was, now = before.weight, param.detach()
    if param.is_complex():
        was, now = torch.view_as_real(was), torch.view_as_real(now)
    try:
        step = decompose(optimizer, param, before=before)
    except (TypeError, ValueError):  # no rule for this optimizer: what the weights did is still worth knowing
        unknown = torch.full_like(was, torch.nan)
        step = Step(lr, unknown, unknown, unknown)
    rows = (step.factor, step.base_lr * step.factor, step.direction, step.decay, was, now)
    return [row.flatten() for row in rows]


class _Sample:
    """Which elements the quantiles of each layer, and of all weights, are taken over."""

    def __init__(self, sizes: list[int]) -> None:
        """Choose at most ``SAMPLE`` evenly spaced elements of each of the layers, which have ``sizes``."""
        self.sizes = sizes
        ends = np.cumsum(sizes, dtype=int)
        spans = [*zip(ends - sizes, ends, strict=True), (0, sum(sizes))]
        chosen = [np.arange(start, end, -(-(end - start) // SAMPLE) or 1) for start, end in spans]
        counts = np.array([len(one) for one in chosen])[:, None]
        self._at = np.full((len(chosen), counts.max()), -1)
        for row, one in zip(self._at, chosen, strict=True):
            row[: len(one)] = one
        place = np.array(QUANTILES) * (counts - 1)
        self._below = np.floor(place).astype(int)
        self._above, self._share = np.ceil(place).astype(int), place - self._below

    def summarise(
        self, factor: Tensor, lr: Tensor, direction: Tensor, decay: Tensor, was: Tensor, now: Tensor
    ) -> list[list[float]]:
        """Return a row for each layer and one for all, as ``Series.append`` takes it."""
        residual = (was - (lr * direction + decay) - now).abs() / last_place(was, now)
        sizes = torch.stack([direction, now - was, was]).split(self.sizes, dim=1)
        at = torch.as_tensor(self._at, device=now.device)
        # One transfer for all numbers: on a GPU each one alone would wait for the device.
        numbers = [
            factor[at].flatten(),
            lr[at].flatten(),
            *(torch.linalg.vector_norm(layer, dim=1) for layer in sizes),
            *(layer.max().view(1) for layer in residual.split(self.sizes)),
        ]
        numbers = torch.cat(numbers).double().cpu().numpy()
        layers = len(self.sizes)
        sample, norm, worst = np.split(numbers, [2 * self._at.size, len(numbers) - layers])
        sample = np.where(self._at < 0, np.nan, sample.reshape(2, *self._at.shape))
        sample.sort(axis=-1)  # NaN goes to the end
        below, above = (np.take_along_axis(sample, at[None], axis=-1) for at in (self._below, self._above))
        quantiles = below + self._share * (above - below)
        square = norm.reshape(layers, 3) ** 2
        square = np.vstack([square, square.sum(axis=0)]) / np.array([*self.sizes, sum(self.sizes)])[:, None]
        return np.hstack([*quantiles, np.sqrt(square), np.append(worst, worst.max())[:, None]]).tolist()
