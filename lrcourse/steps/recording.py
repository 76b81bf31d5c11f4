"""Watch an optimizer at work: base lr, factor, direction and the change the weights really made."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import zip_longest
from time import perf_counter

from torch import Tensor, nn
from torch.optim import Optimizer

from lrcourse.base import (
    Outermost,
    check_is,
    check_number,
    check_whole,
    is_optimizer,
    moved_by_step,
    remember_steps,
    step_hooks,
    steps_made,
)
from lrcourse.steps.decomposition import lr_of
from lrcourse.steps.layers import Layers
from lrcourse.steps.looking import own_lr
from lrcourse.steps.pacing import Pace
from lrcourse.steps.seeing import Before
from lrcourse.steps.series import MISSING
from lrcourse.steps.traces import MOST_ROWS, Trace
from lrcourse.steps.wrapping import unwrap

Log = Callable[[dict[str, float]], object]


@contextmanager
def record(
    model: nn.Module,
    optimizer: Optimizer,
    *,
    every: int = 1,
    first_step: int | None = None,
    log: Log | None = None,
    share: float | None = 0.1,
) -> Iterator[Trace]:
    """Watch ``optimizer`` inside a ``with`` block, in any training loop, and yield the ``Trace``.

    It hangs on the optimizer's own step hooks, changes nothing, and lets go at the end of the block. What
    is written down is what the step used: a scheduler stepped afterwards shows in the next entry.

    Whatever goes wrong while it looks, the training goes on as without it: the entry is NaN, and one warning says what
    was not understood. Of an optimizer around another, such as Lookahead, the one inside is watched.

    Steps are counted as the optimizer makes them. One that ``torch.amp.GradScaler`` skipped is none, nor is one in
    which no weight had a gradient. In a very long run the trace is thinned: when it holds 150,000 rows, one for each
    step and layer, every second step is dropped and ``every`` doubled. So it stays below about 100 MB.

    Of a tensor of more than 32,768 elements, 4,096 are looked at, always the same, and speak for all. Those of Muon,
    Adafactor and LBFGS, whose rules need the whole tensor, and of a rule of your own, are looked at whole: a copy of
    the weights is held during the step, and ``every`` is doubled until looking takes no more than ``share`` of the
    time.

    Args:
        model: gives the parameters their names.
        optimizer: the optimizer to watch.
        every: record the first step, and then one in ``every``.
        first_step: the number of the first step. Without, one more than the optimizer has made as far as is known: from
            the count that Adam and others keep, or from the checkpoint that ``fit`` goes on from; else 1.
        log: called after each recorded step with its numbers by name, as ``Trace.row`` returns them: ``wandb.log``, or
            ``lambda row: print(row["step"], row["effective_lr_50"])``.
        share: the part of the time that looking at large tensors as a whole may take; ``None`` for any part.

    Raises:
        TypeError: ``optimizer`` is not an optimizer, for instance a scheduler, or runs no step hooks; or ``model`` is
            not a model.
        ValueError: ``every`` or ``first_step`` is not a whole number from 1, or ``share`` not a number from 0.

    >>> import torch
    >>> model = nn.Linear(2, 1)
    >>> optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    >>> with record(model, optimizer) as trace:
    ...     model(torch.ones(1, 2)).sum().backward()
    ...     optimizer.step()
    >>> trace.base_lr, list(trace.layers)
    ([0.01], ['weight', 'bias'])
    """
    if not is_optimizer(optimizer):
        raise TypeError(f"record watches an optimizer, got {type(optimizer).__name__}: pass record(model, optimizer)")
    check_is("model", model, nn.Module, "pass record(model, optimizer)")
    check_whole("every", every, unit="steps")
    if first_step is not None:
        check_whole("first_step", first_step)
    if share is not None:
        check_number("share", share)
    if log is not None and not callable(log):
        raise TypeError(f"log must be a function of one recorded step, such as wandb.log; got {type(log).__name__}")
    watched = unwrap(optimizer)
    names = [type(one).__name__ for one in ((watched,) if watched is optimizer else (watched, optimizer))]
    recorder = _Recorder(model, Trace(" in ".join(names)), Pace(every, share), first_step, log)
    try:
        with step_hooks(watched, recorder.before_step, recorder.after_step):
            yield recorder.trace
    finally:
        recorder.let_go()
        if recorder.made:
            remember_steps(watched, recorder.number)


class _Recorder:
    """The two hooks, and what one must tell the other. What is raised inside them never reaches the training."""

    def __init__(self, model: nn.Module, trace: Trace, pace: Pace, first_step: int | None, log: Log | None) -> None:
        self.trace, self._layers, self._pace, self._log = trace, Layers(model), pace, log
        self._first, self.made = first_step, 0  # the number of the first step, and how many were made since
        self._before: dict[Tensor, Before | None] = {}
        self._scales: list[object] = []
        self._outermost = Outermost()

    @property
    def number(self) -> int:
        """The number of the step that was made last."""
        return (self._first or 1) + self.made - 1

    def let_go(self) -> None:
        """Keep nothing of the last step."""
        self._before.clear()
        self._outermost.forget()

    def before_step(self, optimizer: Optimizer, args: tuple, kwargs: dict) -> None:
        with self._looking(optimizer, "the weights before a step"):
            if self._outermost.begins():  # else it is super().step(), which runs the hooks again
                self._look_before(optimizer)

    def after_step(self, optimizer: Optimizer, args: tuple, kwargs: dict) -> None:
        if not self._outermost.ends():
            return
        recorded = len(self.trace.step)
        with self._looking(optimizer, "a step"):
            self._look_after(optimizer)
        self.let_go()
        if len(self.trace.step) > recorded:
            with self._safely(optimizer, "how often to look"):  # the log's time is not that of looking
                self._hand_on()

    @contextmanager
    def _looking(self, optimizer: Optimizer, what: str) -> Iterator[None]:
        """Look safely, and add the time to that of looking."""
        start = perf_counter()
        with self._safely(optimizer, what):
            yield
        with suppress(Exception):
            self._pace.spend(perf_counter() - start)

    @contextmanager
    def _safely(self, optimizer: Optimizer, what: str) -> Iterator[None]:
        """Say what goes wrong inside; not even what says it may end the training."""
        with suppress(Exception):
            try:
                yield
            except Exception as error:
                self._layers.say(optimizer, what, error)

    def _look_before(self, optimizer: Optimizer) -> None:
        self._before.clear()  # an earlier step may have ended in an exception
        if self._first is None:
            self._first = steps_made(optimizer) + 1
        if not self._pace.wants(self.made):
            return
        params = [param for group in optimizer.param_groups for param in group["params"]]
        self._scales = [group.get("d") for group in optimizer.param_groups]
        self._before = {param: self._layers.look_before(optimizer, param) for param in params}

    def _look_after(self, optimizer: Optimizer) -> None:
        stepped = moved_by_step(optimizer)
        if not stepped:
            return
        self.made += 1
        if not self._pace.wants(self.made - 1):
            return
        try:
            self._write(optimizer, stepped)
        except Exception as error:
            self._layers.say(optimizer, "a step", error)
            self.trace.close_step(self.number, [math.nan] * len(optimizer.param_groups))

    def _write(self, optimizer: Optimizer, stepped: dict[Tensor, int]) -> None:
        """Add one step to the trace."""
        rows, everything = self._layers.rows(optimizer, {param: self._before.get(param) for param in stepped})
        named = {self._layers.name(param, optimizer): (i, rows.get(param, MISSING)) for param, i in stepped.items()}
        own = [own_lr(group, scale) for group, scale in zip_longest(optimizer.param_groups, self._scales)]
        lrs = [lr_of(group) for group in optimizer.param_groups]
        # All is known now, so nothing can come between what is written.
        for name, (i, row) in named.items():
            self.trace.layer(name, i).append(row)
        self.trace.everything.append(everything)
        self.trace.own_lr_name = self.trace.own_lr_name or next((name for name, _ in own if name), "")
        self.trace.close_step(self.number, lrs, [lr for _, lr in own if self.trace.own_lr_name])

    def _hand_on(self) -> None:
        """Give the entry that was just written to the log, and see to it that the next ones are not too many."""
        try:
            if self._log is not None:
                self._log(self.trace.row())
        except Exception as error:
            self._layers.say_of_log(error)
        self._pace.close(thin=self._layers.whole_ones)
        if len(self.trace.step) * (len(self.trace.layers) + 1) > MOST_ROWS:
            self.trace.thin()
            self._pace.every *= 2
