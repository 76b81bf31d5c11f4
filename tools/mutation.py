"""Let mutmut make small wrong changes to a part of the package, and print those that no test notices.

    python tools/mutation.py base                          all changes to lrcourse/base, against the tests of base
    python tools/mutation.py base --sample 150 --seed 3    150 of them, chosen by chance
    python tools/mutation.py base NAME NAME                those that were printed before, once more

Left out are changes of no consequence, by one rule, ``Meaning``: to the words of a message, to an argument that guards
against what cannot happen here, and None for False. ``tools/mutants.py`` is for what the notebooks must notice; this is
for what one would not think of.

It works in a copy, ``build/mutation/``, in which each function is called by way of one of mutmut's. mutmut leaves out
what has a decorator, as all rules of the optimizers have: there, a decorator is called below its function instead of
written above it. A test that fails in the copy without any change is named, and not asked.
"""

from __future__ import annotations

import argparse
import ast
import copy
import difflib
import importlib.util
import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# Which tests are asked about a part: those that take it to pieces, and are quick.
PARTS = {
    "base": ["tests/base", "tests/desk/test_progress.py", "tests/schedules", "tests/steps/test_counting.py"],
    "images": ["tests/images"],
    "steps": ["tests/steps"],
    "schedules": ["tests/schedules"],
    "training": ["tests/training", "tests/steps/test_counting.py"],
    "lessons": ["tests/lessons", "tests/test_mistakes.py"],
    "plots": ["tests/plots"],
}
LONG = "not kill and not first_edition and not noise_floor and not every_process and not interrupted and not workers"
SECONDS = 6  # of tests for a change, the quickest first; of every function that is as quick, TIMES run at any rate
TIMES = 2
GUARDS = {"encoding", "stacklevel", "strict"}
CONFIG = """
[tool.mutmut]
source_paths = ["lrcourse"]
only_mutate = ["lrcourse/{part}*"]
also_copy = {others}
pytest_add_cli_args = ["-o", "addopts=", "-p", "mutation", "-p", "_hypothesis_pytestplugin", "-k", "{long}"]
pytest_add_cli_args_test_selection = {tests}
timeout_multiplier = 5.0
timeout_constant = 10.0
process_isolation = "forkserver"
use_git_change_detection = false
"""


class Meaning(ast.NodeTransformer):
    """Take out of a function what may change without consequence."""

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        words = isinstance(node.value, str) and " " in node.value
        return ast.Constant("words") if words else ast.Constant(None) if node.value is False else node

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        return ast.Raise(node.exc.func if isinstance(node.exc, ast.Call) else node.exc, None)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if ast.unparse(node.func) in ("warn", "warnings.warn"):
            return ast.Call(node.func, [], [])
        node.keywords = [keyword for keyword in node.keywords if keyword.arg not in GUARDS]
        return self.generic_visit(node)


def meaning(function: ast.FunctionDef) -> str:
    return ast.dump(Meaning().visit(copy.deepcopy(ast.Module([function.args, *function.body], []))))


def copy_tree(copied: Path, part: str) -> None:
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    names = [name for name in listed.stdout.split("\n") if (ROOT / name).is_file()]
    shutil.rmtree(copied, ignore_errors=True)
    for name in names:
        (copied / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copied / name)
    others = {Path(name).parts[0] for name in names} - {"lrcourse", "tests", "pyproject.toml"}
    tests = [name for name in PARTS[part] if (copied / name).exists()]
    with (copied / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(CONFIG.format(part=part, others=sorted(others), tests=tests, long=LONG))


def undecorate(path: Path) -> None:
    """Write ``f = decorator(f)`` below a function, and look two frames further up, past mutmut's, for who called."""
    text = path.read_text(encoding="utf-8")
    lines = text.split("\n")
    found = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef) and node.decorator_list]
    for node in sorted(found, key=lambda node: node.lineno, reverse=True):
        names = {ast.unparse(decorator) for decorator in node.decorator_list}
        if node.col_offset > 4 or names <= {"classmethod", "staticmethod"}:  # mutmut can do these itself
            continue
        call = node.name
        for decorator in reversed(node.decorator_list):
            call = f"{ast.unparse(decorator)}({call})"
        lines.insert(node.end_lineno, f"{' ' * node.col_offset}{node.name} = {call}")
        del lines[node.decorator_list[0].lineno - 1 : node.lineno - 1]
    text = "\n".join(lines).replace("sys._getframe(1)", "sys._getframe(3)")
    path.write_text(text.replace('.startswith("lrcourse.")', '.startswith(("lrcourse.", "mutmut."))'), encoding="utf-8")


