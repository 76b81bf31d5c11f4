"""The course's second design against its first, one change at a time.

From plain Adam to AdamW in one cycle there are four changes: the schedule, its peak lr, the weight decay, and the
momentum, which OneCycleLR moves. They are made one after the other, and from the second design each is taken back.
All runs are scored on validation images. Only the two designs are looked at with the test images, at the end.
"""

import math

from torch import nn
from torch.optim import Adam, AdamW
from torch.optim.lr_scheduler import OneCycleLR

from experiments.training import begin, images, kept, train
from lrcourse import FlipAndCrop, SmallCNN, evaluate

BUDGET = 200_000  # training images, in whole epochs
FIRST, SECOND = "plain Adam", "+ momentum moves"
DESIGNS = {  # optimizer, peak lr, whether there is a cycle, and whether it moves the momentum
    FIRST: (Adam, 0.001, False, False),
    "+ one cycle": (Adam, 0.001, True, False),
    "+ peak lr 0.01": (Adam, 0.01, True, False),
    "+ weight decay": (AdamW, 0.01, True, False),
    SECOND: (AdamW, 0.01, True, True),
    "second without the cycle": (AdamW, 0.01, False, False),
    "second with peak lr 0.001": (AdamW, 0.001, True, True),
    "second without weight decay": (Adam, 0.01, True, True),
}


def configs() -> list[dict]:
    """Return three seeds of each design."""
    return [{"design": design, "seed": seed} for seed in range(3) for design in DESIGNS]


def augmented() -> nn.Module:
    """Return the network of the capstone."""
    return nn.Sequential(FlipAndCrop(), SmallCNN())


def run(design: str, seed: int) -> dict:
    """Train a design for the budget."""
    make, lr, cycle, moves = DESIGNS[design]
    data = images(train=None, test=None)
    count = len(data.train.labels)
    epochs = BUDGET // count
    model, optimizer = begin(seed, lambda weights: make(weights, lr=lr), augmented)
    steps = epochs * math.ceil(count / 128)
    plan = OneCycleLR(optimizer, max_lr=lr, total_steps=steps, cycle_momentum=moves) if cycle else None
    checkpoint = kept("capstone", design=design, seed=seed)
    row = train(model, optimizer, data, seed=seed, epochs=epochs, per_batch=plan, checkpoint=checkpoint)
    return row | {"test_accuracy": evaluate(model, data.test)[1] if design in (FIRST, SECOND) else None}
