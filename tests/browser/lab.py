"""A JupyterLab of our own, and what a person does in it: also for ``benchmarks/explorers.py``."""

import base64
import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from shutil import which

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

import lrcourse

# Containers run as root and without user namespaces, where Chromium's sandbox cannot start; the only pages it
# opens here are our own. The other options keep it from calling home.
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},  # all cells in the page, also those out of sight
}
READY = """() => {
    const kernel = window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel;
    return kernel?.connectionStatus === "connected" && kernel.status === "idle";
}"""
START_SECONDS = 60
SECONDS = 20  # for what a move leads to
IMAGE = "img.widget-image"
# A picture in the page, as base64 of its PNG.
READ = """async image => {
    const bytes = new Uint8Array(await (await fetch(image.src)).arrayBuffer());
    return btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(""));
}"""
CELLS = "() => window.jupyterapp.shell.currentWidget.content.model.sharedModel.toJSON().cells"


def chromium(playwright):
    """Return the path of the system's Chromium, else of Playwright's own, or None."""
    own = Path(playwright.chromium.executable_path)
    installed = (which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return next(filter(None, installed), str(own) if own.exists() else None)


@contextmanager
def started(folder, cache):
    """Run a JupyterLab on ``folder``, on this machine only and with a token; yield what makes addresses of names."""
    own = {f"JUPYTER{name}": str(folder / name.lower()) for name in ("_CONFIG_DIR", "_DATA_DIR", "_RUNTIME_DIR")}
    own |= {f"JUPYTERLAB{name}": str(folder / name.lower()) for name in ("_SETTINGS_DIR", "_WORKSPACES_DIR")}
    own |= {"IPYTHONDIR": str(folder / "ipython"), "PYTHONPATH": str(Path(lrcourse.__file__).parents[1])}
    own |= {"LRCOURSE_CACHE": str(cache), "LRCOURSE_CIFAR10": "", "LRCOURSE_PROGRESS": "0"}
    for name, setting in SETTINGS.items():
        path = Path(own["JUPYTERLAB_SETTINGS_DIR"], "@jupyterlab", f"{name}.jupyterlab-settings")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(setting), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex()
    options = [f"--ServerApp.root_dir={folder}", f"--port={port}", "--ServerApp.port_retries=0", "--ip=127.0.0.1"]
    options += [f"--IdentityProvider.token={token}", "--no-browser", "--expose-app-in-browser"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--allow-root")
    with open(folder / "lab.log", "wb") as log:
        command = [sys.executable, "-m", "jupyterlab", *options]
        server = subprocess.Popen(command, env={**os.environ, **own}, stdout=log, stderr=log)
    try:
        wait_until_up(server, f"http://127.0.0.1:{port}/api/status?token={token}", folder / "lab.log")
        yield lambda name: f"http://127.0.0.1:{port}/lab/tree/{name}?token={token}&reset"
    finally:
        server.terminate()  # it ends its kernels first
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def wait_until_up(server, url, log):
    end = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < end:
        try:
            return urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text(encoding='utf-8')[-2000:]}")


def write_notebook(path, sources):
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}  # else JupyterLab asks
    nbformat.write(new_notebook(cells=[new_code_cell(source) for source in sources], metadata=kernel), path)


def run_all(page, url, *, seconds):
    """Open a notebook and run it by the menu; return its cells as it ended, or fail after ``seconds``."""
    page.goto(url)
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    page.wait_for_function(READY, timeout=60_000)  # or else JupyterLab asks which kernel to take
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        cells = [cell for cell in page.evaluate(CELLS) if cell["cell_type"] == "code"]
        if cells[-1]["execution_count"] or complaints(cells):
            return cells
        page.wait_for_timeout(200)
    raise TimeoutError(f"not done after {seconds} s")


def complaints(cells):
    """Return the errors and warnings among the outputs of cells."""
    outputs = [output for cell in cells for output in cell["outputs"]]
    return [output for output in outputs if output["output_type"] == "error" or output.get("name") == "stderr"]


class Shown:
    """An explorer in a page: the output of one cell.

    A picture and the note below it come one after the other, so a test waits for what it wants to see.
    """

    def __init__(self, page, number):
        self.page, self.root = page, page.locator(".jp-Notebook .jp-CodeCell").nth(number)
        self.image, self.note = self.root.locator(IMAGE), self.root.locator("code, [role=alert]").last

    def picture(self):
        return base64.b64decode(self.image.evaluate(READ))

    def wait_for_picture(self, wanted):
        end = time.monotonic() + SECONDS
        while self.picture() != wanted:
            if time.monotonic() > end:
                raise TimeoutError("another picture stays")
            self.page.wait_for_timeout(50)

    def control(self, label):
        return self.root.locator(".widget-inline-hbox").filter(has=self.page.get_by_text(label, exact=True))

    def readout(self, label):
        return self.control(label).locator(".widget-readout")

    def press(self, label, key, times=1):
        for _ in range(times):
            self.control(label).get_by_role("slider").press(key)
