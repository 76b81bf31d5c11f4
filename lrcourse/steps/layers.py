"""All layers around a step: their names, the rows of a trace, and what was not understood of them."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from contextlib import suppress

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from lrcourse.steps.looking import WHOLE, Look, choose_places, look, look_together
from lrcourse.steps.seeing import Before, look_before
from lrcourse.steps.summaries import Summary

FAR = 1024  # units in the last place: what is further from its rule than this is no rounding


class Layers:
    """Looks at the parameters of a model before and after a step. What goes wrong is said once, and raised never."""

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._names: dict[Tensor, str] = {}
        self._places: dict[tuple, Tensor | None] = {}
        self._summary = Summary()
        self._told: set[str] = set()
        self.whole_ones = False  # whether of a large tensor all elements are looked at, since its rule needs them

    def look_before(self, optimizer: Optimizer, param: Tensor) -> Before | None:
        """Return copies of what the step will change; ``None`` if they cannot be had."""
        try:
            key = (param, param.shape, param.device)
            if key not in self._places:
                self._places[key] = choose_places(optimizer, param)
                self.whole_ones |= self._places[key] is None and param.numel() > WHOLE
            return look_before(optimizer, param, self._places[key])
        except Exception as error:
            return self.say(optimizer, f"{self.name(param, optimizer)} before a step", error)

    def name(self, param: Tensor, optimizer: Optimizer) -> str:
        """Return what the model calls the parameter, else where the optimizer holds it."""
        if param not in self._names:  # at the first step, and when the model has grown
            for i, group in enumerate(optimizer.param_groups):
                self._names.update((param, f"group {i}, parameter {j}") for j, param in enumerate(group["params"]))
            with suppress(Exception):  # a model may make its parameters up
                self._names.update((param, name) for name, param in self._model.named_parameters())
        return self._names[param]

    @torch.no_grad()
    def rows(self, optimizer: Optimizer, before: Mapping[Tensor, Before | None]) -> tuple[dict, list[float]]:
        """Return the rows of the parameters that could be looked at, and that of all of them."""
        before = {param: one for param, one in before.items() if one is not None}
        try:
            looks = look_together(optimizer, before)
        except Exception:  # of one of them, most likely: each alone tells of which
            looks = {}
        together = {param for members in looks for param in members}
        alone = {param: self._look(optimizer, param, one) for param, one in before.items() if param not in together}
        looks.update({(param,): one for param, one in alone.items() if one is not None})
        try:
            *rows, everything = self._summary.rows([*looks.values()])
        except Exception:  # again, the others are worth having
            looks = {(param,): self._look(optimizer, param, one) for param, one in before.items()}
            looks = {(p,): one for (p,), one in looks.items() if one and self._can_be_summed_up(optimizer, p, one)}
            *rows, everything = self._summary.rows([*looks.values()])
        rows = dict(zip((param for members in looks for param in members), rows, strict=True))
        for param, row in rows.items():
            exact = param.dtype.to_real() in (torch.float32, torch.float64)
            if exact and row[-1] > FAR and not type(optimizer).__module__.startswith("torch."):
                who, what = type(optimizer).__name__, self.name(param, optimizer)
                self._warn(
                    f"step() of {who} does more to {what} than its rule says."
                    " Factor and effective lr speak of the rule's part only, the update size of what the weights did."
                    " To give it a rule of its own, see lrcourse.steps.rule"
                )
        return rows, everything

    def _look(self, optimizer: Optimizer, param: Tensor, before: Before) -> Look | None:
        if not param.numel():
            return None
        try:
            seen, problem = look(optimizer, param, before)
        except Exception as error:
            seen, problem = None, error
        if problem is not None:
            self.say(optimizer, self.name(param, optimizer), problem)
        return seen

    def _can_be_summed_up(self, optimizer: Optimizer, param: Tensor, one: Look) -> bool:
        try:
            return bool(Summary().rows([one]))
        except Exception as error:
            self.say(optimizer, self.name(param, optimizer), error)
            return False

    def say(self, optimizer: Optimizer, what: str, error: Exception) -> None:
        """Tell, once, what was not understood."""
        words = f"{type(error).__name__}: {error}".splitlines()[0]
        self._warn(
            f"record does not understand {what} of {type(optimizer).__name__} ({words}). What is not known is NaN in"
            " the trace; the training goes on as without record"
        )

    def say_of_log(self, error: Exception) -> None:
        """Tell, once, that the user's ``log`` failed."""
        words = f"{type(error).__name__}: {error}".splitlines()[0]
        self._warn(
            f"the log that record was given failed ({words}). The training goes on, and so does the trace", "log"
        )

    def _warn(self, message: str, of: str = "step") -> None:
        if of not in self._told:
            self._told.add(of)
            try:
                warnings.warn(message, RuntimeWarning, stacklevel=2)
            except Exception:  # where warnings are errors, this one must not end the training either
                logging.getLogger("lrcourse").warning(message)
