"""What was recorded of a run, as plain data, with a way to pandas and to disk."""

from __future__ import annotations

import math
import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING

import numpy as np

from lrcourse.base import write_whole
from lrcourse.steps.series import COLUMNS, MISSING, SIZES, Series

if TYPE_CHECKING:
    import pandas

MOST_ROWS = 150_000  # of about 0.6 kB each, so that a trace stays below about 100 MB however long the run


@dataclass
class Trace:
    """A recorded run, as plain lists. ``step`` counts the optimizer's steps from 1.

    Attributes:
        optimizer: the optimizer's class name.
        step: the numbers of the recorded steps.
        group_lr: for each param group, the base lr used at each recorded step; NaN before the group was added, and
            where the optimizer holds none (``lr=None``).
        layers: for each parameter, by name, what was seen of it.
        everything: the same over all weights that had a gradient.
        own_lr: for each param group, what the optimizer makes of the base lr by an estimate of its own, as Prodigy
            does; empty where it makes nothing of it.
        own_lr_name: what ``own_lr`` is, such as "base lr × d".
    """

    optimizer: str = ""
    step: list[int] = field(default_factory=list)
    group_lr: list[list[float]] = field(default_factory=list)
    layers: dict[str, Series] = field(default_factory=dict)
    everything: Series = field(default_factory=Series)
    own_lr: list[list[float]] = field(default_factory=list)
    own_lr_name: str = ""

    @property
    def base_lr(self) -> list[float]:
        """The base lr used at each recorded step, by the first param group."""
        return self.group_lr[0] if self.group_lr else []

    def layer(self, name: str, group: int = 0) -> Series:
        """Return the series of a layer; a new one gets NaN for the steps that were recorded without it."""
        if name not in self.layers:
            self.layers[name] = Series(group=group)
            for _ in self.step:
                self.layers[name].append(MISSING)
        return self.layers[name]

    def close_step(self, step: int, group_lr: list[float], own_lr: Sequence[float] = ()) -> None:
        """End an entry whose rows were appended: number it, and put NaN where something had no row."""
        for kept, new in ((self.group_lr, group_lr), (self.own_lr, own_lr)):
            kept += [[math.nan] * len(self.step) for _ in new[len(kept) :]]
            for earlier, lr in zip_longest(kept, new, fillvalue=math.nan):  # groups come and go
                earlier.append(lr)
        self.step.append(step)
        for series in (*self.layers.values(), self.everything):
            if len(series.residual) < len(self.step):
                series.append(MISSING)

    def thin(self) -> None:
        """Drop every second entry."""
        for values in (self.step, *self.group_lr, *self.own_lr):
            del values[1::2]
        for series in (*self.layers.values(), self.everything):
            for name in ("factor", "effective_lr", *SIZES):
                del getattr(series, name)[1::2]

    def row(self, at: int = -1, *, layers: bool = False) -> dict[str, float]:
        """Return one recorded step as numbers by name, as W&B, MLflow and other loggers take them.

        The names are ``step``, ``base_lr`` (of further groups ``base_lr_1`` and so on), ``own_lr`` where the optimizer
        makes one, and ``COLUMNS``, of all weights: ``effective_lr_50`` is the median.

        Args:
            at: which of the recorded steps, counted from 0, or with a minus from the end, as in a list.
            layers: the same of each layer, too, as ``0.weight/effective_lr_50``.

        >>> series = Series()
        >>> series.append([0.5] * 14)
        >>> row = Trace("SGD", [1], [[0.1]], {"weight": series}, series).row(layers=True)
        >>> row["step"], row["base_lr"], row["factor_50"], row["weight/update_size"]
        (1, 0.1, 0.5, 0.5)
        """
        numbers = {"step": self.step[at]}
        for name, groups in (("base_lr", self.group_lr), ("own_lr", self.own_lr)):
            numbers.update({f"{name}_{i}" if i else name: lrs[at] for i, lrs in enumerate(groups)})
        numbers.update(zip(COLUMNS, self.everything.row(at), strict=True))
        for layer, series in self.layers.items() if layers else ():
            numbers.update({f"{layer}/{name}": number for name, number in zip(COLUMNS, series.row(at), strict=True)})
        return numbers

    def to_frame(self) -> pandas.DataFrame:
        """Return a table with one row for each recorded step and layer, and one for ``"everything"``.

        Its columns are ``step``, ``layer``, ``base_lr`` (of the layer's param group) and ``COLUMNS``; a
        column such as ``factor_50`` holds the median.

        >>> series = Series(group=0)
        >>> series.append([0.5] * 14)
        >>> frame = Trace("SGD", [1], [[0.1]], {"weight": series}, series).to_frame()
        >>> frame[["step", "layer", "base_lr", "factor_50"]].values.tolist()
        [[1, 'weight', 0.1, 0.5], [1, 'everything', 0.1, 0.5]]
        """
        import pandas  # takes a moment, and most notebooks do without

        frames = []
        for name, series in [*self.layers.items(), ("everything", self.everything)]:
            frame = pandas.DataFrame(series.rows(), columns=list(COLUMNS))
            frame.insert(0, "base_lr", self.group_lr[series.group] if self.step else [])
            frame.insert(0, "layer", name)
            frame.insert(0, "step", self.step)
            frames.append(frame)
        return pandas.concat(frames, ignore_index=True)

    def save(self, path: str | os.PathLike) -> None:
        """Write the trace to a ``.npz`` file, whole or not at all; ``Trace.load`` reads it back exactly.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Trace("SGD", [1], [[0.1]]).save(f"{folder}/run.npz")
        ...     Trace.load(f"{folder}/run.npz").base_lr
        [0.1]
        """
        series = [*self.layers.values(), self.everything]
        with write_whole(path) as file:
            np.savez_compressed(
                file,
                optimizer=np.array(self.optimizer),
                step=np.array(self.step, dtype=np.int64),
                group_lr=np.array(self.group_lr, dtype=np.float64),
                own_lr=np.array(self.own_lr, dtype=np.float64),
                own_lr_name=np.array(self.own_lr_name),
                names=np.array([*self.layers], dtype=np.str_),
                groups=np.array([one.group for one in series]),
                rows=np.array([one.rows() for one in series], dtype=np.float64),
            )

    @classmethod
    def load(cls, path: str | os.PathLike) -> Trace:
        """Return the trace that ``save`` wrote.

        Raises:
            ValueError: the file is not such a trace.
        """
        try:
            with open(path, "rb") as file, np.load(file, allow_pickle=False) as saved:
                series = [Series(group=group) for group in saved["groups"].tolist()]
                for one, rows in zip(series, saved["rows"].tolist(), strict=True):
                    for row in rows:
                        one.append(row)
                layers = dict(zip(saved["names"].tolist(), series[:-1], strict=True))
                step, group_lr = saved["step"].tolist(), saved["group_lr"].tolist()
                own = (saved["own_lr"].tolist(), str(saved["own_lr_name"])) if "own_lr" in saved else ()
                return cls(str(saved["optimizer"]), step, group_lr, layers, series[-1], *own)
        except (ValueError, KeyError, EOFError, AttributeError, zipfile.BadZipFile) as error:
            raise ValueError(f"{os.fspath(path)} is not a whole trace; read a file that Trace.save wrote") from error
