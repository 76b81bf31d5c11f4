"""For TensorBoard: a log that writes each recorded step, beside what a training writes there already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lrcourse.steps import Log

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


def log_to(writer: SummaryWriter, prefix: str = "lrcourse") -> Log:
    """Return a log for ``record(..., log=...)`` that writes each number of a recorded step as a scalar.

    The scalars are named ``lrcourse/base_lr``, ``lrcourse/effective_lr_50`` and so on, at the optimizer's step.

    Args:
        writer: a ``SummaryWriter``, or another object with its ``add_scalar``.
        prefix: the group that TensorBoard shows them in.

    >>> class Writer:
    ...     def add_scalar(self, name, number, step):
    ...         print(name, number, step)
    >>> log_to(Writer())({"step": 7, "base_lr": 0.1})
    lrcourse/base_lr 0.1 7
    """

    def log(row: dict[str, float]) -> None:
        for name, number in row.items():
            if name != "step":
                writer.add_scalar(f"{prefix}/{name}", number, row["step"])

    return log
