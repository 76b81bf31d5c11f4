"""A week of a learner: three days in a clone, which is updated between them. Nothing is lost, and there is no conflict.

The first lesson is worked in, the second only looked at; both have a new version on the second day and on the third.
"""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from learner import answer, at_the_desk, look, menu, save, shown, wait_until_done
from playwright.sync_api import expect
from test_environment import ROOT

pytestmark = [
    pytest.mark.skipif(os.name != "posix" or not shutil.which("make"), reason="there is no make"),
    pytest.mark.skipif(not (ROOT / ".git").exists() or not shutil.which("git"), reason="this is no clone"),
]
FIRST, SECOND, BESIDE = "00_start_here.ipynb", "01_learning_rate.ipynb", "00_start_here.new.ipynb"
KEEPS = ("PATH", "LANG", "LC_ALL", "TMPDIR", "OMP_NUM_THREADS")
PROGRAMS = {"python": "", "ruff": "-m ruff", "lrcourse": "-c 'from lrcourse.cli import main; raise SystemExit(main())'"}
VERSION = "9.0"
COUNT = """# by me
steps = {}
images_in_last_batch = 32
check_steps_per_epoch(steps, images_in_last_batch, images=4000, batch_size=64)"""
WAIT = 300_000  # for a training on a busy machine


@pytest.fixture
def env(tmp_path, session_cache):
    """The environment of somebody who has set nothing."""
    (tmp_path / "home").mkdir()
    own = {"HOME": str(tmp_path / "home"), "LRCOURSE_CACHE": str(session_cache), "GIT_CONFIG_NOSYSTEM": "1"}
    return {name: os.environ[name] for name in KEEPS if name in os.environ} | own


def run(*command, cwd, env=None):
    ran = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
    return ran.stdout


@pytest.fixture
def author(tmp_path, env):
    """The clone of who writes the course, beside a repository that has what is committed here."""
    author, remote = tmp_path / "author", tmp_path / "remote.git"
    run("git", "archive", "--output", tmp_path / "course.zip", "HEAD", cwd=ROOT)
    shutil.unpack_archive(tmp_path / "course.zip", author)
    for command in ("init --initial-branch main", "config user.name author", "config user.email a@b.c", "add ."):
        run("git", *command.split(), cwd=author, env=env)
    run("git", "commit", "--quiet", "--message", "The course", cwd=author, env=env)
    run("git", "clone", "--quiet", "--bare", author, remote, cwd=tmp_path, env=env)
    run("git", "remote", "add", "origin", remote, cwd=author, env=env)
    return author


@pytest.fixture
def clone(tmp_path, author, env):
    """The learner's clone, with what `make lab` would install on the first day."""
    clone = tmp_path / "lrcourse"
    run("git", "clone", "--quiet", tmp_path / "remote.git", clone, cwd=tmp_path, env=env)
    (clone / ".venv/bin").mkdir(parents=True)
    for name, options in PROGRAMS.items():
        program = clone / ".venv/bin" / name
        program.write_text(f'#!/bin/sh\nPYTHONPATH="{clone}" exec "{sys.executable}" {options} "$@"\n')
        program.chmod(0o755)
    (clone / ".venv/installed").write_text("pypi\n")
    return clone


def cells(path):
    return json.loads(path.read_bytes())["cells"]


def write_new_version(author, name, claim):
    """Let the author add a claim to the end of a lesson, with its output, as `make outputs` would."""
    path = author / "notebooks" / name
    notebook = json.loads(path.read_bytes())
    number = 1 + max(cell.get("execution_count") or 0 for cell in notebook["cells"])
    said = {"name": "stdout", "output_type": "stream", "text": [f"✓ {claim}\n"]}
    text = {"cell_type": "markdown", "id": f"text-{number}", "metadata": {}, "source": [f"New: {claim}."]}
    code = {"cell_type": "code", "id": f"code-{number}", "metadata": {}, "source": [f'expect("{claim}", 1 + 1 == 2)']}
    notebook["cells"] += [text, code | {"execution_count": number, "outputs": [said]}]
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def publish(author, env, message):
    run("git", "commit", "--quiet", "--all", "--message", message, cwd=author, env=env)
    run("git", "push", "--quiet", "origin", "main", cwd=author, env=env)


def see_that_all_is_well(clone, env):
    """Look at what is to be so after each day: git has nothing to say, and the tests of the course are green."""
    assert run("git", "status", "--porcelain", cwd=clone, env=env) == ""
    run("make", "lint", cwd=clone, env=env)
    tests = ("-m", "pytest", "-q", "-p", "no:cacheprovider", f"notebooks/{FIRST}", "tests/test_notebooks.py")
    assert re.search(r"\d passed", run(".venv/bin/python", *tests, "tests/lessons", cwd=clone, env=env))
    assert run("git", "status", "--porcelain", cwd=clone, env=env) == ""


def go_to(page, heading):
    page.locator(".jp-TableOfContents-content:visible").get_by_text(heading, exact=True).first.click()


def predict(page, path, choice):
    """Run a lesson from its top by Shift+Enter to the first question, and commit to the choice of this number."""
    page.locator(".jp-Notebook:visible .jp-Cell").first.click()
    page.keyboard.press("Escape")
    for _ in range(1 + next(i for i, cell in enumerate(cells(path)) if "= predict(" in "".join(cell["source"]))):
        page.keyboard.press("Shift+Enter")
    notebook = page.locator(".jp-Notebook:visible")
    notebook.get_by_role("radio").nth(choice).check(timeout=WAIT)
    notebook.get_by_role("button", name="This is my prediction").first.click()
    expect(notebook.get_by_role("status").first).to_have_text("Noted. Run the next cells to see.")


