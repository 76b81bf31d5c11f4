"""Train and evaluate: the loop of notebook 00 and nothing more."""

from __future__ import annotations

import math
import os
import zlib
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import LBFGS, Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from lrcourse.base import bar, check_is, check_whole, remember_steps
from lrcourse.images import Data, Split
from lrcourse.training.checkpoints import Checkpoint


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

    Args:
        model: the network; it is in ``eval`` mode afterwards.
        optimizer: any torch optimizer over the model's parameters, except LBFGS.
        data: the images, on the model's device.
        epochs: passes over ``data.train``.
        batch_size: images in a step; the last batch of an epoch has those that are left.
        per_batch: scheduler stepped after every optimizer step.
        per_epoch: scheduler stepped after every epoch; a ``ReduceLROnPlateau`` gets the validation loss.
        seed: of the order of the images, a new one every epoch. No global generator is used.
        checkpoint: a file. It is written after each epoch, and within one every ten seconds; with the same call again,
            training goes on from it and ends as if it had never been interrupted, bit for bit. A finished run
            returns at once.
        progress: show a progress bar.

    Raises:
        ValueError: ``epochs`` or ``batch_size`` is not a whole number from 1, ``optimizer`` is one of another
            model, a scheduler one of another optimizer, or ``checkpoint`` a file of another run or a folder.
        TypeError: LBFGS, which needs a closure; a plateau as ``per_batch``, which has no validation loss
            there; or an argument of another type.
        FileNotFoundError: the folder of ``checkpoint`` is not there.
        KeyboardInterrupt: it was stopped, for instance by the stop button of JupyterLab; the error's attribute
            ``history`` holds what was seen until then (in a notebook: ``sys.last_value.history``).

    >>> from lrcourse import SmallCNN, load_data
    >>> model = SmallCNN()
    >>> optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    >>> history = fit(model, optimizer, load_data(train=256, val=64, test=64), epochs=2, progress=False)
    >>> history.lr
    [0.01, 0.01, 0.01, 0.01]
    """
    check_is("model", model, nn.Module, "call fit(model, optimizer, data, epochs=...)")
    check_is("data", data, Data, "pass what load_data() returns, not one of its splits")
    for name, number in {"epochs": epochs, "batch_size": batch_size}.items():
        check_whole(name, number)
    check_whole("seed", seed, least=0)
    _check_optimizer(optimizer, model)
    _check_schedulers(optimizer, per_batch, per_epoch)
    count = len(data.train.labels)
    history, losses = History(steps_per_epoch=math.ceil(count / batch_size)), []
    generator = torch.Generator().manual_seed(seed)
    parts = {"model": model, "optimizer": optimizer, "per_batch": per_batch, "per_epoch": per_epoch}
    what = {"epochs": epochs, "batch_size": batch_size, "seed": seed, "data": data, "checksum of labels": _sum(data)}
    kept = Checkpoint(checkpoint, parts, what)
    if (saved := kept.load()) is not None:
        history = History(**saved["history"])
        remember_steps(optimizer, len(history.train_loss))  # for who watches: SGD does not count them itself
        generator.set_state(saved["generator"])
        model.eval()
    try:
        for epoch in bar(range(len(history.val_loss), epochs), what="epochs", shown=progress):
            model.train()
            epoch_start = generator.get_state()
            batches = torch.randperm(count, generator=generator).split(batch_size)
            for batch in batches[len(history.train_loss) - epoch * len(batches) :]:  # those not done before
                loss = F.cross_entropy(model(data.train.images[batch]), data.train.labels[batch])
                optimizer.zero_grad()
                loss.backward()
                history.lr.append(float(optimizer.param_groups[0]["lr"]))
                optimizer.step()
                losses.append(loss.detach())
                if per_batch is not None:
                    per_batch.step()
                if kept.is_due:
                    history._collect(losses)
                    kept.save(history=vars(history), generator=epoch_start)
            history._collect(losses)
            val_loss, val_accuracy = evaluate(model, data.val)
            history.val_loss.append(val_loss)
            history.val_accuracy.append(val_accuracy)
            if isinstance(per_epoch, ReduceLROnPlateau):
                per_epoch.step(val_loss)
            elif per_epoch is not None:
                per_epoch.step()
            kept.save(history=vars(history), generator=generator.get_state())
    except KeyboardInterrupt as stop:
        stop.history = history._cut(losses)
        stop.add_note(
            f"Stopped in epoch {len(history.val_loss) + 1} of {epochs}, after {len(history.train_loss)} steps."
            " What fit saw of them: import sys; history = sys.last_value.history."
            + ("" if checkpoint is None else f" The same call again goes on from {checkpoint}.")
        )
        raise
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
    check_whole("batch_size", batch_size)
    model.eval()
    logits = torch.cat([model(images) for images in split.images.split(batch_size)])
    loss = F.cross_entropy(logits, split.labels).item()
    return loss, (logits.argmax(dim=1) == split.labels).float().mean().item()


def _sum(data: Data) -> int:
    """Return a number that tells one split of the images from another."""
    return zlib.crc32(torch.cat([data.train.labels, data.val.labels]).cpu().numpy().tobytes())


def _check_optimizer(optimizer: Optimizer, model: nn.Module) -> None:
    check_is("optimizer", optimizer, Optimizer, "make one, such as torch.optim.Adam(model.parameters(), lr=0.01)")
    if isinstance(optimizer, LBFGS):
        raise TypeError(
            "LBFGS evaluates the loss several times a step, so step() needs a closure, which fit does not"
            " give it: write the loop yourself, or use another optimizer"
        )
    weights = set(model.parameters())
    if not any(param in weights for group in optimizer.param_groups for param in group["params"]):
        raise ValueError(
            "optimizer holds no parameter of model, so nothing would be trained: was the model made anew after it?"
            " Make the optimizer from model.parameters() again"
        )


def _check_schedulers(optimizer: Optimizer, per_batch: LRScheduler | None, per_epoch: LRScheduler | None) -> None:
    for name, scheduler in {"per_batch": per_batch, "per_epoch": per_epoch}.items():
        if scheduler is None:
            continue
        if not isinstance(scheduler, LRScheduler):
            raise TypeError(
                f"{name} must be a torch scheduler, got {type(scheduler).__name__}: pass the scheduler itself"
            )
        if getattr(scheduler, "optimizer", optimizer) is not optimizer:
            raise ValueError(
                f"{name}={type(scheduler).__name__} belongs to another optimizer, so it would change an lr that"
                " nobody uses: create it with the optimizer that you pass to fit"
            )
    if isinstance(per_batch, ReduceLROnPlateau):
        raise TypeError(
            "ReduceLROnPlateau needs the validation loss, which there is once an epoch: pass it as per_epoch"
        )
