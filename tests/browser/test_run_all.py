"""Every notebook, run by the menu of JupyterLab."""

import pytest
from lab import complaints, run_all
from test_environment import ROOT

NAMES = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
SHORT = ("00", "02")


@pytest.mark.parametrize("name", NAMES)
def test_run_all_cells_ends_without_an_error(name, request, page, lab):
    if not name.startswith(SHORT) and not request.config.getoption("--all-notebooks"):
        pytest.skip("takes a minute or more: make browser, or --all-notebooks")
    cells = run_all(page, lab(name), seconds=600)
    assert complaints(cells) == []
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    page.wait_for_selector("img.widget-image")  # its explorer
    assert page.get_by_text("javascript error").count() == 0
