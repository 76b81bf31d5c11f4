"""A log is given each recorded step, as it was written to the trace, while the training runs."""

import math

import pytest
import torch
from cases import same, train_a_little

from lrcourse import record
from lrcourse.steps import Series, Trace
from lrcourse.steps.series import COLUMNS


def watched(log, **options):
    seen = []

    def around(model, optimizer):
        around_it = record(model, optimizer, log=log, **options)
        seen.append(around_it)
        return around_it

    return train_a_little(torch.optim.Adam, steps=6, around=around)


def test_each_recorded_step_is_one_row_when_it_has_been_made():
    rows, model = [], torch.nn.Linear(2, 1)
    optimizer = torch.optim.Adam([{"params": [model.weight]}, {"params": [model.bias], "lr": 0.5}], lr=0.1)
    with record(model, optimizer, every=2, log=rows.append) as trace:
        for step in range(1, 6):
            optimizer.zero_grad()
            model(torch.ones(1, 2)).sum().backward()
            optimizer.step()
            assert len(rows) == (step + 1) // 2
    assert [row["step"] for row in rows] == trace.step == [1, 3, 5]
    assert [(row["base_lr"], row["base_lr_1"]) for row in rows] == [(0.1, 0.5)] * 3
    assert rows == [trace.row(at) for at in range(3)]
    assert [[row[name] for name in COLUMNS] for row in rows] == trace.everything.rows()


def test_a_row_has_numbers_only_and_of_the_layers_on_request():
    series, other = Series(), Series(group=1)
    series.append([float(i) for i in range(len(COLUMNS))])
    other.append([math.nan] * len(COLUMNS))
    trace = Trace(
        "Prodigy", [7], [[0.1], [0.2]], {"a.weight": series, "b": other}, series, [[0.3], [0.4]], "base lr × d"
    )
    row = trace.row(layers=True)
    assert all(isinstance(number, (int, float)) for number in row.values())
    assert (row["step"], row["base_lr"], row["base_lr_1"], row["own_lr"], row["own_lr_1"]) == (7, 0.1, 0.2, 0.3, 0.4)
    assert row["a.weight/update_size"] == row["update_size"] == COLUMNS.index("update_size")
    assert math.isnan(row["b/factor_50"])
    assert [*trace.row()] == [name for name in row if "/" not in name]
    assert len(row) == len(trace.row()) + 2 * len(COLUMNS)


@pytest.mark.parametrize("failing", ["first", "every"])
def test_a_log_that_fails_is_named_once_and_ends_neither_training_nor_trace(failing):
    rows = []

    def log(row):
        rows.append(row)
        if failing == "every" or len(rows) == 1:
            raise ConnectionError("no network\nand more")

    plain = train_a_little(torch.optim.Adam, steps=6)
    with pytest.warns(
        RuntimeWarning, match=r"the log that record was given failed \(ConnectionError: no network\)"
    ) as said:
        model, optimizer = watched(log)
    assert len(said) == 1
    assert [row["step"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert same([one.state_dict() for one in plain], [model.state_dict(), optimizer.state_dict()])


def test_ctrl_c_in_a_log_ends_the_training():
    def log(row):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        watched(log)


def test_what_cannot_be_called_is_refused():
    with pytest.raises(TypeError, match="log must be a function of one recorded step, such as wandb.log; got str"):
        watched("wandb")
