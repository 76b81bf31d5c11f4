"""Two days of a learner: what was answered and typed is there on the second, and what nobody touched is new."""

import json
import os
import sys
from pathlib import Path

import pytest
from lab import write_notebook
from learner import answer, at_the_desk, look, run_to_the_end, save, shown, wait_until_done
from playwright.sync_api import expect

import lrcourse

START = """
import sys
from pathlib import Path
from lrcourse.desk.lab import start
from lrcourse.desk.making import make_desk
desk, course = map(Path, sys.argv[1:3])
print(make_desk(desk, course)[1], flush=True)
start(desk, sys.argv[3:])
"""
QUESTION = "Is 1 < 2?"
LESSON = [
    "from lrcourse import predict\nfrom lrcourse.lessons import check_number",
    f"prediction = predict({QUESTION!r}, ['yes', 'no'])",
    "prediction.check('no')",
    "answer = ...\ncheck_number(answer, lambda: 3)",
]
LONG = "print(*range(200), sep='\\n')"
SAID = "✗ Measured: no. Read on to see why. So far you predicted 0 of 1."


@pytest.fixture
def course(tmp_path):
    course = tmp_path / "course"
    for folder in ("notebooks", "notebooks/solutions", "docs"):
        (course / folder).mkdir(parents=True)
    for name in ("00_start", "01_next", "solutions/00_start"):
        write_notebook(course / f"notebooks/{name}.ipynb", ["# first edition", *LESSON])
    (course / "docs/glossary.md").write_text("# Words\n\nfirst edition")
    return course


def open_desk(tmp_path, browser, session_cache):
    """Start the course as a learner does."""
    own = {f"JUPYTER_{name}_DIR": str(tmp_path / "home" / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    own |= {"JUPYTERLAB_SETTINGS_DIR": str(tmp_path / "home/settings"), "IPYTHONDIR": str(tmp_path / "home/ipython")}
    own |= {"PYTHONPATH": str(Path(lrcourse.__file__).parents[1]), "LRCOURSE_CACHE": str(session_cache)}
    command = [sys.executable, "-c", START, tmp_path / "desk", tmp_path / "course"]
    return at_the_desk(
        browser, lambda options: [*command, *options], env={**os.environ, **own}, log=tmp_path / "lab.log"
    )


def test_what_was_answered_and_typed_stands_the_next_day(tmp_path, course, browser, session_cache):
    desk = tmp_path / "desk"
    with open_desk(tmp_path, browser, session_cache) as (page, _):
        assert page.url.endswith("/lab/tree/00_start.ipynb")
        page.locator(".jp-TableOfContents").first.wait_for(state="visible")
        assert page.get_by_text("Would you like to receive official Jupyter news?").count() == 0
        run_to_the_end(page)
        wait_until_done(page, seconds=120)
        page.get_by_role("radio").first.check()
        page.get_by_role("button", name="This is my prediction").click()
        expect(page.locator(".jp-Notebook [role=status]")).to_have_text(SAID)
        exercise = page.locator(".jp-Notebook .jp-CodeCell").nth(4)
        answer(page, exercise, "answer = 3  # typed by me\ncheck_number(answer, lambda: 3)")
        expect(exercise.locator(".jp-OutputArea")).to_contain_text("✓ Right.")
        expect(exercise.locator(".jp-OutputArea")).to_contain_text("The solutions are open now: solutions/00_")
        page.keyboard.press("Shift+Enter")
        expect(page.locator(".jp-Notebook .jp-CodeCell").nth(5)).to_contain_text(
            "Predictions: 0 of 1 right. Exercises: 1 of 1 passed. Next: 01_next."
        )
        save(page, desk / "00_start.ipynb")
        look(page, "day 1")
        page.locator(".jp-Notebook a", has_text="→").first.click()
        shown(page, "01_next.ipynb")
    kept = json.loads((desk / ".lrcourse/answers.json").read_bytes())
    assert kept["predictions"][QUESTION]["choice"] == "yes"
    assert "passed" in kept["exercises"]["00 check_number(answer, lambda: 3)"]
    assert (desk / "solutions/00_start.ipynb").is_file()

    mine = (desk / "00_start.ipynb").read_bytes()
    for name in ("00_start", "01_next"):
        write_notebook(course / f"notebooks/{name}.ipynb", ["# second edition", *LESSON, LONG])
    with open_desk(tmp_path, browser, session_cache) as (page, said):
        assert (
            "beside={'00_start.ipynb': '00_start.new.ipynb'}" in said and (desk / "00_start.ipynb").read_bytes() == mine
        )
        assert all(b"second edition" in (desk / f"{name}.ipynb").read_bytes() for name in ("00_start.new", "01_next"))
        notebook = page.locator(".jp-Notebook:visible")
        expect(notebook).to_contain_text("typed by me")
        expect(notebook.get_by_role("radio").first).to_be_checked()  # as it was left, before anything runs
        look(page, "day 2, opened")
        run_to_the_end(page)
        wait_until_done(page, seconds=120)
        expect(notebook.get_by_text("You predicted: yes")).to_be_visible()
        expect(notebook.locator("[role=status]")).to_have_text(SAID)
        assert notebook.get_by_role("radio").first.is_checked()
        look(page, "day 2, run")
        page.locator(".jp-Notebook:visible a", has_text="Contents").first.click()
        expect(page.locator(".jp-RenderedMarkdown table")).to_contain_text("5/5")
        look(page, "contents")
        page.locator(".jp-RenderedMarkdown table a").last.click()
        shown(page, "01_next.ipynb")
        run_to_the_end(page)
        wait_until_done(page, seconds=120)
        long = page.locator(".jp-Notebook:visible .jp-CodeCell", has_text="range(200)").locator(".jp-OutputArea-output")
        assert long.evaluate("box => box.clientHeight") > 2000 and page.locator(".jp-mod-outputsScrolled").count() == 0
        page.locator(".jp-Notebook:visible a", has_text="Contents").last.click()
        shown(page, "index.md")
        page.locator(".jp-RenderedMarkdown:visible a", has_text="glossary").click()
        shown(page, "glossary.md")
        expect(page.locator(".jp-RenderedMarkdown:visible h1")).to_contain_text("Words")
