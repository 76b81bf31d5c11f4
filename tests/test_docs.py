"""The generated pages are in step with torch and with the script that writes them."""

import importlib.util

import pytest
from cases import OPTIMIZERS
from test_environment import ROOT

spec = importlib.util.spec_from_file_location("optimizer_table", ROOT / "tools" / "optimizer_table.py")
optimizer_table = importlib.util.module_from_spec(spec)
spec.loader.exec_module(optimizer_table)

ROWS = {
    cells[0]: cells[1:]
    for line in optimizer_table.PAGE.read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and (cells := [cell.strip() for cell in line.strip("|").split("|")])[0] in OPTIMIZERS
}


def test_every_optimizer_of_torch_has_its_row():
    assert set(ROWS) == set(OPTIMIZERS)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_row_says_what_the_script_says_and_the_residuals_are_rounding(name):
    *words, single, double = ROWS[name]
    assert tuple(words) == optimizer_table.WORDS[name]
    assert float(single) <= 1e-5 or name == "NAdam"  # the page says why
    assert float(double) <= 1e-12


@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_a_figure_can_be_measured_again(name, monkeypatch):
    monkeypatch.setattr(optimizer_table, "STEPS", 5)
    assert all(optimizer_table.measure(name, dtype) <= target for dtype, target in optimizer_table.TARGET.items())
