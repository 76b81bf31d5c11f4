"""A training so small that every trainer runs it in no time, and what is asked of it after it was recorded."""

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, TensorDataset

from lrcourse import simulate

LR = 0.01
BATCHES = 8  # in an epoch


def halving(optimizer):
    """Return the schedule of all runs: half the lr after every third step."""
    return StepLR(optimizer, step_size=3, gamma=0.5)


def planned(steps, first=1):
    """Return the lrs of steps ``first`` to ``steps``."""
    return simulate(halving, steps, lr=LR)[first - 1 :]


def make_net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))


def make_images():
    generator = torch.Generator().manual_seed(7)
    labels = torch.arange(4 * BATCHES) % 2
    return TensorDataset(torch.randn(len(labels), 4, generator=generator), labels)


def make_loader():
    return DataLoader(make_images(), batch_size=4)


def loss_of(net, batch):
    images, labels = batch
    return cross_entropy(net(images).float(), labels)


def weights(net):
    return [param.detach().clone() for param in net.parameters()]


def hooks(optimizer):
    """Return all step hooks that hang on an optimizer."""
    return [*optimizer._optimizer_step_pre_hooks.values(), *optimizer._optimizer_step_post_hooks.values()]


def assert_recorded(trace, steps, first=1, within=32):
    """Assert that these steps were recorded, with the lrs that were planned, and nothing is left unexplained."""
    assert trace.step == list(range(first, steps + 1))
    assert trace.base_lr == planned(steps, first)
    assert max(trace.everything.residual) < within


def assert_same(ours, others):
    """Assert that two lists of weights are equal bit for bit."""
    assert len(ours) == len(others) and all(map(torch.equal, ours, others))


class NotingScaler(torch.amp.GradScaler):
    """A scaler that skips some of the first steps, and notes of each whether it did."""

    def __init__(self):
        super().__init__("cpu", init_scale=2.0**20, growth_interval=100)
        self.skipped = []

    def update(self, new_scale=None):
        before = self.get_scale()
        super().update(new_scale)
        self.skipped.append(self.get_scale() < before)
