"""Of a sparse gradient, only the rows that were looked up move; a row that had a gradient once is no exception."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lrcourse import decompose, effective_lr, record
from lrcourse.steps import look_before

# torch says so once, where it makes a sparse tensor itself.
pytestmark = pytest.mark.filterwarnings("ignore:Sparse invariant checks")

ROWS = 5
SPARSE = [torch.optim.SGD, torch.optim.Adagrad, torch.optim.SparseAdam]  # that take sparse gradients
lookups = st.lists(st.lists(st.integers(0, ROWS - 1), min_size=1, max_size=4), min_size=2, max_size=5)


def look_up(table, rows):
    """Give ``table`` the gradient of a loss of these rows, one of which may come twice."""
    table.zero_grad()
    table(torch.tensor(rows)).square().sum().backward()


def make(cls, rows=ROWS, columns=2):
    torch.manual_seed(0)
    table = torch.nn.Embedding(rows, columns, sparse=True)
    return table, cls(table.parameters(), lr=0.1)


@pytest.mark.parametrize("cls", SPARSE)
@settings(max_examples=25)
@given(plan=lookups)
def test_the_decomposition_lets_rows_without_a_gradient_stand_still(cls, plan):
    table, optimizer = make(cls)
    for rows in plan:
        look_up(table, rows)
        before = look_before(optimizer, table.weight)
        optimizer.step()
        change = decompose(optimizer, table.weight, before=before).change
        still = [row for row in range(ROWS) if row not in rows]
        assert not change[still].any()
        torch.testing.assert_close(change, table.weight.detach() - before.weight, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("cls", SPARSE)
@settings(max_examples=25)
@given(plan=lookups)
def test_what_record_says_of_a_sparse_step_is_what_the_weights_did(cls, plan):
    table, optimizer = make(cls)
    sizes = []
    with record(table, optimizer) as trace:
        for rows in plan:
            was = table.weight.detach().clone()
            look_up(table, rows)
            optimizer.step()
            sizes.append((table.weight.detach() - was).square().mean().sqrt().item())
    assert trace.layers["weight"].update_size == pytest.approx(sizes, rel=1e-5)
    assert max(trace.layers["weight"].residual) <= 32


def test_the_factor_of_a_row_that_rests_stays_as_the_last_step_left_it():
    table, optimizer = make(torch.optim.Adagrad)
    look_up(table, [0, 1])
    optimizer.step()
    was = effective_lr(optimizer, table.weight)
    look_up(table, [1])
    optimizer.step()
    now = effective_lr(optimizer, table.weight)
    assert torch.equal(now[0], was[0]) and (now[1] < was[1]).all()


@pytest.mark.parametrize("cls", [torch.optim.SGD, torch.optim.Adagrad])
def test_of_a_large_table_the_same_elements_are_looked_at_before_and_after(cls):
    table, optimizer = make(cls, rows=5000, columns=8)
    with record(table, optimizer) as trace:
        for _ in range(2):
            was = table.weight.detach().clone()
            look_up(table, list(range(0, 5000, 2)))
            optimizer.step()
    size = (table.weight.detach() - was).square().mean().sqrt().item()
    assert trace.layers["weight"].update_size[1] == pytest.approx(size, rel=0.1)  # of a sample
    assert max(trace.layers["weight"].residual) <= 32
