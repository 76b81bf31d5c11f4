"""Train and evaluate: the loop of notebook 00 and nothing more."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from lrcourse.base import bar, check_is, check_whole, optimizers_in, remember_steps, switch_mode, takes_metric
from lrcourse.images import Data, Split
from lrcourse.schedules import base_lr
from lrcourse.training.checkpoints import Checkpoint
from lrcourse.training.checks import check_optimizer, check_schedulers, checksum, warn_of_untrained


@dataclass
class History:
    """What ``fit`` saw, as plain lists.

    Attributes:
        lr: the base lr each optimizer step used, by the first param group.
        train_loss: the loss of each step's batch, before the step.
        val_loss: mean loss over the validation images after each epoch.
        val_accuracy: share of the validation images classified right after each epoch, 0..1.
        steps_per_epoch: number of optimizer steps in a whole epoch.
    """

    lr: list[float] = field(default_factory=list)
    train_loss: list[float] = field(default_factory=list)
    val_loss: list[float] = field(default_factory=list)
    val_accuracy: list[float] = field(default_factory=list)
    steps_per_epoch: int = 0

    def _collect(self, losses: list[Tensor]) -> None:
        """Move losses from the device into the list, all at once: each alone would wait for its step."""
        self.train_loss += torch.stack(losses).tolist() if losses else []
        losses.clear()

    def _cut(self, losses: list[Tensor]) -> History:
        """Make whole what an interruption left: as many losses as lrs, as many accuracies as validation losses."""
        self._collect(losses)
        for one, other in ((self.lr, self.train_loss), (self.val_loss, self.val_accuracy)):
            del one[len(other) :], other[len(one) :]
        return self


def fit(
    model: nn.Module,
    optimizer: Optimizer,
    data: Data,
    *,
    epochs: int,
    batch_size: int = 128,
    per_batch: LRScheduler | None = None,
    per_epoch: LRScheduler | None = None,
    seed: int = 0,
    checkpoint: str | os.PathLike | None = None,
    progress: bool = True,
) -> History:
    """Train ``model`` in place with cross entropy, and return what was seen.

    Each batch: forward, ``zero_grad``, backward, ``optimizer.step()``, ``per_batch.step()``. After each
    epoch: ``evaluate`` on ``data.val``, then ``per_epoch.step()``. So the first epoch trains at the lr that
    the scheduler's constructor set, and ``per_epoch`` acts on the next.

    Optimizer and schedulers need not be torch's own: any is taken that is used like them. An optimizer with ``train()``
    and ``eval()``, such as those of schedulefree, is switched with the model, so that ``val_loss`` is that of the
    weights which one keeps.

    Args:
        model: the network; it is in ``eval`` mode afterwards, and so is an optimizer that has one.
        optimizer: any optimizer over the model's parameters, except LBFGS.
        data: the images, on the model's device.
        epochs: passes over ``data.train``.
        batch_size: images in a step; the last batch of an epoch has those that are left.
        per_batch: scheduler stepped after every optimizer step.
        per_epoch: scheduler stepped after every epoch; a ``ReduceLROnPlateau`` gets the validation loss, as does any
            whose ``step`` wants a metric.
        seed: of the order of the images, a new one every epoch. No global generator is used.
        checkpoint: a file. It is written after each epoch, and within one every ten seconds; with the same call again,
            training goes on from it and ends as if it had never been interrupted, bit for bit. A finished run
            returns at once.
        progress: show a progress bar.

    Raises:
        ValueError: ``epochs`` or ``batch_size`` is not a whole number from 1, ``optimizer`` is one of another
            model, a scheduler one of another optimizer, or ``checkpoint`` a folder, a damaged file or one of another
            run; or what would be kept in it could not be read back.
        TypeError: LBFGS, which needs a closure; a plateau as ``per_batch``, which has no validation loss
            there; a scheduler that wants to be told the epoch; or an argument of another type.
        OSError: the folder of ``checkpoint`` is not there, or cannot be written to.
        KeyboardInterrupt: it was stopped, for instance by the stop button of JupyterLab; the error's attribute
            ``history`` holds what was seen until then (in a notebook: ``sys.last_value.history``).

    Warns:
        UserWarning: the optimizer does not hold all weights of the model that are not frozen.

    >>> from lrcourse import SmallCNN, load_data
    >>> model = SmallCNN()
    >>> optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    >>> history = fit(model, optimizer, load_data(train=256, val=64, test=64), epochs=2, progress=False)
    >>> history.lr
    [0.01, 0.01, 0.01, 0.01]
    """
    check_is("model", model, nn.Module, "call fit(model, optimizer, data, epochs=...)")
    check_is("data", data, Data, "pass what load_data() returns, not one of its splits")
    epochs, batch_size = check_whole("epochs", epochs), check_whole("batch_size", batch_size)
    seed = check_whole("seed", seed, least=0)
    check_optimizer(optimizer, model)
    check_schedulers(optimizer, per_batch, per_epoch)
    warn_of_untrained(optimizer, model)
    count = len(data.train.labels)
    history, losses = History(steps_per_epoch=math.ceil(count / batch_size)), []
    generator = torch.Generator().manual_seed(seed)
    parts = {"model": model, "optimizer": optimizer, "per_batch": per_batch, "per_epoch": per_epoch}
    run = {"epochs": epochs, "batch_size": batch_size, "seed": seed, "data": data, "labels": checksum(data)}
    kept = Checkpoint(checkpoint, parts, run)
    saved = kept.begin(history=vars(history), generator=generator.get_state())
    history = History(**saved["history"])
    generator.set_state(saved["generator"])
    if history.lr:  # it goes on
        model.eval()
        for one in (one for one in optimizers_in(optimizer) if isinstance(one, Optimizer)):
            remember_steps(one, len(history.lr))  # for who watches: SGD does not count them itself
    try:
        for epoch in bar(range(len(history.val_loss), epochs), what="epochs", shown=progress):
            model.train()
            switch_mode(optimizer, "train")
            epoch_start = generator.get_state()
            batches = torch.randperm(count, generator=generator).split(batch_size)
            for batch in batches[len(history.train_loss) - epoch * len(batches) :]:  # those not done before
                loss = F.cross_entropy(model(data.train.images[batch]), data.train.labels[batch])
                optimizer.zero_grad()
                loss.backward()
                history.lr.append(base_lr(optimizer))
                optimizer.step()
                losses.append(loss.detach())
                if per_batch is not None:
                    per_batch.step()
                if kept.is_due:
                    history._collect(losses)
                    kept.save(history=vars(history), generator=epoch_start)
            history._collect(losses)
            switch_mode(optimizer, "eval")
            val_loss, val_accuracy = evaluate(model, data.val)
            history.val_loss.append(val_loss)
            history.val_accuracy.append(val_accuracy)
            if per_epoch is not None and takes_metric(per_epoch):
                per_epoch.step(val_loss)
            elif per_epoch is not None:
                per_epoch.step()
            kept.save(history=vars(history), generator=generator.get_state())
    except KeyboardInterrupt as stop:
        stop.history = history._cut(losses)
        stop.add_note(
            f"Stopped in epoch {len(history.val_loss) + 1} of {epochs}, after {len(history.train_loss)} steps."
            " What fit saw of them: import sys; history = sys.last_value.history." + kept.note
        )
        raise
    finally:
        kept.leave()
    return history


@torch.no_grad()
def evaluate(model: nn.Module, split: Split, *, batch_size: int = 1000) -> tuple[float, float]:
    """Return mean cross entropy and accuracy (0..1) of ``model`` on a split, and change nothing.

    The model is put into ``eval`` mode, so that batch norm uses its running averages, and stays in it.

    Raises:
        TypeError: ``split`` is not one, for instance a whole ``Data``.
        ValueError: ``batch_size`` is not a whole number from 1.

    >>> from lrcourse import SmallCNN, load_data
    >>> loss, accuracy = evaluate(SmallCNN(), load_data(train=64, val=64, test=64).test)
    >>> 0 <= accuracy <= 1
    True
    """
    check_is("split", split, Split, "pass one set of images, such as data.val")
    batch_size = check_whole("batch_size", batch_size)
    model.eval()
    logits = torch.cat([model(images) for images in split.images.split(batch_size)])
    loss = F.cross_entropy(logits, split.labels).item()
    return loss, (logits.argmax(dim=1) == split.labels).float().mean().item()
