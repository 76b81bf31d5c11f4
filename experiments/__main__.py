"""Compute what the tables in ``notebooks/results/`` do not hold yet.

    python -m experiments                # all, on the data set that is found
    python -m experiments warm_up 10     # some; 10 and 12 are the tables that the lessons' own cells define

A table is written after each run, and what it holds is not run again. So it can be stopped at any time.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import os
import shutil
import sys
import time
from pathlib import Path

import pandas as pd

from experiments.training import KEPT, ROOT, table_name
from lrcourse import sweep

NOTEBOOKS = ROOT / "notebooks"
RESULTS = NOTEBOOKS / "results"
QUESTIONS = ("reset", "warm_up", "why_up", "plateau_noise", "10", "cycles", "budgets", "capstone", "12")


def lesson(notebook: Path) -> dict:
    """Return the names that the marked cells of a notebook define: ``run``, ``configs`` and ``results``, its table."""
    import nbformat  # most experiments do without

    cells = nbformat.read(notebook, as_version=4).cells
    marked = [cell.source for cell in cells if cell.metadata.get("lrcourse", {}).get("experiment")]
    names = {"__name__": "__main__"}  # so that workers get the functions by value
    exec("\n\n".join(marked), names)
    return names


def compute(question: str, jobs: int | None, results: Path = RESULTS) -> tuple[Path, pd.DataFrame]:
    """Train what the table of a question lacks, and return its file and what is in it now."""
    results.mkdir(exist_ok=True)
    if question.isdigit():
        (notebook,) = NOTEBOOKS.glob(f"{question}_*.ipynb")
        names = lesson(notebook)
        path = results / names["results"].name
        return path, sweep(names["run"], names["configs"], jobs=jobs, results=path)
    module = importlib.import_module(f"experiments.{question}")
    path = results / f"{table_name(question)}.csv"
    configs, table = module.configs(), None
    while table is None or len(configs) > len(table):
        table = sweep(module.run, configs, jobs=jobs, results=path)
        if inspect.signature(module.configs).parameters:  # which runs come next depends on those before
            configs = module.configs(table)
    shutil.rmtree(KEPT / table_name(question), ignore_errors=True)
    return path, table


def main() -> int:
    """Compute the tables of the questions that are named."""
    parser = argparse.ArgumentParser(prog="python -m experiments", description=__doc__.splitlines()[0])
    parser.add_argument("questions", nargs="*", choices=[[], *QUESTIONS], metavar="question", help=f"of {QUESTIONS}")
    parser.add_argument("--jobs", type=int, help="runs at a time (default: as many as there are cores)")
    arguments = parser.parse_args()
    os.chdir(NOTEBOOKS)  # where the lessons' own cells are run
    for question in arguments.questions or QUESTIONS:
        started = time.perf_counter()
        path, table = compute(question, arguments.jobs)
        print(f"{path}: {len(table)} runs, {(time.perf_counter() - started) / 60:.1f} minutes", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
