"""A training loop that is small and whole, and schedules to train it with."""

import torch
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR, ExponentialLR, LambdaLR, LinearLR, SequentialLR, StepLR

BATCHES = 6  # an epoch


class Loop:
    """A small model, its optimizer, and a loop over batches that calls what it is given after each step and epoch."""

    def __init__(self, make=torch.optim.SGD, lr=0.1, groups=1):
        torch.manual_seed(0)
        self.layers = nn.Sequential(*(nn.Linear(2, 2) for _ in range(groups)))
        self.optimizer = make([{"params": layer.parameters()} for layer in self.layers], lr=lr)

    def backward(self):
        self.layers(torch.ones(3, 2)).square().sum().backward()

    def batch(self):
        self.optimizer.zero_grad()
        self.backward()
        self.optimizer.step()

    def train(self, epochs=6, batch=None, after_batch=None, after_epoch=None):
        for _ in range(epochs):
            for _ in range(BATCHES):
                (batch or self.batch)()
                if after_batch is not None:
                    after_batch()
            if after_epoch is not None:
                after_epoch()

    def copy(self, make=torch.optim.SGD, **options):
        """Return another loop, as after a restart: the weights are loaded, and nothing else."""
        again = Loop(make, **options)
        again.layers.load_state_dict(self.layers.state_dict())
        return again


def every_3(optimizer):
    return StepLR(optimizer, 3, 0.5)


def fall(optimizer):
    return ExponentialLR(optimizer, 0.9)


def cosine(optimizer):
    return CosineAnnealingLR(optimizer, T_max=40)


def straight(optimizer, total=40):
    return LambdaLR(optimizer, lambda step: max(0.0, 1 - step / total))


def warm_up(optimizer):
    return SequentialLR(optimizer, [LinearLR(optimizer, 0.1, total_iters=5), cosine(optimizer)], milestones=[5])
