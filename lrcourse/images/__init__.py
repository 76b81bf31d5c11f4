"""What is trained on: CIFAR-10 if it is on this machine, else Shapes-10."""

from lrcourse.images.data import Data, Split, load_data
from lrcourse.images.download import URL, FetchError, fetch
from lrcourse.images.sources import cache_dir, find_cifar10, load_pool

__all__ = [
    "URL",
    "Data",
    "FetchError",
    "Split",
    "cache_dir",
    "fetch",
    "find_cifar10",
    "load_data",
    "load_pool",
]
