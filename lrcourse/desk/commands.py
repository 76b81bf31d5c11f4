"""What ``lrcourse lab``, ``progress``, ``solution`` and ``kernel`` do; each returns its exit status."""

from __future__ import annotations

import sys
from argparse import Namespace, _SubParsersAction
from collections.abc import Sequence
from pathlib import Path

from lrcourse.base import OPENMP, find_desk, lesson_of, open_solutions, tell
from lrcourse.desk.course import DeskError, find_course
from lrcourse.desk.kernel import set_up_kernel
from lrcourse.desk.lab import start
from lrcourse.desk.laying import Laid
from lrcourse.desk.making import default_folder, make_desk
from lrcourse.desk.progress import as_csv, as_text, find_desks, names_of, progress_of, total

FOLDER = "your folder (default: my_lessons in the clone of the course, or in your home folder if pip installed it)"


def add_commands(commands: _SubParsersAction) -> None:
    """Add what has to do with the desk to a command line; ``run_command`` does it."""
    lab = commands.add_parser(
        "lab", help="open your copies of the lessons in JupyterLab, made or brought up to date first"
    )
    lab.add_argument("folder", nargs="?", type=Path, help=FOLDER)
    lab.add_argument("--lay", action="store_true", help="only make the copies or bring them up to date")
    lab.epilog = "What stands behind -- goes to JupyterLab, such as: lrcourse lab -- --no-browser --port 9000"
    lab.set_defaults(act=_lab)
    done = commands.add_parser("progress", help="tell what is done, lesson by lesson, or learner by learner")
    done.add_argument("folders", nargs="*", type=Path, help="desks, or folders that hold desks (default: your own)")
    done.add_argument("--csv", action="store_true", help="write each learner's lessons as a table for a spreadsheet")
    done.set_defaults(act=_progress)
    solution = commands.add_parser("solution", help="lay the solutions of a lesson onto the desk, tried or not")
    solution.add_argument("lesson", help="its number, such as 05")
    solution.add_argument("folder", nargs="?", type=Path, help=FOLDER)
    solution.set_defaults(act=_solution)
    kernel = commands.add_parser(
        "kernel", help="once, for a JupyterLab that you start yourself: its kernels train as fast as those of lab"
    )
    kernel.set_defaults(act=_kernel)


def split_options(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the arguments, and apart from them what stands behind ``--`` and is meant for JupyterLab.

    >>> split_options(["lab", "mine", "--", "--port", "9000"])
    (['lab', 'mine'], ['--port', '9000'])
    """
    at = arguments.index("--") if "--" in arguments and arguments[0] == "lab" else len(arguments)
    return list(arguments[:at]), list(arguments[at + 1 :])


def run_command(given: Namespace, options: Sequence[str] = ()) -> int:
    """Do what a command was given for, and return its exit status: 0, or 1 after a sentence that says what is wrong."""
    try:
        return given.act(given, options)
    except DeskError as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(f"{error.filename}: {error.strerror}. Nothing of yours was changed.", file=sys.stderr)
    return 1


def _lab(given: Namespace, options: Sequence[str]) -> int:
    """Bring the desk up to date, and start JupyterLab on it."""
    desk, laid = make_desk(given.folder)
    tell(_report(desk, laid))
    return 0 if given.lay else start(desk, options)


def _progress(given: Namespace, options: Sequence[str]) -> int:
    """Print what is done: of one desk lesson by lesson, of several one row a learner."""
    desks = find_desks(given.folders or [_own_desk()])
    if not desks:
        raise DeskError(f"There is no desk in {', '.join(map(str, given.folders))}: `lrcourse lab FOLDER` makes one.")
    rows = {}
    for desk, name in zip(desks, names_of(desks), strict=True):
        try:
            rows[name] = progress_of(desk)
        except (OSError, ValueError) as error:
            print(f"{desk} is left out: {error}", file=sys.stderr)
    if given.csv:
        tell(as_csv((name, row) for name, of in rows.items() for row in of).rstrip())
    elif len(desks) > 1 or desks[0] not in (given.folders or desks):
        tell(as_text([total(name, of) for name, of in rows.items()], "learner"))
    else:
        tell("\n\n".join(as_text([*of, total("all", of)], "lesson") for of in rows.values()))
    return int(len(rows) < len(desks))


def _solution(given: Namespace, options: Sequence[str]) -> int:
    """Lay the solutions of a lesson onto the desk."""
    desk = given.folder or _own_desk()
    if find_desk(desk) != desk.resolve():
        raise DeskError(f"{desk} is no desk: `lrcourse lab FOLDER` makes one.")
    opened = open_solutions(desk, given.lesson)
    there = [path for path in (desk / "solutions").glob("*.ipynb") if given.lesson and lesson_of(path) == given.lesson]
    if not there:
        raise DeskError(f"There are no solutions of lesson {given.lesson!r}: give a number, such as 05.")
    for path in there:
        tell(f"{'Laid' if path in opened else 'It is there already'}: {path}")
    return 0


def _kernel(given: Namespace, options: Sequence[str]) -> int:
    """Give the kernel of this environment the settings that ``lrcourse lab`` gives to its own."""
    there = set_up_kernel()
    tell(f"Kernels that begin from now on have {' and '.join(map('='.join, OPENMP.items()))}: {there}")
    return 0


def _own_desk() -> Path:
    desk = find_desk() or default_folder(find_course())
    if find_desk(desk) != desk:
        raise DeskError(f"There is no desk in {desk}: `lrcourse lab` makes one. Is yours elsewhere? Name its folder.")
    return desk


def _report(desk: Path, laid: Laid) -> str:
    lines = [f"Your lessons are in {desk}."]
    updated = [path for path in laid.updated if path.endswith(".ipynb") and "/" not in path]
    if updated:
        lines.append(f"Brought up to date, for you had not worked in them: {', '.join(updated)}.")
    lines += [f"{old} has a new version: {new} lies beside yours, which stays." for old, new in laid.beside.items()]
    if laid.removed:
        lines.append(f"No longer part of the course, and untouched, so removed: {', '.join(laid.removed)}.")
    return "\n".join([*lines, *filter(None, [laid.words])])
