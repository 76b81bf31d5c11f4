"""What a learner's training loop may have got wrong."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Optimizer

from lrcourse.images import Data

SLIPS = {
    "without zero_grad(): the gradients of all batches add up": {"clear": False},
    "that does not draw the order of the images": {"shuffle": False},
    "without model.train(): batch norm uses its running averages": {"train": False},
}


def one_epoch(
    model: nn.Module, optimizer: Optimizer, data: Data, *, clear: bool = True, shuffle: bool = True, train: bool = True
) -> None:
    """Train as the learner should, but for one of the ``SLIPS``."""
    model.train(train)
    count = len(data.train.labels)
    order = torch.randperm(count, generator=torch.Generator().manual_seed(0)) if shuffle else torch.arange(count)
    for batch in order.split(128):
        if clear:
            optimizer.zero_grad()
        F.cross_entropy(model(data.train.images[batch]), data.train.labels[batch]).backward()
        optimizer.step()


class Watched:
    """An optimizer over two weights, and what each step was made with.

    Attributes:
        optimizer: SGD, which a loop steps.
        lrs: the lr of each step.
        grads: the gradient of each step; ``None`` where there was none.
        right: the gradient that the step's batch has.
    """

    def __init__(self, lr: float, batches: int) -> None:
        """Begin with no step."""
        self._weight, self._batches = nn.Parameter(torch.ones(2)), batches
        self.optimizer = torch.optim.SGD([self._weight], lr=lr)
        self.optimizer.register_step_pre_hook(self._look)
        self.lrs: list[float] = []
        self.grads: list[Tensor | None] = []
        self.right: list[Tensor] = []

    def loss_of(self, batch: int) -> Tensor:
        """Return the loss of a batch, whose gradient tells which batch it was."""
        return ((self._weight - torch.tensor([batch + 0.5, 3.0 - batch])) ** 2).sum()

    def _look(self, *_: object) -> None:
        grad = self._weight.grad
        with torch.enable_grad():  # whatever the loop has switched off around its step
            (right,) = torch.autograd.grad(self.loss_of(len(self.lrs) % self._batches), self._weight)
        self.lrs.append(float(self.optimizer.param_groups[0]["lr"]))
        self.grads.append(None if grad is None else grad.clone())
        self.right.append(right)

    def wrong_gradient(self, step: int) -> str:
        """Return what is wrong with the gradient of a step, counted from 0; "" if it is that of its batch."""
        grad, right, before = self.grads[step], self.right[step], self.right[:step]
        if grad is not None and torch.allclose(grad, right, rtol=1e-5):
            return ""
        if grad is None or not grad.any():
            return "trains nothing: call backward() after zero_grad(), and step() after both."
        if any(torch.allclose(grad, sum(before[i:], right), rtol=1e-5) for i in range(step)):
            return "has the gradients of batches before it, too: call zero_grad() before backward()."
        return "has another gradient than that of its batch: call loss_of(batch).backward() once for each, in order."
