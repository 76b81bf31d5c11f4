"""Two days of a learner: what was answered and typed is there on the second, and what nobody touched is new."""

import json
import os
import secrets
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from lab import READY, wait_until_up, write_notebook
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
SAID = "✗ Measured: no. Read on to see why. So far you predicted 0 of 1."
PICTURES = os.environ.get("LRCOURSE_PICTURES")  # a folder, to look at what was seen


@pytest.fixture
def course(tmp_path):
    course = tmp_path / "course"
    for folder in ("notebooks", "notebooks/solutions", "docs"):
        (course / folder).mkdir(parents=True)
    for name in ("00_start", "01_next", "solutions/00_start"):
        write_notebook(course / f"notebooks/{name}.ipynb", ["# first edition", *LESSON])
    (course / "docs/glossary.md").write_text("# Words\n\nfirst edition")
    return course


@contextmanager
def open_desk(tmp_path, browser, session_cache):
    """Start the course as a learner does, and yield the page that opens, and what was said at the start."""
    own = {f"JUPYTER_{name}_DIR": str(tmp_path / "home" / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    own |= {"JUPYTERLAB_SETTINGS_DIR": str(tmp_path / "home/settings"), "IPYTHONDIR": str(tmp_path / "home/ipython")}
    own |= {"PYTHONPATH": str(Path(lrcourse.__file__).parents[1]), "LRCOURSE_CACHE": str(session_cache)}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex()
    options = [f"--IdentityProvider.token={token}", f"--port={port}", "--no-browser", "--expose-app-in-browser"]
    command = [sys.executable, "-c", START, tmp_path / "desk", tmp_path / "course", *options]
    with open(tmp_path / "lab.log", "wb") as log:
        server = subprocess.Popen(command, env={**os.environ, **own}, stdout=log, stderr=log)
    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    try:
        wait_until_up(server, f"http://127.0.0.1:{port}/api/status?token={token}", tmp_path / "lab.log")
        page.goto(f"http://127.0.0.1:{port}/?token={token}")
        page.wait_for_selector(".jp-Notebook:visible .jp-Cell")
        page.wait_for_function(READY)
        yield page, (tmp_path / "lab.log").read_text(encoding="utf-8")
    finally:
        page.close()
        server.terminate()
        server.wait(30)


def run_to_the_end(page):
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()


def save(page, path):
    before = path.stat().st_mtime_ns
    page.keyboard.press("Control+s")
    page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    assert path.stat().st_mtime_ns > before


def look(page, name):
    if PICTURES:
        page.screenshot(path=Path(PICTURES, f"{name}.png"))


def test_what_was_answered_and_typed_stands_the_next_day(tmp_path, course, browser, session_cache):
    desk = tmp_path / "desk"
    with open_desk(tmp_path, browser, session_cache) as (page, _):
        assert page.url.endswith("/lab/tree/00_start.ipynb")
        page.locator(".jp-TableOfContents").first.wait_for(state="visible")
        assert page.get_by_text("Would you like to receive official Jupyter news?").count() == 0
        run_to_the_end(page)
        page.get_by_role("radio").first.check()
        page.get_by_role("button", name="This is my prediction").click()
        expect(page.locator(".jp-Notebook [role=status]")).to_have_text(SAID)
        exercise = page.locator(".jp-Notebook .jp-CodeCell").nth(4)
        exercise.locator(".cm-content").click()
        page.keyboard.press("Control+a")
        page.keyboard.type("answer = 3  # typed by me\ncheck_number(answer, lambda: 3)")
        page.keyboard.press("Shift+Enter")
        expect(exercise.locator(".jp-OutputArea")).to_contain_text("✓ Right.")
        expect(exercise.locator(".jp-OutputArea")).to_contain_text("The solutions are open now: solutions/00_")
        page.keyboard.press("Shift+Enter")
        expect(page.locator(".jp-Notebook .jp-CodeCell").nth(5)).to_contain_text(
            "Predictions: 0 of 1 right. Exercises: 1 of 1"
        )
        save(page, desk / "00_start.ipynb")
        look(page, "day 1")
        page.locator(".jp-Notebook a", has_text="→").first.click()
        page.wait_for_function("() => window.jupyterapp.shell.currentWidget.title.label === '01_next.ipynb'")
        page.wait_for_function(READY)
    kept = json.loads((desk / ".lrcourse/answers.json").read_bytes())
    assert kept["predictions"][QUESTION]["choice"] == "yes"
    assert "passed" in kept["exercises"]["00 check_number(answer, lambda: 3)"]
    assert (desk / "solutions/00_start.ipynb").is_file()

    mine = (desk / "00_start.ipynb").read_bytes()
    for name in ("00_start", "01_next"):
        write_notebook(course / f"notebooks/{name}.ipynb", ["# second edition", *LESSON])
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
        expect(notebook.get_by_text("You predicted: yes")).to_be_visible()
        expect(notebook.locator("[role=status]")).to_have_text(SAID)
        assert notebook.get_by_role("radio").first.is_checked()
        look(page, "day 2, run")
        page.locator(".jp-Notebook:visible a", has_text="Contents").first.click()
        expect(page.locator(".jp-RenderedMarkdown table")).to_contain_text("5/5")
        look(page, "contents")
        page.locator(".jp-RenderedMarkdown table a").last.click()
        page.wait_for_function("() => window.jupyterapp.shell.currentWidget.title.label === '01_next.ipynb'")
