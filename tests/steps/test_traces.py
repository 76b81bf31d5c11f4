import math
import pickle

import numpy as np
import pytest
import torch

from lrcourse import record
from lrcourse.steps.series import COLUMNS, Series
from lrcourse.steps.traces import Trace


@pytest.fixture
def trace():
    """Three recorded steps of two groups; the second one came with the second step."""
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1, bias=False))
    optimizer = torch.optim.Adam(model[0].parameters(), lr=0.1)
    with record(model, optimizer, every=2) as trace:
        for step in range(5):
            if step == 2:
                optimizer.add_param_group({"params": model[1].parameters(), "lr": 0.3})
            model(torch.ones(1, 2)).sum().backward()
            optimizer.step()
    return trace


def assert_equal(first, second):
    assert (first.optimizer, first.step) == (second.optimizer, second.step)
    assert list(first.layers) == list(second.layers)
    np.testing.assert_array_equal(first.group_lr, second.group_lr)  # in which NaN equals NaN
    pairs = zip([*first.layers.values(), first.everything], [*second.layers.values(), second.everything], strict=True)
    for one, other in pairs:
        assert one.group == other.group
        np.testing.assert_array_equal(one.rows(), other.rows())


def test_a_saved_trace_comes_back_exactly(trace, tmp_path):
    trace.save(tmp_path / "run.npz")
    back = Trace.load(tmp_path / "run.npz")
    assert_equal(back, trace)
    assert isinstance(back.step[0], int) and isinstance(back.everything.factor[0][0], float)
    assert back.group_lr[1][0] != 0.3 and back.layers["1.weight"].group == 1


def test_a_trace_without_a_step_can_be_saved_and_tabled(tmp_path):
    with record(torch.nn.Linear(1, 1), torch.optim.SGD(torch.nn.Linear(1, 1).parameters())) as trace:
        pass
    trace.save(tmp_path / "run.npz")
    assert_equal(Trace.load(tmp_path / "run.npz"), trace)
    assert trace.base_lr == [] and len(trace.to_frame()) == 0


@pytest.mark.parametrize("damage", ["short", "other", "text", "pickle"])
def test_a_file_that_is_no_trace_is_an_error(damage, trace, tmp_path):
    path = tmp_path / "run.npz"
    trace.save(path)
    if damage == "short":
        path.write_bytes(path.read_bytes()[:-200])
    elif damage == "other":
        np.savez(path, a=np.ones(3))
    elif damage == "text":
        path.write_text("step,lr")
    else:
        path.write_bytes(pickle.dumps({"step": [1]}))
    with pytest.raises(ValueError, match="run.npz is not a whole trace; read a file that Trace.save wrote"):
        Trace.load(path)
    with pytest.raises(FileNotFoundError):
        Trace.load(tmp_path / "nowhere.npz")


def test_the_table_has_a_row_for_each_step_and_layer(trace):
    frame = trace.to_frame()
    assert list(frame.columns) == ["step", "layer", "base_lr", *COLUMNS]
    assert len(frame) == 3 * (3 + 1)
    row = frame[(frame.step == 5) & (frame.layer == "1.weight")].iloc[0]
    assert row.base_lr == 0.3
    assert row.effective_lr_50 == trace.layers["1.weight"].effective_lr[2][2]
    assert row.update_size == trace.layers["1.weight"].update_size[2]
    first = frame[(frame.step == 1) & (frame.layer == "1.weight")].iloc[0]
    assert math.isnan(first.base_lr) and math.isnan(first.update_size)


def test_the_rows_of_the_table_are_numbered_through(trace):
    assert list(trace.to_frame().index) == list(range(3 * (3 + 1)))


def test_each_column_of_the_table_is_what_its_name_says():
    series = Series(group=1)
    series.append([float(n) for n in range(14)])
    frame = Trace("SGD", [7], [[0.1], [0.2]], {"weight": series}, series).to_frame()
    names = "factor_5 factor_25 factor_50 factor_75 factor_95".split()
    names += [name.replace("factor", "effective_lr") for name in names]
    names += ["direction_size", "update_size", "weight_size", "residual"]
    for row in (frame.iloc[0], frame.iloc[1]):
        assert row[names].tolist() == [float(n) for n in range(14)]
        assert (row.step, row.base_lr) == (7, 0.2)
    assert series.factor == [[0.0, 1.0, 2.0, 3.0, 4.0]] and series.effective_lr == [[5.0, 6.0, 7.0, 8.0, 9.0]]
    assert (series.direction_size, series.residual) == ([10.0], [13.0])


def test_what_an_optimizer_makes_of_its_lr_is_saved_with_its_name(tmp_path):
    trace = Trace("Prodigy", [1, 2], [[1.0, 1.0]], own_lr=[[0.25, 0.5]], own_lr_name="base lr × d")
    for one in (Series(group=0), Series(group=1)):
        one.append([0.5] * 14)
        one.append([0.25] * 14)
        trace.layers[f"layer {one.group}"] = one
    trace.everything = one
    trace.save(tmp_path / "run.npz")
    back = Trace.load(tmp_path / "run.npz")
    assert back == trace
    assert {type(one.group) for one in back.layers.values()} == {int}
