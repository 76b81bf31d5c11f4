"""Small data sets of images, to be found, and what docs/data.md says of them."""

import numpy as np
from PIL import Image
from test_environment import ROOT

from lrcourse.images.layouts import CIFAR10_CLASSES


def write_folders(root, *, train=3, test=2, size=32, suffix="png"):
    """Write image folders in which the first pixel's red is the class and green the number of the image."""
    for part, count in (("train", train), ("test", test)):
        for label, name in enumerate(CIFAR10_CLASSES):
            folder = root / "cifar10" / part / name
            folder.mkdir(parents=True)
            for i in range(count):
                pixels = np.full((size, size, 3), (label * 20, i * 50 + (part == "test"), 7), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / f"{i}.{suffix}")
    return root


def table(head):
    """Return the rows of a table of the docs, by the first cell of its head."""
    text = (ROOT / "docs" / "data.md").read_text("utf-8").partition(f"\n| {head} |")[2].partition("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()[2:]]
