"""The command line: the learner's desk (``lab``, ``progress``, ``solution``, ``kernel``), ``doctor`` and ``fetch``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from lrcourse.base import tell
from lrcourse.desk import add_commands, run_command, split_options
from lrcourse.doctor import doctor


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status: 0, or 1 if it could not do what it was asked to."""
    parser = argparse.ArgumentParser(prog="lrcourse", description="Learning rates in PyTorch, by measurement.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("doctor", help="tell whether the course can run here, and what to do if it cannot")
    get = commands.add_parser("fetch", help="download CIFAR-10; call it again to go on with a download")
    get.add_argument("--to", metavar="FOLDER", help="where to put it (default: the cache, where the course looks)")
    source = get.add_mutually_exclusive_group()
    source.add_argument("--from", dest="archive", metavar="FILE", help="cifar-10-python.tar.gz, if you have it already")
    source.add_argument("--url", help="a mirror of cifar-10-python.tar.gz (default: the page of the data set)")
    add_commands(commands)
    arguments, for_jupyterlab = split_options(sys.argv[1:] if arguments is None else arguments)
    given = parser.parse_args(arguments)
    if "act" in given:
        return run_command(given, for_jupyterlab)
    if given.command == "doctor":
        return 0 if doctor() else 1
    return _fetch({name: value for name, value in vars(given).items() if value and name != "command"})


def _fetch(options: dict[str, str]) -> int:
    try:
        from lrcourse.images import FetchError, fetch, find_cifar10  # not above: doctor runs also where it fails
    except ImportError as error:
        print(f"{error}: `lrcourse doctor` says what to do", file=sys.stderr)
        return 1
    try:
        folder = fetch(**options)
    except FetchError as error:
        print(error, file=sys.stderr)
        return 1
    try:
        found = find_cifar10()
    except FileNotFoundError:  # it is to be found where there is none
        found = None
    use = "" if found == folder.resolve() else f" Set LRCOURSE_CIFAR10={folder.parent} to use it."
    tell(f"CIFAR-10 is in {folder}.{use}")
    return 0
