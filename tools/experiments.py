"""Compute the tables of runs that notebooks 10 and 12 read, by the notebooks' own cells.

    python tools/experiments.py 10 12

The cells that define an experiment are marked in their metadata (``"lrcourse": {"experiment": true}``). They give
``run``, ``configs`` and ``results``, the file of the table. What that holds already is not run again.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

import nbformat

from lrcourse import sweep

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"


def experiment(notebook: Path) -> dict:
    """Return the names that the marked cells of a notebook define."""
    cells = nbformat.read(notebook, as_version=4).cells
    marked = [cell.source for cell in cells if cell.metadata.get("lrcourse", {}).get("experiment")]
    names = {"__name__": "__main__"}  # so that workers get the functions by value
    exec("\n\n".join(marked), names)
    return names


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("numbers", nargs="*", default=["10", "12"], help="of the notebooks (default: 10 12)")
    parser.add_argument("--jobs", type=int, help="runs at a time (default: as many as there are cores)")
    arguments = parser.parse_args()
    os.chdir(NOTEBOOKS)
    for number in arguments.numbers:
        (notebook,) = NOTEBOOKS.glob(f"{number}_*.ipynb")
        names = experiment(notebook)
        names["results"].parent.mkdir(exist_ok=True)
        started = time.perf_counter()
        table = sweep(names["run"], names["configs"], jobs=arguments.jobs, results=names["results"])
        print(f"{names['results']}: {len(table)} runs, {(time.perf_counter() - started) / 60:.1f} minutes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
