import copy

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from torch.optim.lr_scheduler import StepLR

from lrcourse import SmallCNN, fit, plot_history, plot_lr, plot_step, plot_trace, plot_two_clocks, record


@pytest.fixture
def run(data):
    model = SmallCNN()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    with record(model, optimizer) as trace:
        history = fit(model, optimizer, data, epochs=3, batch_size=21, per_epoch=StepLR(optimizer, 1, 0.5))
    yield trace, history
    plt.close("all")


def test_plots_leave_their_data_alone_and_show_nothing(run, monkeypatch):
    monkeypatch.setattr(plt, "show", lambda: pytest.fail("a plot was shown"))
    trace, history = run
    before = copy.deepcopy(run)
    plot_two_clocks(trace, steps_per_epoch=2)
    plot_trace(trace)
    plot_history(history)
    assert (trace, history) == before


def test_two_clocks_draws_what_was_recorded_and_marks_the_boundaries(run):
    trace, _ = run
    base, factor, product, update = plot_two_clocks(trace)
    assert list(base.lines[0].get_ydata()) == trace.base_lr
    assert list(factor.lines[0].get_ydata()) == [row[2] for row in trace.everything.factor]
    assert list(product.lines[0].get_ydata()) == [row[2] for row in trace.everything.effective_lr]
    assert list(update.lines[0].get_ydata()) == trace.everything.update_size
    for ax in (base, factor, product, update):
        assert [line.get_xdata()[0] for line in ax.lines[1:]] == [2.5, 4.5]
        assert ax.get_yscale() == "log" and ax.get_ylabel()


def test_a_scheduler_that_acts_every_batch_is_not_marked_batch_by_batch(data):
    model = SmallCNN()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with record(model, optimizer) as trace:
        fit(model, optimizer, data, epochs=4, batch_size=8, per_batch=StepLR(optimizer, 1, 0.9))
    assert len(plot_two_clocks(trace)[0].lines) == 1
    plt.close("all")


def test_trace_draws_one_line_for_each_layer_and_one_for_the_base_lr(run):
    ax = plot_trace(run[0], steps_per_epoch=2)
    assert [line.get_label() for line in ax.lines][-1] == "base lr"
    assert len(ax.lines) == 1 + sum(name.endswith("weight") for name in run[0].layers)
    assert np.array_equal(ax.lines[0].get_xdata(), np.arange(1, 7) / 2)


def test_a_step_can_be_counted_from_the_end(run):
    trace, _ = run
    last, from_the_end = (plot_step(trace, at).lines[0].get_xdata() for at in (len(trace.step) - 1, -1))
    assert np.array_equal(last, from_the_end)
    assert not np.array_equal(last, plot_step(trace, 0).lines[0].get_xdata())


def test_plots_draw_into_the_axes_they_are_given(run):
    fig, axes = plt.subplots(3, 2)
    figures = len(plt.get_fignums())
    assert plot_lr([0.1, 0.01], axes[0, 0]) is axes[0, 0]
    assert plot_history(run[1], axes[0, 1]) is axes[0, 1]
    assert plot_two_clocks(run[0], axes[1:].flatten()) == list(axes[1:].flatten())
    assert len(plt.get_fignums()) == figures


def test_lr_of_two_schedules_can_share_axes(run):
    ax = plot_lr([0.1, 0.05], label="first")
    plot_lr([0.1, 0.02], ax, label="second")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["first", "second"]
    assert ax.lines[0].get_color() != ax.lines[1].get_color()
