"""What is trained on: CIFAR-10 if it is on this machine, else Shapes-10."""

from lrcourse.images.cache import cache_dir, entries_not_whole
from lrcourse.images.data import Data, Split, load_data
from lrcourse.images.download import FetchError, fetch
from lrcourse.images.lacking import hint
from lrcourse.images.sources import find_cifar10, load_pool

__all__ = [
    "Data",
    "FetchError",
    "Split",
    "cache_dir",
    "entries_not_whole",
    "fetch",
    "find_cifar10",
    "hint",
    "load_data",
    "load_pool",
]
