"""A learner at a desk: what is started, looked at, typed and saved there."""

import os
import secrets
import signal
import socket
import subprocess
from contextlib import contextmanager
from pathlib import Path

from lab import CELLS, READY, wait_until_up

PICTURES = os.environ.get("LRCOURSE_PICTURES")  # a folder, such as build/pictures, to look at what was seen

BUSY = "() => window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'busy'"
RUN = f"""() => {{
    const cells = ({CELLS})().filter(cell => cell.cell_type === "code");
    const failed = cells.some(cell => cell.outputs.some(output => output.output_type === "error"));
    return ({READY})() && (failed || cells.every(cell => cell.execution_count));
}}"""


@contextmanager
def at_the_desk(browser, command, *, env, log, **options):
    """Start JupyterLab with ``command(its options)``; yield the page that opens, and what was said at the start."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex()
    for_lab = [f"--IdentityProvider.token={token}", f"--port={port}", "--no-browser", "--expose-app-in-browser"]
    with open(log, "wb") as file:
        server = subprocess.Popen(
            command(for_lab), env=env, stdout=file, stderr=file, start_new_session=True, **options
        )
    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    try:
        wait_until_up(server, f"http://127.0.0.1:{port}/api/status?token={token}", log)
        page.goto(f"http://127.0.0.1:{port}/?token={token}")
        page.wait_for_selector(".jp-Notebook:visible .jp-Cell")
        page.wait_for_function(READY)
        yield page, log.read_text(encoding="utf-8")
    finally:
        page.close()
        server.terminate()  # make hands it on
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill() if os.name == "nt" else os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def shown(page, name):
    """Wait until a notebook or a page is in front, a notebook with its kernel."""
    page.wait_for_function("name => window.jupyterapp.shell.currentWidget?.title.label === name", arg=name)
    if name.endswith(".ipynb"):
        page.wait_for_function(READY)


def menu(page, name, item):
    """Choose an item of a menu."""
    page.get_by_role("menuitem", name=name, exact=True).click()
    page.get_by_role("menuitem", name=item, exact=True).click()


def run_to_the_end(page):
    menu(page, "Run", "Run All Cells")


def wait_until_done(page, *, seconds):
    """Wait until the kernel, which has begun, has run each cell, and none ended with an error."""
    page.wait_for_function(BUSY)
    page.wait_for_function(RUN, timeout=1000 * seconds)
    outputs = [output for cell in page.evaluate(CELLS) for output in cell.get("outputs", [])]
    assert [output["evalue"] for output in outputs if output["output_type"] == "error"] == []


def answer(page, cell, code):
    """Type ``code`` in place of what stands in a cell, and run it."""
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(code)
    page.keyboard.press("Shift+Enter")


def save(page, path):
    before = path.stat().st_mtime_ns
    page.keyboard.press("Control+s")
    page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    assert path.stat().st_mtime_ns > before


def look(page, name):
    """Keep a picture of the page, if somebody wants to look at it."""
    if PICTURES:
        page.wait_for_timeout(1000)  # for what is still being drawn
        page.screenshot(path=Path(PICTURES, f"{name}.png"))
