"""Make small wrong changes to the package, one at a time in a copy, and see that tests and notebooks notice.

    make mutants                    all of them, about a quarter of an hour; writes docs/mutants.md
    make mutants ARGS="eps betas"   those whose description holds one of the words; writes nothing

A mutant, in mutants.toml, is a text that stands once in a module and what it is replaced with. It must be caught by the
tests named, and, where it touches what a notebook teaches, by that notebook too. The exit status is 1 if one survives.
"""

from __future__ import annotations

import datetime
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

ROOT = Path(__file__).resolve().parent.parent
LIST = Path(__file__).with_suffix(".toml")
PAGE = ROOT / "docs" / "mutants.md"
FIRST = re.compile(r"^(?:FAILED|ERROR) (?P<file>[^: ]+)(?:::(?P<name>.*?))?(?:\[.*\])?(?: - .*)?$", re.MULTILINE)
MISSED = "**missed**"
HEAD = """# Mutants

What the tests and the notebooks notice. Each line is a small wrong change to the package, made in a copy by
`tools/mutants.py`. "Test" is the first test that failed, "notebook" the cell whose claim did not hold, where the change
touches what that notebook teaches. Written on {date} with torch {torch} on Shapes-10: {count} mutants, {missed} of
them missed.

| | module | wrong change | test | notebook |
|---|---|---|---|---|
"""


class Mutant(NamedTuple):
    """A wrong change, and who should notice."""

    what: str
    module: str
    old: str
    new: str
    tests: list[str]
    notebook: str = ""


MUTANTS = [Mutant(**entry) for entry in tomllib.loads(LIST.read_text(encoding="utf-8"))["mutant"]]


def apply(mutant: Mutant, root: Path) -> None:
    """Make the change in the copy at ``root``."""
    path = root / "lrcourse" / f"{mutant.module}.py"
    text = path.read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        raise ValueError(f"{mutant.what}: its text stands {text.count(mutant.old)} times in {path.name}, not once")
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")


def run(root: Path, targets: list[str]) -> str:
    """Return which test or cell fails first in the copy at ``root``; nothing if all pass."""
    env = {**os.environ, "PYTHONPATH": str(root), "LRCOURSE_CACHE": str(root.parent / "cache"), "OMP_NUM_THREADS": "1"}
    env.pop("LRCOURSE_CIFAR10", None)
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=no", "-p", "no:cacheprovider", *targets]
    if targets[0].startswith("tests"):
        command.append("--hypothesis-profile=no shrinking")
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True)
    if done.returncode == 0:
        return ""
    if found := FIRST.search(done.stdout):
        file = Path(found["file"])
        return f"{file.stem}, {found['name'].lower()}" if file.suffix == ".ipynb" else found["name"] or file.stem
    raise RuntimeError(f"pytest {targets}: {done.stdout[-2000:]}{done.stderr[-2000:]}")


def tests_of(mutant: Mutant) -> list[str]:
    places = (path for name in mutant.tests for path in (ROOT / "tests").rglob(f"test_{name}.py"))
    return [str(path.relative_to(ROOT)) for path in places]


def notebook_of(mutant: Mutant) -> list[str]:
    folder, _, number = mutant.notebook.rpartition("/")
    return [str(path.relative_to(ROOT)) for path in (ROOT / "notebooks" / folder).glob(f"{number}_*.ipynb")]


def main() -> int:
    words = sys.argv[1:]
    chosen = [mutant for mutant in MUTANTS if not words or any(word in mutant.what for word in words)]
    rows, missed = [], 0
    with tempfile.TemporaryDirectory() as folder:
        whole, root = Path(folder) / "whole", Path(folder) / "mutant"
        leave = shutil.ignore_patterns(".git", ".venv", "build", "__pycache__", "*.egg-info", ".hypothesis", ".*_cache")
        shutil.copytree(ROOT, whole, ignore=leave)
        # What fails without a mutant catches none.
        for who in (tests_of, notebook_of):
            targets = sorted({target for mutant in chosen for target in who(mutant)})
            if targets and (failed := run(whole, targets)):
                print(f"without a mutant, {failed} fails: mend it first", file=sys.stderr)
                return 1
        for i, mutant in enumerate(progress := tqdm(chosen, unit="mutant"), 1):
            shutil.copytree(whole, root)
            apply(mutant, root)
            test = run(root, tests_of(mutant)) or MISSED
            cell = (run(root, notebook_of(mutant)) or MISSED) if mutant.notebook else ""
            shutil.rmtree(root)
            missed += MISSED in (test, cell)
            rows.append(f"| {i} | {mutant.module} | {mutant.what} | {test} | {cell} |")
            progress.write(rows[-1])
    if not words:
        import torch

        head = HEAD.format(date=datetime.date.today(), torch=torch.__version__, count=len(chosen), missed=missed)
        PAGE.write_text(head + "\n".join(rows) + "\n", encoding="utf-8")
    print(f"{len(chosen)} mutants, {missed} missed")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
