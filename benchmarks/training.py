"""How fast ``fit`` is beside the usual ways to train on CIFAR-10.

    python -m pip install skorch
    python benchmarks/training.py

The same images, network, optimizer and batches of 128, two threads, one epoch each in turns, so that what else the
machine does falls on all of them. The usual way is torchvision's ``CIFAR10``, its transforms and a ``DataLoader``.
"""

import statistics
import time

import numpy as np
import torch
import torch.nn.functional as F
from skorch import NeuralNetClassifier
from torch import nn
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import CIFAR10

from lrcourse import FlipAndCrop, SmallCNN, fit, load_data
from lrcourse.images.sources import load_pool

TURNS = 15
IMAGES = 4000

torch.set_num_threads(2)
data = load_data(train=IMAGES, val=1, test=1)  # one image: the others do not evaluate
pool = load_pool()
NORMALISE = [transforms.ToTensor(), transforms.Normalize((0.5,) * 3, (0.25,) * 3)]
AUGMENT = [transforms.RandomCrop(32, padding=4), transforms.RandomHorizontalFlip()]


def cifar10(augmented: bool) -> CIFAR10:
    """Return torchvision's data set over the images that are here, as it is after it has read its files."""
    dataset = CIFAR10.__new__(CIFAR10)
    dataset.data = np.ascontiguousarray(pool.train_images[:IMAGES].transpose(0, 2, 3, 1))
    dataset.targets = pool.train_labels[:IMAGES].tolist()
    dataset.transform = transforms.Compose([*(AUGMENT if augmented else []), *NORMALISE])
    dataset.target_transform = None
    return dataset


def network(augmented: bool) -> nn.Module:
    return nn.Sequential(FlipAndCrop(), SmallCNN()) if augmented else SmallCNN()


def with_fit(augmented: bool) -> None:
    model = network(augmented)
    fit(model, torch.optim.Adam(model.parameters(), lr=0.001), data, epochs=1, progress=False)


def by_hand(augmented: bool) -> None:
    model = network(augmented)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    images, labels = data.train
    model.train()
    for batch in torch.randperm(IMAGES).split(128):
        loss = F.cross_entropy(model(images[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def with_loader(augmented: bool, workers: int) -> None:
    model = SmallCNN()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    model.train()
    for images, labels in DataLoader(cifar10(augmented), batch_size=128, shuffle=True, num_workers=workers):
        loss = F.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def with_skorch(augmented: bool) -> None:
    net = NeuralNetClassifier(
        SmallCNN,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=0.001,
        batch_size=128,
        max_epochs=1,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    )
    net.fit(cifar10(augmented), y=None)


ways = {
    "fit": with_fit,
    "a loop by hand, same tensors": by_hand,
    "CIFAR10 + DataLoader": lambda augmented: with_loader(augmented, workers=0),
    "CIFAR10 + DataLoader, 2 workers": lambda augmented: with_loader(augmented, workers=2),
    "skorch": with_skorch,
}
for augmented in (False, True):
    seconds = {name: [] for name in ways}
    for way in ways.values():
        way(augmented)
    for _ in range(TURNS):
        for name, way in ways.items():
            torch.manual_seed(0)
            started = time.perf_counter()
            way(augmented)
            seconds[name].append(time.perf_counter() - started)
    print(f"{'with flip and crop' if augmented else 'without augmentation':34}{'images/s':>9}{'fit is':>9}")
    for name, measured in seconds.items():
        # The ratio within a turn, since the machine is never quite the same for long.
        ratio = statistics.median(other / ours for other, ours in zip(measured, seconds["fit"], strict=True))
        print(f"  {name:32}{IMAGES / statistics.median(measured):9,.0f}{ratio:8.2f}x")
