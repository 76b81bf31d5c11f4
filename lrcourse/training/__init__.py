"""Running a training: the loop and its checkpoints, the networks, the range test, and many runs side by side."""

from lrcourse.training.loop import History, evaluate, fit
from lrcourse.training.models import FlipAndCrop, ResNet9, SmallCNN
from lrcourse.training.range_test import RangeTest, lr_range_test
from lrcourse.training.sweeps import grid, sweep

__all__ = [
    "FlipAndCrop",
    "History",
    "RangeTest",
    "ResNet9",
    "SmallCNN",
    "evaluate",
    "fit",
    "grid",
    "lr_range_test",
    "sweep",
]
