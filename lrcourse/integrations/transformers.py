"""For the ``Trainer`` of transformers: a callback that starts ``record`` with the training and ends it with it."""

from __future__ import annotations

from contextlib import ExitStack

from torch import nn
from torch.optim import Optimizer
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from lrcourse.base import steps_made
from lrcourse.steps import Trace, record


class Recorder(TrainerCallback):
    """Record what the optimizer does in ``Trainer.train``; each call of it begins a new ``trace``.

    A training that goes on from a checkpoint goes on counting its steps: from the count that Adam and others keep, else
    from the trainer's, which also counts steps that a ``GradScaler`` skipped.

    The trainer does not tell its callbacks of an exception. The recorder then lets go of the optimizer at the next
    training, or when ``close`` is called, to which ``with contextlib.closing(Recorder()) as recorder:`` sees.

    Args:
        options: those of ``record``, such as ``every=10``.

    Attributes:
        trace: the ``Trace`` of the last training, which grows while it runs.

    >>> recorder = Recorder(every=10)
    >>> recorder.trace.step
    []
    """

    def __init__(self, **options: object) -> None:
        self.trace, self._options, self._recording = Trace(), options, ExitStack()

    def on_train_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        *,
        model: nn.Module,
        optimizer: Optimizer,
        **others: object,
    ) -> None:
        """Start to record; a checkpoint was loaded by now."""
        self.close()
        inner = getattr(optimizer, "optimizer", optimizer)  # accelerate has put its own around it
        made = steps_made(inner) or state.global_step
        recording = record(model, optimizer, **{"first_step": made + 1, **self._options})
        self.trace = self._recording.enter_context(recording)

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **others: object
    ) -> None:
        """Let go of the optimizer."""
        self.close()

    def close(self) -> None:
        """Let go of the optimizer, after an exception in the training."""
        self._recording.close()
