"""Experiments that are killed, at any moment, go on where they were."""

import subprocess
import sys
import time

import pandas as pd
import pytest
from small_experiments import modules, shrink
from test_environment import ROOT

from experiments import training
from experiments.__main__ import compute
from lrcourse import fit

SCRIPT = """
import sys, time
from pathlib import Path
from experiments import __main__ as experiments, warm_up
plan = warm_up.configs()[:6]
warm_up.configs = lambda: plan
warm_up.run = lambda **config: time.sleep(0.05) or {"val_loss": time.time()}  # a run of later would not be the same
experiments.table_name = lambda question: question
experiments.compute("warm_up", 1, Path(sys.argv[1]))
"""


def test_what_was_run_before_a_kill_is_not_run_again(tmp_path):
    command, table = [sys.executable, "-c", SCRIPT, str(tmp_path)], tmp_path / "warm_up.csv"
    first = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not table.exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    first.kill()
    first.wait()
    before = pd.read_csv(table, dtype=str)
    assert 1 <= len(before) < 6
    subprocess.run(command, cwd=ROOT, check=True, stderr=subprocess.DEVNULL)
    after = pd.read_csv(table, dtype=str)
    assert after.warm_up.tolist() == ["0", "2", "5", "20", "60", "200"]
    pd.testing.assert_frame_equal(after[: len(before)], before)


def test_a_long_run_goes_on_from_the_epoch_that_it_had_reached(tmp_path, monkeypatch):
    shrink(monkeypatch, tmp_path)
    config = {"optimizer": "Adam", "schedule": "cosine", "epochs": 9, "lr": 0.01, "seed": 0}
    whole = modules["budgets"].run(**config)
    (kept,) = tmp_path.rglob("*.pt")
    kept.unlink()
    steps = []

    def cut(model, *arguments, **options):
        model.register_forward_pre_hook(lambda *_: steps.append(None))
        if len(steps) == 0:
            model.register_forward_pre_hook(stop_at_ten)
        return fit(model, *arguments, **options)

    def stop_at_ten(*_):
        if len(steps) == 10:
            raise RuntimeError("killed")

    monkeypatch.setattr(training, "fit", cut)
    with pytest.raises(RuntimeError, match="killed"):
        modules["budgets"].run(**config)
    steps.clear()
    steps.append(None)
    again = modules["budgets"].run(**config)
    assert 1 < len(steps) < 9 * 4  # three batches and a validation each; fewer than the whole
    assert {**again, "seconds": 0} == {**whole, "seconds": 0}


def test_the_next_budget_is_planned_when_the_one_before_is_done(tmp_path, monkeypatch):
    shrink(monkeypatch, tmp_path)
    module, ran = modules["budgets"], []

    def run(**config):
        ran.append(config)
        return {"val_loss": abs(config["lr"] - 0.01) + 0.001 * config["seed"]}

    monkeypatch.setattr(module, "run", run)
    monkeypatch.setattr(module, "EPOCHS", {"cifar10": (8, 24), "shapes10": (8, 24)})
    _, table = compute("budgets", 1, tmp_path)
    assert len(table) == len(ran) == 2 * (45 + 45)
    counted = table[table.seed != module.FINDING]
    assert set(counted.lr) == {0.01} and set(counted.seed) == {0, 1, 2}
    compute("budgets", 1, tmp_path)
    assert len(ran) == 180
