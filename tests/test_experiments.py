"""The tables hold the runs that are planned, and Shapes-10 stands in for CIFAR-10."""

import re

import pandas as pd
import pytest
from small_experiments import MODULES, planned_in
from test_environment import ROOT

from experiments.__main__ import QUESTIONS, lesson

RESULTS = ROOT / "notebooks" / "results"


@pytest.fixture(scope="module", params=["10_do_i_need_both", "12_your_own_run"])
def notebook(request):
    return request.param[:2], lesson(ROOT / "notebooks" / f"{request.param}.ipynb")


def test_a_table_has_the_runs_that_its_notebook_defines(notebook):
    number, names = notebook
    columns = list(names["configs"][0])
    planned = {tuple(config.values()) for config in names["configs"]}
    tables = sorted(RESULTS.glob(f"{number}-*.csv"))
    assert {path.name.split("-")[1].removesuffix(".csv") for path in tables} == {"cifar10", "shapes10"}
    for path in tables:
        table = pd.read_csv(path)
        runs = list(table[columns].itertuples(index=False, name=None))
        assert set(runs) <= planned and len(set(runs)) == len(runs) and "error" not in table
        assert set(runs) == planned or path.name == "10-shapes10.csv"  # which may have fewer seeds


def test_every_question_has_its_module_or_its_notebook():
    assert set(QUESTIONS) == {*MODULES, "10", "12"}


@pytest.mark.parametrize("name", MODULES)
def test_a_table_holds_runs_that_its_module_plans_and_none_twice(name):
    for path in sorted(RESULTS.glob(f"{name.replace('_', '-')}-*.csv")):
        table = pd.read_csv(path)
        planned = planned_in(name, table, path.stem.rpartition("-")[2])
        runs = [tuple(row) for row in table[list(planned[0])].itertuples(index=False, name=None)]
        assert set(runs) <= {tuple(config.values()) for config in planned}
        assert len(set(runs)) == len(runs) and "error" not in table


def validated(name):
    return pd.read_csv(RESULTS / name).groupby(["optimizer", "schedule", "lr"]).val_accuracy.mean()


def test_the_same_configurations_win_on_shapes10_as_on_cifar10():
    both = pd.DataFrame({name: validated(f"10-{name}.csv") for name in ("cifar10", "shapes10")})
    assert len(both) == 132 and both.notna().all(axis=None)
    tuned = both.groupby(["optimizer", "schedule"]).max()
    page = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    for what, rows in {"all 132 configurations": both, "the 24 pairs at their best lr": tuned}.items():
        said = re.search(rf"\| {what} \| (0\.\d\d) \|", page)
        spearman = rows.rank().corr().iloc[0, 1]
        assert said and float(said[1]) == pytest.approx(spearman, abs=0.006)
    assert both.rank().corr().iloc[0, 1] >= 0.8
