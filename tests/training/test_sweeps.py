import math
import os
import re
import signal
import time

import joblib
import numpy as np
import pandas as pd
import pytest
import torch

from lrcourse.training.sweeps import grid, sweep

QUIET = {"progress": False}


def train(lr, seed):
    """Descend a bowl from a random place, and return where it ends."""
    generator = torch.Generator().manual_seed(seed)
    weight = torch.nn.Parameter(torch.randn(50, 50, generator=generator))
    optimizer = torch.optim.SGD([weight], lr=lr)
    for _ in range(5):
        optimizer.zero_grad()
        (weight @ weight).square().mean().backward()
        optimizer.step()
    return {"end": weight.sum().item(), "finite": bool(weight.isfinite().all())}


def test_the_table_has_a_row_for_each_configuration_in_order():
    table = sweep(train, grid(lr=[0.1, 0.01], seed=[0, 1]), jobs=1, **QUIET)
    assert list(table.columns) == ["lr", "seed", "end", "finite"]
    assert table[["lr", "seed"]].values.tolist() == [[0.1, 0], [0.1, 1], [0.01, 0], [0.01, 1]]
    assert table.end.tolist() == [train(lr, seed)["end"] for lr in (0.1, 0.01) for seed in (0, 1)]


def test_workers_give_the_same_results_bit_for_bit():
    configs = grid(lr=[0.1, 0.01], seed=[0, 1, 2])
    alone = sweep(train, configs, jobs=1, **QUIET)
    pd.testing.assert_frame_equal(sweep(train, configs, jobs=2, **QUIET), alone, check_exact=True)
    with joblib.parallel_config(backend="threading", n_jobs=2):
        pd.testing.assert_frame_equal(sweep(train, configs, **QUIET), alone, check_exact=True)


def test_without_a_word_about_it_there_are_as_many_workers_as_cores(monkeypatch):
    def where(seed):
        return {"process": os.getpid()}

    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert os.getpid() not in set(sweep(where, grid(seed=range(4)), **QUIET).process)
    with joblib.parallel_config(n_jobs=1):
        assert {os.getpid()} == set(sweep(where, grid(seed=range(4)), **QUIET).process)


def test_a_backend_that_returns_all_at_once_gets_one_round_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(joblib.parallel.ThreadingBackend, "supports_return_generator", False)  # as Ray's has it
    configs, path, there = grid(lr=[0.1], seed=range(5)), tmp_path / "runs.csv", []

    def watch(lr, seed):
        there.append(len(path.read_text().splitlines()) - 1 if path.exists() else 0)
        return train(lr, seed)

    with joblib.parallel_config(backend="threading", n_jobs=2):
        table = sweep(watch, configs, results=path, **QUIET)
    pd.testing.assert_frame_equal(table, sweep(train, configs, jobs=1, **QUIET), check_exact=True)
    assert sorted(there) == [0, 0, 2, 2, 4]


def test_what_is_in_the_file_is_not_run_again_and_comes_back_exactly(tmp_path):
    path, ran = tmp_path / "runs.csv", []

    def counted(lr, seed):
        ran.append((lr, seed))
        if (lr, seed) == (0.01, 1):
            raise KeyboardInterrupt
        return train(lr, seed)

    with pytest.raises(KeyboardInterrupt):
        sweep(counted, grid(lr=[0.1, 0.01], seed=[0, 1]), jobs=1, results=path, **QUIET)
    assert len(pd.read_csv(path)) == 3 and list(tmp_path.iterdir()) == [path]
    ran.clear()
    configs = grid(lr=[0.1, 0.01, 1 / 3], seed=[0, 1])
    table = sweep(lambda lr, seed: ran.append((lr, seed)) or train(lr, seed), configs, jobs=1, results=path, **QUIET)
    assert ran == [(0.01, 1), (1 / 3, 0), (1 / 3, 1)]
    pd.testing.assert_frame_equal(table, sweep(train, configs, jobs=1, **QUIET), check_exact=True)
    again = sweep(counted, configs[::-1], jobs=1, results=path, **QUIET)
    pd.testing.assert_frame_equal(again, table[::-1].reset_index(drop=True), check_exact=True)


def test_a_failed_run_is_told_and_run_again_and_holds_up_nobody(tmp_path, capsys):
    def fails(lr, seed):
        if seed == 1:
            raise RuntimeError(f"diverged, at lr {lr}")
        return train(lr, seed)

    path = tmp_path / "runs.csv"
    table = sweep(fails, grid(lr=[0.1], seed=[0, 1, 2]), jobs=1, results=path, **QUIET)
    assert table.error[1].startswith("RuntimeError: diverged, at lr 0.1 (test_sweeps.py:")
    assert table.error.isna().tolist() == [True, False, True] and table.end.notna().tolist() == [True, False, True]
    assert (
        "1 of 3 runs failed and will be run again next time. The first: {'lr': 0.1, 'seed': 1"
        in capsys.readouterr().out
    )
    table = sweep(train, grid(lr=[0.1], seed=[0, 1, 2]), jobs=1, results=path, **QUIET)
    assert "error" not in table and table.end.notna().all() and math.isclose(table.end[1], train(0.1, 1)["end"])


