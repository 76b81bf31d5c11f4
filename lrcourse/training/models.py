"""The networks of the course."""

from __future__ import annotations

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lrcourse.base import check_whole


def SmallCNN(classes: int = 10) -> nn.Sequential:
    """Return a small convolutional network for 32x32 colour images: 33,946 parameters for ten classes.

    Three blocks of 3x3 convolution, batch norm, ReLU and 2x2 max pooling (16, 32 and 64 channels), then
    one linear layer. Input ``(N, 3, 32, 32)``, output logits ``(N, classes)``. The convolutions have no
    bias: batch norm subtracts the mean, so the true gradient of such a bias is 0, and what Adam would
    divide by the root of its average square there is rounding noise. Weights are ``channels_last``,
    which is the faster layout for convolutions.

    The initial weights come from torch's global generator: call ``torch.manual_seed`` first.

    Raises:
        ValueError: ``classes`` is not a whole number from 1.

    >>> import torch
    >>> SmallCNN()(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 10])
    """
    classes = check_whole("classes", classes)
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    channels_in = 3
    for block, channels in enumerate((16, 32, 64), 1):
        layers[f"conv{block}"] = nn.Conv2d(channels_in, channels, kernel_size=3, padding=1, bias=False)
        layers[f"norm{block}"] = nn.BatchNorm2d(channels)
        layers[f"relu{block}"] = nn.ReLU()
        layers[f"pool{block}"] = nn.MaxPool2d(2)
        channels_in = channels
    layers["flatten"] = nn.Flatten()
    layers["linear"] = nn.Linear(channels_in * 4 * 4, classes)
    model = nn.Sequential(layers)
    return model.to(memory_format=torch.channels_last)


def ResNet9(classes: int = 10) -> nn.Sequential:
    """Return a residual network for 32x32 colour images: 6,573,130 parameters for ten classes.

    Eight 3x3 convolutions of 64 to 512 channels, each with batch norm and ReLU, two of them pairs inside a residual
    connection, then one linear layer. For a GPU: on a CPU one pass over CIFAR-10 takes many minutes. Input
    ``(N, 3, 32, 32)``, output logits ``(N, classes)``.

    Raises:
        ValueError: ``classes`` is not a whole number from 1.

    Source: the architecture of Page 2018, "How to train your ResNet", part 4.

    >>> ResNet9()(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 10])
    """
    model = nn.Sequential(
        _convolution(3, 64),
        _convolution(64, 128),
        nn.MaxPool2d(2),
        Residual(_convolution(128, 128), _convolution(128, 128)),
        _convolution(128, 256),
        nn.MaxPool2d(2),
        _convolution(256, 512),
        nn.MaxPool2d(2),
        Residual(_convolution(512, 512), _convolution(512, 512)),
        nn.MaxPool2d(4),
        nn.Flatten(),
        nn.Linear(512, check_whole("classes", classes)),
    )
    return model.to(memory_format=torch.channels_last)


def _convolution(channels_in: int, channels: int) -> nn.Sequential:
    convolution = nn.Conv2d(channels_in, channels, kernel_size=3, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(channels), nn.ReLU())


class Residual(nn.Sequential):
    """Layers whose output is added to their input."""

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x + layers(x)``."""
        return x + super().forward(x)


class FlipAndCrop(nn.Module):
    """Augmentation as the first layer of a model: while training, mirror half of the images and move all a little.

    Each image is padded with zeros, which is the mean colour of normalised images, and cut out again at a random place;
    in ``eval`` mode nothing happens. The random numbers come from torch's global generator, as those of dropout do.

    Args:
        padding: pixels that an image can move in each direction.

    Raises:
        ValueError: ``padding`` is not a whole number from 0.

    >>> model = nn.Sequential(FlipAndCrop(), SmallCNN())
    >>> model(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 10])
    """

    def __init__(self, padding: int = 4) -> None:
        super().__init__()
        self.padding = check_whole("padding", padding, least=0, unit="pixels")

    def extra_repr(self) -> str:
        """Return what the text of a model shows of it, by which ``fit`` also tells one run from another."""
        return f"padding={self.padding}"

    def forward(self, images: Tensor) -> Tensor:
        """Return images of the same shape ``(N, C, H, W)``, in ``channels_last`` layout where they were changed."""
        if not self.training:
            return images
        count, _, height, width = images.shape
        device = images.device
        top, left = torch.randint(2 * self.padding + 1, (2, count, 1), device=device)
        mirrored = torch.rand(count, 1, device=device) < 0.5
        rows = top + torch.arange(height, device=device)
        columns = torch.arange(width, device=device)
        columns = left + torch.where(mirrored, width - 1 - columns, columns)
        padded = F.pad(images, [self.padding] * 4)
        # One look-up for all: index arrays around a slice put their axes first, so this is (N, H, W, C).
        moved = padded[torch.arange(count, device=device)[:, None, None], :, rows[:, :, None], columns[:, None, :]]
        return moved.permute(0, 3, 1, 2)
