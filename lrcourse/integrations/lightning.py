"""For Lightning's ``Trainer``: a callback that starts ``record`` with the training and ends it with it."""

from __future__ import annotations

from contextlib import ExitStack

from lightning.pytorch import Callback, LightningModule, Trainer

from lrcourse.base import steps_made
from lrcourse.steps import Trace, record


class Recorder(Callback):
    """Record what the optimizer does in ``Trainer.fit``; each fit begins a new ``trace``.

    Of several optimizers, pass a recorder for each. A fit that goes on from a checkpoint goes on counting its steps:
    from the count that Adam and others keep, else from the trainer's, which also counts steps that a ``GradScaler``
    skipped.

    Args:
        optimizer: which of the optimizers that ``configure_optimizers`` returns.
        options: those of ``record``, such as ``every=10``.

    Attributes:
        trace: the ``Trace`` of the last fit, which grows while it runs.

    >>> from lightning.pytorch import Trainer
    >>> recorder = Recorder(every=10)
    >>> trainer = Trainer(callbacks=[recorder], accelerator="cpu", logger=False, enable_checkpointing=False)
    >>> recorder.trace.step
    []
    """

    def __init__(self, optimizer: int = 0, **options: object) -> None:
        self.trace, self._which, self._options, self._recording = Trace(), optimizer, options, ExitStack()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start to record; a checkpoint was loaded by now."""
        optimizer = trainer.optimizers[self._which]
        made = steps_made(optimizer) or trainer.global_step // len(trainer.optimizers)
        recording = record(pl_module, optimizer, **{"first_step": made + 1, **self._options})
        self.trace = self._recording.enter_context(recording)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Let go of the optimizer."""
        self._recording.close()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Let go of the optimizer after Ctrl-C, too."""
        self._recording.close()
