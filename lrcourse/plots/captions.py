"""What may be written beside the picture of a trace: words that are true of all that is drawn, read off the numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from lrcourse.base import check_is, check_whole
from lrcourse.steps import Series, Trace, rule

UPDATE_TITLE = "What the weights really did: RMS of after − before"
MOST_LINES = 6  # of base lrs in one picture; more are drawn as a band


def check_trace(trace: Trace, steps_per_epoch: int | None = None) -> None:
    """Raise an error unless there is something to draw."""
    if steps_per_epoch is not None:
        check_whole("steps_per_epoch", steps_per_epoch)
    check_is("trace", trace, Trace, "pass what `with record(...) as trace:` gave")
    if not trace.step:
        raise ValueError("this trace holds no step: draw it after a run inside `with record(...) as trace:`")


def by_group(groups: Sequence[Sequence[float]]) -> dict[str, list[int]]:
    """Return the numbers of the param groups, those together that have the same lr throughout, by what to call them.

    If all have the same, the name is empty: what is said of the lr is true of each of them.

    >>> by_group([[0.1], [0.2], [0.1]])
    {'groups 0, 2': [0, 2], 'group 1': [1]}
    """
    same: dict[bytes, list[int]] = {}
    for i, lrs in enumerate(groups):
        same.setdefault(np.array(lrs, dtype=float).tobytes(), []).append(i)  # as bytes NaN equals itself
    return {_name(numbers) if len(same) > 1 else "": numbers for numbers in same.values()}


def _name(numbers: list[int]) -> str:
    first, more = ", ".join(map(str, numbers[:4])), len(numbers) - 4
    return f"group{'s' if len(numbers) > 1 else ''} {first}{f' and {more} more' if more > 0 else ''}"


def lowest_and_highest(groups: Sequence[Sequence[float]]) -> tuple[np.ndarray, np.ndarray]:
    """Return for each step the lowest and the highest lr of all param groups; what is not known is left out."""
    table = np.array(groups, dtype=float)
    return np.fmin.reduce(table), np.fmax.reduce(table)


def lr_at(what: str, groups: Sequence[Sequence[float]], at: int) -> str:
    """Return in words which lr the param groups have at a recorded step.

    >>> lr_at("base lr", [[0.1, 0.1], [0.1, 0.02]], 1)
    'base lr 0.1 (group 0), 0.02 (group 1)'
    """
    named = by_group(groups)
    if len(named) > MOST_LINES:
        low, high = (number(edge[at]) for edge in lowest_and_highest(groups))
        return f"{what} {low} to {high} ({len(groups)} groups)"
    lrs = {name: number(groups[numbers[0]][at]) for name, numbers in named.items()}
    return f"{what} " + ", ".join(lr + (name and f" ({name})") for name, lr in lrs.items())


def number(value: float) -> str:
    """Return three digits of a number, or that there is none."""
    return "not known" if math.isnan(value) else f"{value:.3g}"


def boundaries(groups: Sequence[Sequence[float]]) -> list[int]:
    """Return at which entries the lr of any param group is another than it was; what is not known is no change.

    >>> boundaries([[1.0, 1.0, 0.5], [math.nan, 2.0, 2.0]])
    [2]
    """
    changed = set()
    for lrs in groups:
        known = [i for i, lr in enumerate(lrs) if not math.isnan(lr)]
        changed.update(i for before, i in pairwise(known) if lrs[i] != lrs[before])
    return sorted(changed)


def weights_of(trace: Trace) -> dict[str, Series]:
    """Return the layers that are no biases, whatever a parametrization or a wrapper makes of their names."""
    weights = {name: series for name, series in trace.layers.items() if not _is_bias(name)}
    return weights or trace.layers


def _is_bias(name: str) -> bool:
    outside, parametrized, inside = name.rpartition("parametrizations.")
    return "bias" in (inside.split(".")[0] if parametrized else name.rpartition(".")[2])


def scheduler_title(trace: Trace) -> str:
    """Return what the panel of the base lr shows."""
    if np.isnan(trace.group_lr).all():
        return no_base_lr(trace)
    if trace.own_lr_name:
        how = "an estimate" if "×" in trace.own_lr_name else "a warm-up"
        return f"The scheduler's clock; dashed: {trace.optimizer} scales it by {how} of its own"
    apart = len(by_group(trace.group_lr)) > 1
    return f"The scheduler's clock: one number for {'each param group' if apart else 'all weights'}"


def no_base_lr(trace: Trace) -> str:
    """Return what to say where there is no base lr at all."""
    if np.isnan(trace.everything.update_size).all():  # then it was not the optimizer that had none
        return "base lr: not known"
    return f"no base lr: {trace.optimizer} chooses its lr itself"


def factor_title(trace: Trace) -> str:
    """Return how many numbers there are in what the optimizer multiplies the base lr with."""
    own, layers = _known(trace.everything.factor), [_known(series.factor) for series in trace.layers.values()]
    everything = np.vstack([own, *layers])
    if not everything.size:
        return no_factor(trace)
    if (everything == 1).all():
        kept = f": {trace.optimizer} leaves the lr as it is" if _is_product(trace) else ""
        # Others may have made other numbers in other steps, or of tensors of other shapes.
        return f"1 for every weight{'' if trace.optimizer == 'SGD' else ' here'}{kept}"
    if _is_even(own):
        kind = "here one number for all weights"
    else:
        kind = (
            "here one number for each tensor" if layers and all(map(_is_even, layers)) else "one number for each weight"
        )
    return f"The optimizer's clock ({trace.optimizer}): {kind}"


def no_factor(trace: Trace) -> str:
    """Return why nothing is known of the factor."""
    if trace.optimizer in {kind.__name__ for kind in rule.registry}:
        return f"the factor of {trace.optimizer} could not be read"
    return f"no rule for {trace.optimizer}: the factor is not known"


def unknown_at_step(trace: Trace) -> str:
    """Return why no effective lr is known at one of the recorded steps."""
    return "not known at this step" if _known(trace.everything.factor).size else no_factor(trace)


def product_title(trace: Trace) -> str:
    """Return what the effective lr is a product of."""
    if not _known(trace.everything.effective_lr).size:
        return "effective lr: not known"
    if not _is_product(trace):
        return f"effective lr = factor × an lr of {trace.optimizer}'s own, which is not the base lr"
    return f"base lr{' of its group' if len(by_group(trace.group_lr)) > 1 else ''} × factor = effective lr"


def _known(quantiles: list[list[float]]) -> np.ndarray:
    table = np.array(quantiles, dtype=float)
    return table[~np.isnan(table).any(axis=1)]


def _is_even(table: np.ndarray) -> bool:
    return bool((table == table[:, :1]).all())


def _is_product(trace: Trace) -> bool:
    """Tell whether the effective lr is base lr x factor in each layer, within the rounding of half precision."""
    layers = list(trace.layers.values()) or [trace.everything] * (len(by_group(trace.group_lr)) == 1)
    return all(_fits(series, trace.group_lr[series.group]) for series in layers)


@np.errstate(invalid="ignore")
def _fits(series: Series, lrs: list[float]) -> bool:
    factor, rates = (np.array(quantiles, dtype=float) for quantiles in (series.factor, series.effective_lr))
    wanted = np.sort(factor * np.array(lrs)[:, None], axis=1)  # a negative lr turns them round
    known = ~np.isnan(wanted) & ~np.isnan(rates)
    return bool(np.isclose(np.sort(rates, axis=1), wanted, rtol=0.005, atol=0)[known].all())
