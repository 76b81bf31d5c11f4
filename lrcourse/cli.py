"""The command line: the learner's desk (``lab``, ``progress``, ``solution``), ``doctor`` and ``fetch``."""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import platform
import sys
from collections.abc import Sequence

from lrcourse.base import note
from lrcourse.desk import add_commands, run_command, split_options
from lrcourse.images import URL, FetchError, cache_dir, fetch, find_cifar10, load_pool

PACKAGES = ("torch", "torchvision", "numpy", "matplotlib", "ipywidgets", "jupyterlab", "nbval")
GET_CIFAR10 = (
    "to use the real images, call `lrcourse fetch` (163 MiB), or set LRCOURSE_CIFAR10 to the folder that holds"
    " cifar-10-batches-py"
)


def doctor() -> bool:
    """Print what is installed, the device and the data set found, and what to do; return whether it can run."""
    problems = [] if sys.version_info >= (3, 11) else ["Python is older than 3.11: install a newer one"]
    print(f"Python       {platform.python_version()} on {platform.system()} {platform.machine()}")
    for name in PACKAGES:
        try:
            print(f"{name:<12} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            print(f"{name:<12} missing")
            problems.append(f"{name} is missing: pip install {name}")
    problems += _device_problems()
    try:
        folder = find_cifar10()
        print(f"images       {load_pool().source}")
        print(f"             {folder if folder else 'CIFAR-10 is not on this machine; ' + GET_CIFAR10}")
    except (OSError, ValueError) as error:
        problems.append(str(error))
    print(f"cache        {cache_dir()}")
    if words := note():
        print(f"note         {words}")
    for problem in problems:
        print(f"PROBLEM      {problem}")
    print("The course cannot run here yet." if problems else "The course can run here.")
    return not problems


def _device_problems() -> list[str]:
    try:
        import torch

        importlib.import_module("torchvision")  # one that does not match torch fails here
    except (ImportError, OSError, RuntimeError) as error:
        return [f"torch and torchvision do not load together ({error}): install the pair in constraints.txt"]
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "none; the course needs none"
    print(f"CPU threads  {torch.get_num_threads()}")
    print(f"GPU          {gpu}")
    return []


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status: 0, or 1 if it could not do what it was asked to."""
    parser = argparse.ArgumentParser(prog="lrcourse", description="Learning rates in PyTorch, by measurement.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("doctor", help="tell whether the course can run here, and what to do if it cannot")
    get = commands.add_parser("fetch", help="download CIFAR-10; call it again to go on with a download")
    get.add_argument("--to", help="the folder to put it into (default: the cache, where the course looks)")
    get.add_argument("--url", default=URL, help="a mirror of cifar-10-python.tar.gz (default: %(default)s)")
    add_commands(commands)
    arguments, for_jupyterlab = split_options(sys.argv[1:] if arguments is None else arguments)
    given = parser.parse_args(arguments)
    if "act" in given:
        return run_command(given, for_jupyterlab)
    if given.command == "doctor":
        return 0 if doctor() else 1
    try:
        folder = fetch(given.to, url=given.url)
    except (FetchError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"CIFAR-10 is in {folder}." + (f" Set LRCOURSE_CIFAR10={folder.parent} to use it." if given.to else ""))
    return 0