def exercise(page, call):
    go_to(page, "Exercises")
    return page.locator(".jp-Notebook:visible .jp-CodeCell", has_text=call)


def test_a_week(clone, author, env, browser, tmp_path, request):
    if not request.config.getoption("--all-notebooks"):
        pytest.skip("takes some minutes: make browser, or --all-notebooks")
    desk = clone / "my_lessons"
    solved = ["".join(cell["source"]) for cell in cells(clone / "notebooks/solutions" / FIRST)]
    solution = next(source for source in solved if "check_training_loop(train_one_epoch" in source)

    def with_options(options):
        return ["make", "lab", f"ARGS={' '.join(options)}"]

    def make_lab():
        log = tmp_path / "lab.log"
        return at_the_desk(browser, with_options, env=env, log=log, cwd=clone)

    def start_again_and_run_all(page):
        menu(page, "Kernel", "Restart Kernel and Run All Cells…")
        page.locator(".jp-Dialog button", has_text="Restart").click()
        wait_until_done(page, seconds=WAIT / 1000)

    with make_lab() as (page, said):
        assert f"Your lessons are in {desk}.\n" in said
        shown(page, FIRST)
        expect(page.locator(".jp-TableOfContents-content:visible")).to_contain_text("Predict")
        look(page, "day 1, first start")
        predict(page, desk / FIRST, 2)
        look(page, "day 1, predicted")
        menu(page, "Run", "Run Selected Cell and All Below")
        wait_until_done(page, seconds=WAIT / 1000)
        counting = exercise(page, "check_steps_per_epoch(steps")
        answer(page, counting, COUNT.format(62))
        expect(counting).to_contain_text("✗ Not yet. The number of steps is wrong")
        answer(page, counting, COUNT.format(63))
        expect(counting).to_contain_text("✓ Right.")
        look(page, "day 1, exercise")
        save(page, desk / FIRST)
        page.locator(".jp-Notebook:visible a", has_text="→").last.click()
        shown(page, SECOND)
        page.keyboard.press("Control+s")
    mine = (desk / FIRST).read_bytes()
    see_that_all_is_well(clone, env)

    for name in (FIRST, SECOND):
        write_new_version(author, name, "on the second day this is new")
    publish(author, env, "Add a claim to two lessons")
    run("git", "pull", cwd=clone, env=env)
    with make_lab() as (page, said):
        assert f"Brought up to date, for you had not worked in them: {SECOND}.\n" in said
        assert f"{FIRST} has a new version: {BESIDE} lies beside yours, which stays.\n" in said
        assert (desk / FIRST).read_bytes() == mine
        assert all("the second day" in (desk / name).read_text(encoding="utf-8") for name in (BESIDE, SECOND))
        shown(page, FIRST)
        notebook = page.locator(".jp-Notebook:visible")
        expect(notebook.get_by_role("status").first).to_contain_text("✗ Measured: not at all")
        look(page, "day 2, opened")
        start_again_and_run_all(page)
        looping = exercise(page, "check_training_loop(train")
        answer(page, looping, solution)
        expect(looping).to_contain_text("✓ Right.", timeout=WAIT)
        expect(looping).to_contain_text(f"The solutions are open now: solutions/{FIRST}")
        look(page, "day 2, solved")
        save(page, desk / FIRST)
        page.locator(".jp-Notebook:visible a", has_text="Contents").last.click()
        expect(page.locator(".jp-RenderedMarkdown:visible table")).to_contain_text("0/1")
        look(page, "day 2, contents")
        page.locator(".jp-RenderedMarkdown:visible a", has_text="00_start_here.new").click()
        shown(page, BESIDE)
        page.keyboard.press("Control+s")
    see_that_all_is_well(clone, env)

    for name in (FIRST, SECOND):
        write_new_version(author, name, "and this on the third")
    package = author / "lrcourse/__init__.py"
    package.write_text(re.sub(r'(?<=__version__ = ")[^"]+', VERSION, package.read_text()))
    publish(author, env, "Release another version")
    run("git", "pull", cwd=clone, env=env)
    assert (
        run(".venv/bin/python", "-c", "import lrcourse; print(lrcourse.__version__)", cwd=clone, env=env)
        == f"{VERSION}\n"
    )
    with make_lab() as (page, said):
        assert f"up to date, for you had not worked in them: {SECOND}.\n" in said and f": {BESIDE} lies beside" in said
        shown(page, FIRST)
        start_again_and_run_all(page)
        go_to(page, "Predict")
        expect(page.locator(".jp-Notebook:visible").get_by_role("radio").nth(2)).to_be_checked()
        look(page, "day 3, run again")
        expect(exercise(page, "check_training_loop(train")).to_contain_text("✓ Right.")
        page.locator(".jp-Notebook:visible a", has_text="→").last.click()
        shown(page, SECOND)
        predict(page, desk / SECOND, 0)
        save(page, desk / SECOND)
        look(page, "day 3, next lesson")
    assert all("on the third" in (desk / name).read_text(encoding="utf-8") for name in (BESIDE, SECOND))
    assert "# by me" in (desk / FIRST).read_text(encoding="utf-8")
    first, second = run("make", "progress", cwd=clone, env=env).splitlines()[2:4]
    assert first.split()[2:] == ["0/1", "1/1", "2/2"] and second.split()[3] == "1/3"
    see_that_all_is_well(clone, env)
