"""The network of the course."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import nn


def SmallCNN(classes: int = 10) -> nn.Sequential:
    """Return a small convolutional network for 32x32 colour images: 33,946 parameters for ten classes.

    Three blocks of 3x3 convolution, batch norm, ReLU and 2x2 max pooling (16, 32 and 64 channels), then
    one linear layer. Input ``(N, 3, 32, 32)``, output logits ``(N, classes)``. The convolutions have no
    bias: batch norm subtracts the mean, so the true gradient of such a bias is 0, and what Adam would
    divide by the root of its average square there is rounding noise. Weights are ``channels_last``,
    which is the faster layout for convolutions.

    The initial weights come from torch's global generator: call ``torch.manual_seed`` first.

    >>> import torch
    >>> SmallCNN()(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 10])
    """
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