def test_a_run_that_diverges_is_a_row_like_others(tmp_path):
    def diverges(seed):
        return {"loss": math.nan if seed == 1 else 0.5}

    for _ in range(2):  # as it was returned, and as it was read
        table = sweep(diverges, grid(seed=[0, 1, 2]), jobs=1, results=tmp_path / "runs.csv", **QUIET)
        assert table.loss.isna().tolist() == [False, True, False] and "error" not in table


def test_a_killed_worker_is_told_and_the_finished_runs_are_there(tmp_path):
    path, flag = tmp_path / "runs.csv", tmp_path / "killed"

    def killed_once(seed):
        if seed == 2 and not flag.exists():
            while not path.exists() or len(path.read_text().splitlines()) < 3:
                time.sleep(0.01)  # until the others are in the file
            flag.touch()
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
        return {"end": seed}

    with pytest.raises(RuntimeError, match=f"a worker process was killed.* they are kept in {re.escape(str(path))}"):
        sweep(killed_once, [{"seed": 0}, {"seed": 1}, {"seed": 2}], jobs=2, results=path, **QUIET)
    assert sorted(pd.read_csv(path).seed) == [0, 1]
    table = sweep(killed_once, grid(seed=[0, 1, 2]), jobs=2, results=path, **QUIET)
    assert table.end.tolist() == [0, 1, 2]


def test_a_run_that_returns_no_mapping_has_failed():
    table = sweep(lambda seed: 0.5, grid(seed=[0]), jobs=1, **QUIET)
    assert table.error[0].startswith("TypeError: run must return a mapping of results by name; it returned float")


@pytest.mark.parametrize(
    "configs, message",
    [
        ([], "there is no configuration to run"),
        ([{"lr": 1}, {"seed": 1}], "each configuration must have the same names"),
        ([{"error": 1}], "none of them 'error'"),
        ([{"lr": 1}, {"lr": 1}], "this configuration stands twice: {'lr': 1}"),
    ],
)
def test_wrong_configurations_are_an_error(configs, message):
    with pytest.raises(ValueError, match=message):
        sweep(train, configs, **QUIET)


def test_a_file_of_another_sweep_is_left_alone(tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text("momentum,end\n0.9,1.0\n")
    with pytest.raises(ValueError, match="holds another sweep, with the columns .'momentum', 'end'.; wanted are"):
        sweep(train, grid(lr=[0.1], seed=[0]), results=path, **QUIET)
    assert path.read_text() == "momentum,end\n0.9,1.0\n"


@pytest.mark.parametrize("number", [float, np.float64, np.float32, torch.tensor, lambda lr: pd.Series([lr]).iloc[0]])
def test_the_numbers_of_numpy_pandas_and_torch_are_numbers(number, tmp_path):
    """They come back from the file as what they are, in configurations and in results, and nothing is run twice."""
    configs, path, ran = grid(lr=[number(0.1), number(0.1001)], seed=np.arange(2)), tmp_path / "runs.csv", []

    def run(lr, seed):
        ran.append((lr, seed))
        return {"loss": torch.tensor(0.1) * lr, "accuracy": np.float32(lr), "right": np.int64(seed), "ok": np.True_}

    first = sweep(run, configs, jobs=1, results=path, **QUIET)
    again = sweep(run, configs, jobs=1, results=path, **QUIET)
    pd.testing.assert_frame_equal(first, again, check_exact=True)
    assert len(ran) == 4 and {type(value) for config in ran for value in config} == {float, int}
    assert first.lr.tolist() == [float(number(lr)) for lr in (0.1, 0.1, 0.1001, 0.1001)]
    assert first.accuracy.tolist() == [float(np.float32(lr)) for lr in first.lr] and first.right.tolist() == [0, 1] * 2
    assert [str(kind) for kind in first.dtypes] == ["float64", "int64", "float64", "float64", "int64", "bool"]


@pytest.mark.parametrize("shown", [True, False])
def test_a_bar_is_shown_unless_it_is_not_wanted(shown, monkeypatch, capsys):
    monkeypatch.delenv("LRCOURSE_PROGRESS")
    sweep(train, grid(lr=[0.1], seed=[0]), jobs=1, progress=shown)
    assert ("runs" in capsys.readouterr().err) == shown


def test_texts_truth_values_and_nothing_come_back_from_the_file_as_what_they_were(tmp_path):
    def run(name, seed):
        return {"said": f"{name}, 1.5", "right": seed == 0, "nothing": None, "count": seed, "loss": seed / 3}

    configs, path = grid(name=["adam", "1e"], seed=[0, 1]), tmp_path / "runs.csv"
    first = sweep(run, configs, jobs=1, results=path, **QUIET)
    again = sweep(lambda **_: 1 / 0, configs, jobs=1, results=path, **QUIET)  # nothing is run again
    pd.testing.assert_frame_equal(again, first, check_exact=True)
    assert again.said.tolist() == ["adam, 1.5"] * 2 + ["1e, 1.5"] * 2 and again.right.tolist() == [True, False] * 2


def test_a_run_whose_argument_is_none_is_found_again_in_the_file(tmp_path):
    made = []

    def run(lr, cap):
        made.append(cap)
        return {"loss": lr}

    for _ in range(2):
        sweep(run, grid(lr=[0.5], cap=[None]), jobs=1, results=tmp_path / "runs.csv")
    assert made == [None]
