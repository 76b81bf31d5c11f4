"""The images the course trains on: CIFAR-10 if it is on this machine, else Shapes-10.

Nothing here touches the network. The images are tensors in memory, not a ``DataLoader``: at this size that
is faster, and a ``DataLoader`` draws from torch's global generator even when it does not shuffle, so that
evaluating a model would change how its training goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lrcourse.base import as_python, check_whole
from lrcourse.images.sources import load_pool


class Split(NamedTuple):
    """Images and their labels.

    Attributes:
        images: float32 ``(N, 3, 32, 32)``, normalised per channel, in ``channels_last`` layout.
        labels: int64 ``(N,)``.
    """

    images: Tensor
    labels: Tensor


@dataclass(frozen=True, eq=False)  # tensors have no one answer to ==
class Data:
    """Three disjoint sets of images.

    Attributes:
        train: what the model learns from.
        val: what choices are made on, such as a learning rate or when to lower it.
        test: what the result is reported on; nothing is chosen by it.
        classes: the names of the labels.
        source: what you got, in words.
    """

    train: Split
    val: Split
    test: Split
    classes: tuple[str, ...]
    source: str

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name} {len(getattr(self, name).labels):,}" for name in ("train", "val", "test"))
        return f"Data({self.source}: {sizes})"


def load_data(
    *,
    train: int | None = 4000,
    val: int | None = 1000,
    test: int | None = 1000,
    seed: int = 0,
    device: torch.device | str = "cpu",
) -> Data:
    """Return three disjoint sets of CIFAR-10 images if they are on this machine, else of Shapes-10.

    CIFAR-10 is looked for in ``LRCOURSE_CIFAR10``, else in the user's cache directory, as
    torchvision's ``cifar-10-batches-py`` or as folders ``cifar10/{train,test}/<class>/*.png``. The first
    load decodes it into a cache; later ones take a fraction of a second. ``lrcourse doctor`` tells what is found.

    Args:
        train: number of training images. ``None`` is all that ``val`` leaves.
        val: number of validation images, taken from the data set's training images. ``None`` is all
            that ``train`` leaves.
        test: number of test images, taken from the data set's test images. ``None`` is all.
        seed: decides which images go where.
        device: where the tensors are put.

    Raises:
        FileNotFoundError: ``LRCOURSE_CIFAR10`` is set and there is no CIFAR-10 there.
        ValueError: the data set is damaged, or more images were asked for than it has; or a
            number of images or ``seed`` is not a whole number.

    >>> data = load_data(train=200, val=50, test=50)
    >>> data.train.images.shape, data.val.labels.shape
    (torch.Size([200, 3, 32, 32]), torch.Size([50]))

    Source: Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images".
    """
    seed = check_whole("seed", seed, least=0)
    pool = load_pool()
    train, val = _sizes({"train": train, "val": val}, len(pool.train_labels), pool.source)
    (test,) = _sizes({"test": test}, len(pool.test_labels), pool.source)
    generator = torch.Generator().manual_seed(seed)
    learn = torch.randperm(len(pool.train_labels), generator=generator).numpy()
    held = torch.randperm(len(pool.test_labels), generator=generator).numpy()
    learn, held = learn[: train + val], held[:test]
    learn_images = torch.from_numpy(pool.train_images[learn])
    mean, std = _channel_statistics(learn_images[:train])

    def split(images: Tensor, labels: np.ndarray) -> Split:
        values = images.to(torch.float32, memory_format=torch.channels_last).sub_(mean).div_(std)
        return Split(values.to(device), torch.from_numpy(labels).to(device))

    return Data(
        train=split(learn_images[:train], pool.train_labels[learn[:train]]),
        val=split(learn_images[train:], pool.train_labels[learn[train:]]),
        test=split(torch.from_numpy(pool.test_images[held]), pool.test_labels[held]),
        classes=pool.classes,
        source=pool.source,
    )


def _sizes(asked: dict[str, int | None], there: int, source: str) -> list[int]:
    """Return how many images each split gets of the ``there`` that they share; ``None`` takes the rest."""
    words = " and ".join(f"{name}={size}" for name, size in asked.items())
    asked = {name: as_python(size) for name, size in asked.items()}
    fixed = [size for size in asked.values() if size is not None]
    if any(isinstance(size, bool) or not isinstance(size, int) or size < 1 for size in fixed):
        raise ValueError(f"a number of images is a whole number from 1, or None for all there is; got {words}")
    if len(asked) - len(fixed) > 1:
        raise ValueError(f"only one of train and val can take all that the other leaves; got {words}")
    rest = there - sum(fixed)
    if rest < 0 or (rest == 0 and None in asked.values()):
        raise ValueError(f"{source} has {there:,} images for {words}: ask for fewer")
    return [rest if size is None else size for size in asked.values()]


def _channel_statistics(images: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation of each channel of uint8 ``(N, 3, 32, 32)``, as ``(3, 1, 1)``."""
    # From histograms: exact whatever the number of images, and without a copy in floating point.
    counts = torch.stack([torch.bincount(images[:, c].flatten(), minlength=256) for c in range(3)])
    share = counts.double() / counts.sum(1, keepdim=True)
    value = torch.arange(256, dtype=torch.float64)
    mean = (share * value).sum(1)
    std = ((share * value**2).sum(1) - mean**2).sqrt()
    return mean.float().view(3, 1, 1), std.float().view(3, 1, 1)