def changes(part: str) -> dict[str, str]:
    """Return what each change of consequence is, by mutmut's name for it."""
    from mutmut.mutation.file_mutation import mutate_file_contents

    found = {}
    for path in sorted([*Path("lrcourse").glob(f"{part}.py"), *Path("lrcourse").glob(f"{part}/**/*.py")]):
        if path.stem == "__init__":
            continue
        made = mutate_file_contents(str(path), path.read_text(encoding="utf-8"))
        tree = ast.walk(ast.parse(made.code))
        functions = {node.name: node for node in tree if isinstance(node, ast.FunctionDef) and "__mutmut" in node.name}
        for name in made.mutant_names:
            pair = [functions[re.sub(r"__mutmut_\d+$", "__mutmut_orig", name)], functions[name]]
            before, after = (ast.unparse(ast.Module(node.body, [])).split("\n") for node in pair)
            said = [line for line in difflib.ndiff(before, after) if line[0] in "-+"]
            if meaning(pair[0]) != meaning(pair[1]):
                found[".".join([*path.with_suffix("").parts, name])] = "\n".join(said)
    return found


def mutmut(*arguments: str) -> None:
    where = os.pathsep.join([str(ROOT / "tools"), os.environ.get("PYTHONPATH", "")])
    own = {"PYTHONPATH": where, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg"}
    start = "from mutmut.__main__ import cli; cli()"
    subprocess.run([sys.executable, "-c", start, *arguments], env=os.environ | own, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--sample", type=int, metavar="N")
    parser.add_argument("--seed", type=int, default=17, metavar="S")
    asked = parser.parse_args()
    if importlib.util.find_spec("mutmut") is None:
        sys.exit('mutmut is not installed: .venv/bin/python -m pip install --editable ".[mutation]"')
    copied = ROOT / "build" / "mutation" / asked.part
    copy_tree(copied, asked.part)
    for path in copied.glob("lrcourse/**/*.py"):
        undecorate(path)
    os.chdir(copied)
    every = changes(asked.part)
    chosen = asked.names or random.Random(asked.seed).sample(sorted(every), min(asked.sample or len(every), len(every)))
    mutmut("run", "--max-children", "2", *chosen)
    report(asked.part, every, chosen)


def report(part: str, every: dict[str, str], chosen: list[str]) -> None:
    from mutmut.stats import status_by_exit_code

    codes = {}
    for path in Path("mutants").glob("lrcourse/**/*.meta"):
        codes |= json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
    # mutmut calls it a timeout, too, when the tests cannot even begin, as after a change to what conftest.py calls.
    status = {name: status_by_exit_code[codes[name]] for name in chosen}
    noticed = [name for name in chosen if status[name] in ("killed", "timeout", "segfault")]
    for name in sorted(set(chosen) - set(noticed)):
        print(f"\n{name}: {status[name]}\n{every[name]}")
    print("\nTests that fail in the copy without any change:", *not_asked(Path("mutants")), sep="\n  ")
    share = f"{len(noticed) / len(chosen):.0%}"
    print(f"\n{part}: {len(every)} changes, {len(chosen)} made, {len(noticed)} noticed ({share})")


def not_asked(folder: Path = Path()) -> list[str]:
    path = folder / "not_asked.txt"
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    """Note a test that fails without any change, while mutmut looks which tests run which function."""
    report = yield
    if report.failed and os.environ.get("MUTANT_UNDER_TEST") == "stats":
        with open("not_asked.txt", "a", encoding="utf-8") as file:
            file.write(f"{report.nodeid}\n")
        report.outcome, report.longrepr = "skipped", (report.nodeid, 0, "fails without any change")
    return report


def pytest_configure(config):
    """Take the files of the tests that are asked for: in one process, pytest does not find every name a second time."""
    config.asked = {name for name in config.args if "::" in name}
    config.args = list(dict.fromkeys(name.partition("::")[0] for name in config.args))


def pytest_collection_modifyitems(config, items):
    """Ask the quickest tests first, and not those that fail without any change."""
    if not Path("mutmut-stats.json").exists():
        return
    took = json.loads(Path("mutmut-stats.json").read_text(encoding="utf-8"))["duration_by_test"]
    asked = [item for item in items if item.nodeid in (config.asked or took) and item.nodeid not in not_asked()]
    items[:], times, total = [], Counter(), 0
    for item in sorted(asked, key=lambda item: took.get(item.nodeid, 0)):
        seconds = took.get(item.nodeid, 0)
        total, times[item.originalname] = total + seconds, times[item.originalname] + 1
        if total < SECONDS or times[item.originalname] <= TIMES and seconds < SECONDS:
            items.append(item)


if __name__ == "__main__":
    main()
