"""A browser and a JupyterLab, each started once. pytest-playwright brings ``playwright`` and ``browser``."""

import shutil

import pytest
from lab import OPTIONS, chromium, started
from test_environment import ROOT


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args, playwright):
    path = chromium(playwright)
    if path is None:
        pytest.skip("there is no Chromium: apt install chromium, or playwright install chromium")
    return {**browser_type_launch_args, "executable_path": path, "args": OPTIONS}


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Copies of the notebooks, so that nothing is written to those of the course."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "notebooks" / "results", folder / "results")
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        shutil.copy(path, folder)
    return folder


@pytest.fixture(scope="session")
def lab(browser, folder, session_cache):  # after the browser, without which there is no need of it
    with started(folder, session_cache) as address:
        yield address


@pytest.fixture
def page(browser):
    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    yield page
    page.close()
