"""What is drawn is what was measured: every line, band, mark and limit is compared with the data."""

import copy
import math

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from drawn import a_trace, edges, inside, legend, lines, marks, same, written
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.optim.lr_scheduler import StepLR

from lrcourse import (
    SmallCNN,
    fit,
    plot_history,
    plot_lr,
    plot_range_test,
    plot_step,
    plot_trace,
    plot_two_clocks,
    record,
)
from lrcourse.training import History, RangeTest

NAN = math.nan


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    yield
    plt.close("all")


# Curves.


def test_the_lr_of_step_k_stands_at_k():
    ax = plot_lr(np.array([0.1, 0.1, 0.05]), unit="batch", label="mine")
    assert lines(ax) == {"mine": ([1, 2, 3], [0.1, 0.1, 0.05])}
    assert ax.lines[0].get_drawstyle() == "steps-mid" and ax.lines[0].get_marker() == "o"
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_yscale(), legend(ax)) == ("batch", "base lr", "log", ["mine"])
    assert plot_lr([0.1]).get_legend() is None


def test_lr_of_two_schedules_can_share_axes():
    ax = plot_lr([0.1, 0.05], label="first")
    plot_lr(torch.tensor([0.1, 0.02]), ax, label="second")
    assert legend(ax) == ["first", "second"]
    assert ax.lines[0].get_color() != ax.lines[1].get_color()


@pytest.mark.parametrize("lr", [[], 0.1, ["0.1"], [[0.1]], None])
def test_what_is_no_schedule_is_refused(lr):
    with pytest.raises(ValueError, match="lr must be numbers, one for each step, got .*: pass what simulate returned"):
        plot_lr(lr)


@settings(max_examples=60)
@given(st.lists(st.floats(-1e3, 1e3) | st.sampled_from([0.0, NAN, math.inf, -math.inf]), min_size=1, max_size=8))
def test_every_lr_that_is_a_number_has_a_place_in_the_picture(lrs):
    ax = plot_lr(lrs)
    ax.figure.canvas.draw()
    assert same(ax.lines[0].get_ydata(), lrs)
    for k, lr in enumerate(lrs, 1):
        assert not math.isfinite(lr) or inside(ax, k, lr)
    said = any(math.isinf(lr) for lr in lrs) or not any(map(math.isfinite, lrs))
    assert bool(written(ax)) == said
    plt.close(ax.figure)


def test_an_lr_of_0_is_drawn_below_all_others_and_labelled():
    ax = plot_lr([0.1, 0.01, 0.0])
    place = [ax.transData.transform((0, lr))[1] for lr in (0.1, 0.01, 0.0)]
    assert place[0] - place[1] > 30 and place[1] - place[2] > 30
    assert 0.0 in ax.get_yticks() and ax.yaxis.get_major_formatter()(0.0) == "0"
    plot_lr([0.1, 0.02], ax)  # which alone would have a logarithmic scale, without a place for 0
    assert inside(ax, 3, 0.0)


def test_what_is_drawn_after_an_infinite_lr_is_in_the_picture_too():
    ax = plot_lr([0.1, math.inf])
    assert written(ax) == ["what is infinite lies outside"] and inside(ax, 1, 0.1)
    plot_lr([10.0, 0.001], ax)
    assert inside(ax, 1, 10.0) and inside(ax, 2, 0.001) and inside(ax, 1, 0.1)


def test_a_0_in_one_of_two_pictures_with_one_axis_is_drawn_too():
    left, right = plt.subplots(1, 2, sharey=True)[1]
    plot_lr([0.1, 0.0], left)
    plot_lr([1.0, 0.5], right)
    assert inside(left, 2, 0.0) and inside(right, 1, 1.0)


def test_a_cosine_that_ends_at_a_rounded_0_does_not_stretch_the_picture_to_it():
    ax = plot_lr([0.1, 0.05, 1e-18])
    assert ax.get_yscale() == "symlog" and ax.yaxis.get_transform().linthresh == 0.05


def test_batch_k_stands_where_it_ends_and_each_epoch_at_its_end():
    history = History([0.1] * 5, [2.3, 2.2, 2.1, 2.0, 1.9], [2.15, 1.95], [0.2, 0.3], steps_per_epoch=2)
    ax = plot_history(history)
    assert lines(ax) == {
        "training, each batch": ([0.5, 1.0, 1.5, 2.0, 2.5], history.train_loss),
        "validation, each epoch": ([1, 2], history.val_loss),
    }
    assert legend(ax) == list(lines(ax))
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_yscale()) == ("epochs done", "cross entropy", "linear")
    assert plot_history(History([0.1], [2.0], [], [], 4)).lines[0].get_marker() == "o"  # a line would not show it


def test_a_range_test_is_drawn_dot_by_dot():
    result = RangeTest(lr=[0.1, 0.2, 0.4], loss=[2.0, 1.0, 9.0], smooth=[2.0, 1.5, 4.0])
    ax = plot_range_test(result)
    assert ax.collections[0].get_offsets().tolist() == [[0.1, 2.0], [0.2, 1.0], [0.4, 9.0]]
    assert lines(ax) == {"running average of the loss": (result.lr, result.smooth)}
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_xscale()) == ("lr", "cross entropy", "log")
    assert ax.get_ylim()[1] == 3.0 and legend(ax) == ["running average of the loss"]
    plot_range_test(RangeTest([0.1, 0.2], [1.0, 0.9], [1.0, 0.9]), ax, label="another")
    assert ax.get_ylim()[1] == 3.0  # of the first, which it would cut off
    assert ax.lines[0].get_color() != ax.lines[1].get_color() and "another" in legend(ax)


# A run of one param group.


@pytest.fixture
def run(data):
    model = SmallCNN()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    with record(model, optimizer) as trace:
        history = fit(model, optimizer, data, epochs=3, batch_size=21, per_epoch=StepLR(optimizer, 1, 0.5))
    return trace, history


def test_plots_leave_their_data_alone_and_show_nothing(run, monkeypatch):
    monkeypatch.setattr(plt, "show", lambda: pytest.fail("a plot was shown"))
    trace, history = run
    before = copy.deepcopy(run)
    plot_two_clocks(trace, steps_per_epoch=2)
    plot_trace(trace)
    plot_step(trace, 0)
    plot_history(history)
    assert (trace, history) == before


def test_plots_draw_into_the_axes_they_are_given(run):
    fig, axes = plt.subplots(3, 3)
    figures = len(plt.get_fignums())
    assert plot_lr([0.1, 0.01], axes[0, 0]) is axes[0, 0]
    assert plot_history(run[1], axes[0, 1]) is axes[0, 1]
    assert plot_trace(run[0], axes[0, 2]) is axes[0, 2]
    assert plot_two_clocks(run[0], axes[1:].flatten()[:4]) == list(axes[1:].flatten()[:4])
    assert plot_step(run[0], 0, axes[2, 2]) is axes[2, 2]
    assert plot_range_test(RangeTest([0.1], [2.0], [2.0]), axes[2, 1]) is axes[2, 1]
    assert len(plt.get_fignums()) == figures
    with pytest.raises(ValueError, match="axes must be four Axes, got 3"):
        plot_two_clocks(run[0], axes[0])


@pytest.mark.parametrize("per_epoch, unit", [(None, "optimizer step"), (4, "epochs done")])
@pytest.mark.parametrize("first, every", [(1, 1), (501, 1), (1, 10)])
def test_two_clocks_draw_what_was_recorded_where_it_was_recorded(first, every, per_epoch, unit):
    trace = a_trace([0.1, 0.1, 0.05, 0.05, 0.02], first=first, every=every)
    base, factor, product, update = plot_two_clocks(trace, steps_per_epoch=per_epoch)
    at = [(first + every * i) / (per_epoch or 1) for i in range(5)]
    seen = trace.everything
    assert lines(base)["base lr"] == (at, trace.base_lr) and base.lines[0].get_drawstyle() == "steps-mid"
    assert (list(update.lines[0].get_xdata()), list(update.lines[0].get_ydata())) == (at, seen.update_size)
    for ax, rows in ((factor, seen.factor), (product, seen.effective_lr)):
        low, lower, median, upper, high = map(list, zip(*rows, strict=True))
        assert lines(ax)["median"] == (at, median)
        outer, inner = ax.collections
        assert edges(outer) == (at, low, high) and outer.get_label() == "middle 90 %"
        assert edges(inner) == (at, lower, upper) and inner.get_label() == "middle half"
    between = [(at[1] + at[2]) / 2, (at[3] + at[4]) / 2]
    for ax in (base, factor, product, update):
        assert marks(ax) == between
        assert ax.get_yscale() == "log"
    assert update.get_xlabel() == unit and legend(factor) == ["middle 90 %", "middle half", "median"]
    assert base.get_legend() is None and list(base.get_yticks()) == [0.02, 0.05, 0.1]
    assert [ax.get_ylabel() for ax in (base, factor, product, update)] == [
        "base lr",
        "factor",
        "effective lr",
        "update size",
    ]


def test_a_scheduler_that_acts_every_batch_is_not_marked_batch_by_batch():
    assert marks(plot_two_clocks(a_trace([0.9**i for i in range(13)]))[0]) != []
    base, *_ = plot_two_clocks(a_trace([0.9**i for i in range(14)]))
    assert marks(base) == [] and len(base.get_yticks()) != 14


def test_trace_draws_one_line_for_each_layer_and_one_for_the_base_lr():
    trace = a_trace([0.1, 0.1, 0.05], first=11)
    ax = plot_trace(trace, steps_per_epoch=2)
    at = [5.5, 6.0, 6.5]
    median = [row[2] for row in trace.layers["0.weight"].effective_lr]
    assert lines(ax) == {"0.weight": (at, median), "base lr": (at, [0.1, 0.1, 0.05])}
    assert legend(ax) == ["0.weight", "base lr"]
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_yscale()) == ("epochs done", "effective lr (median)", "log")
    assert plot_trace(trace).get_xlabel() == "optimizer step"


@pytest.mark.parametrize("at", [0, 1, 2, -1, -3])
def test_a_step_is_drawn_layer_by_layer_and_can_be_counted_from_the_end(at):
    trace = a_trace([0.1, 0.1, 0.05])
    ax = plot_step(trace, at)
    low, lower, median, upper, high = np.array([one.effective_lr[at] for one in trace.layers.values()]).T
    outer, inner = ax.collections
    assert [segment.tolist() for segment in outer.get_segments()] == [[[low[i], i], [high[i], i]] for i in (0, 1)]
    assert [segment.tolist() for segment in inner.get_segments()] == [[[lower[i], i], [upper[i], i]] for i in (0, 1)]
    assert lines(ax)["median"] == (list(median), [0, 1])
    assert set(lines(ax)[f"base lr {trace.base_lr[at]:g}"][0]) == {trace.base_lr[at]}
    assert [tick.get_text() for tick in ax.get_yticklabels()] == list(trace.layers)
    assert ax.get_title() == f"step {trace.step[at]}" and ax.get_xlabel() == "effective lr"
    assert legend(ax) == ["middle 90 %", "middle half", "median", f"base lr {trace.base_lr[at]:g}"]
    assert ax.yaxis_inverted() and ax.get_xscale() == "log"


def test_pictures_of_two_steps_have_the_limits_of_the_whole_run_or_those_that_are_given():
    trace = a_trace([0.1, 0.1, 0.05])
    rates = np.ravel([one.effective_lr for one in trace.layers.values()])
    for at in range(3):
        assert plot_step(trace, at).get_xlim() == pytest.approx((0.05 / 1.5, 1.5 * rates.max()))
        assert plot_step(trace, at, xlim=(0.01, 3.0)).get_xlim() == (0.01, 3.0)


# Several param groups.


def test_each_param_group_has_a_line_of_its_own_base_lr():
    trace = a_trace([1e-4, 1e-4, 5e-5], [0.1, 0.2, 0.2])
    base, factor, product, update = plot_two_clocks(trace)
    at = [1, 2, 3]
    assert {name: lines(base)[name] for name in legend(base)} == {
        "group 0": (at, [1e-4, 1e-4, 5e-5]),
        "group 1": (at, [0.1, 0.2, 0.2]),
    }
    for ax in (base, factor, product, update):
        assert marks(ax) == [1.5, 2.5]  # where either changed
    ax = plot_trace(trace)
    assert lines(ax)["base lr, group 0"] == (at, [1e-4, 1e-4, 5e-5])
    assert lines(ax)["base lr, group 1"] == (at, [0.1, 0.2, 0.2])
    assert "base lr" not in lines(ax)
    assert len({line.get_color() for line in ax.lines}) == len(ax.lines)


def test_at_a_step_each_layer_has_the_base_lr_of_its_group_beside_it():
    trace = a_trace([1e-4, 5e-5], [0.1, 0.1])
    ax = plot_step(trace, 1)
    assert legend(ax)[3:] == ["base lr 5e-05, group 0", "base lr 0.1, group 1"]
    for label, lr, rows in (("base lr 5e-05, group 0", 5e-5, (0, 1)), ("base lr 0.1, group 1", 0.1, (2, 3))):
        x, y = lines(ax)[label]
        assert set(x) == {lr}
        assert same(y, [end for row in rows for end in (row - 0.5, row + 0.5, NAN)])
    assert ax.get_xlim() == pytest.approx((5e-5 / 1.5, 1.5 * 0.1 * 32 * 4))


def test_groups_with_one_base_lr_are_one_line_whatever_else_tells_them_apart():
    trace = a_trace([0.1, 0.05], [0.1, 0.05])
    assert lines(plot_two_clocks(trace)[0])["base lr"] == ([1, 2], [0.1, 0.05])
    assert lines(plot_trace(trace))["base lr"] == ([1, 2], [0.1, 0.05])
    assert legend(plot_step(trace, 0))[3:] == ["base lr 0.1"]
    three = a_trace([0.1, 0.05], [0.2, 0.2], [0.1, 0.05])
    assert legend(plot_two_clocks(three)[0]) == ["groups 0, 2", "group 1"]
    assert legend(plot_step(three, 1))[3:] == ["base lr 0.05, groups 0, 2", "base lr 0.2, group 1"]


def test_the_base_lrs_of_thirty_groups_are_a_band_that_says_so():
    groups = [[1e-3 * 0.8**g, 5e-4 * 0.8**g] for g in range(30)]
    trace = a_trace(*groups)
    label = "base lr of 30 groups, lowest to highest"
    for ax in (plot_two_clocks(trace)[0], plot_trace(trace)):
        (band,) = [one for one in ax.collections if one.get_label() == label]
        corners = band.get_paths()[0].vertices[:, 1]
        assert (corners.min(), corners.max()) == (5e-4 * 0.8**29, 1e-3) and label in legend(ax)
        assert inside(ax, 1, 1e-3) and inside(ax, 2, 5e-4 * 0.8**29)
    ax = plot_trace(trace)
    assert legend(ax) == ["each of 30 layers", label] and len(ax.lines) == 30
    ax = plot_step(trace, 0)
    (mark,) = [line for line in ax.lines if line.get_label().startswith("base lr")]
    assert mark.get_label() == "base lr 1.55e-06 to 0.001, 30 groups"
    assert same(mark.get_xdata()[::6], [lrs[0] for lrs in groups])  # two layers a group, three points a layer
    assert ax.figure.get_figheight() > 10  # or the names of 60 layers would lie on each other


LRS = st.sampled_from([0.1, 0.2, 0.4, NAN])


@pytest.mark.parametrize("count", [6, 7])
def test_six_groups_are_lines_and_seven_a_band(count):
    trace = a_trace(*[[g / 10, g / 20] for g in range(1, count + 1)])
    base, ax = plot_two_clocks(trace)[0], plot_trace(trace)
    assert len(legend(base)) == (6 if count == 6 else 1)
    assert sum("base lr" in label for label in legend(ax)) == (6 if count == 6 else 1)
    assert sum("base lr" in label for label in legend(plot_step(trace, 0))) == (6 if count == 6 else 1)


@settings(max_examples=40)
@given(st.integers(1, 9).flatmap(lambda n: st.lists(st.lists(LRS, min_size=n, max_size=n), min_size=1, max_size=9)))
def test_every_group_is_drawn_and_every_change_marked(groups):
    trace = a_trace(*groups)
    base = plot_two_clocks(trace)[0]
    table = np.array(groups)
    for number, lrs in enumerate(groups):
        (drawn,) = [y for label, (_, y) in lines(base).items() if names(label, number, groups)] or [None]
        if drawn is not None:
            assert same(drawn, lrs)
        else:
            assert any("lowest to highest" in one.get_label() for one in base.collections)
            assert len({tuple(map(str, lrs)) for lrs in groups}) > 6
    changed = []
    for step in range(1, table.shape[1]):
        for lrs in groups:
            known = [lr for lr in lrs[:step] if not math.isnan(lr)]
            if known and not math.isnan(lrs[step]) and lrs[step] != known[-1] and step not in changed:
                changed.append(step)
    assert marks(base) == [step + 0.5 for step in changed]
    plt.close(base.figure)


def names(label, number, groups):
    """Tell whether a label names this group, or all."""
    if label == "base lr":
        return all(same(lrs, groups[0]) for lrs in groups)
    first = label.removesuffix(": none").removeprefix("group").removeprefix("s").split(" and ")[0]
    shown = [int(part) for part in first.split(",")] if label.startswith("group") else []
    more = " and " in label  # and some more groups, with the lrs of the first
    return number in shown or (more and same(groups[number], groups[shown[0]]))


# What an optimizer makes of the lr itself.


def test_an_lr_that_the_optimizer_makes_itself_is_dashed_beside_the_base_lr():
    trace = a_trace([1.0, 1.0], optimizer="Prodigy")
    trace.own_lr, trace.own_lr_name = [[1e-6, 1e-3]], "base lr × d"
    base, *_ = plot_two_clocks(trace)
    assert lines(base) == {"base lr": ([1, 2], [1.0, 1.0]), "base lr × d": ([1, 2], [1e-6, 1e-3])}
    assert [line.get_linestyle() for line in base.lines] == ["-", "--"]
    assert legend(base) == ["base lr", "base lr × d"] and inside(base, 1, 1e-6)
    assert base.get_title(loc="left") == ("The scheduler's clock; dashed: Prodigy scales it by an estimate of its own")
    assert marks(base) == []  # no scheduler has acted
    assert lines(plot_trace(trace))["base lr × d"] == ([1, 2], [1e-6, 1e-3])
    ax = plot_step(trace, 1)
    assert legend(ax)[3:] == ["base lr 1", "base lr × d 0.001"]
    assert set(lines(ax)["base lr × d 0.001"][0]) == {1e-3} and ax.lines[-1].get_linestyle() == "--"
    assert ax.get_xlim()[0] < 1e-6


def test_an_own_lr_of_each_group_is_named_after_it():
    trace = a_trace([1.0, 1.0], [0.5, 0.5], optimizer="AdamWScheduleFree")
    trace.own_lr, trace.own_lr_name = [[0.1, 1.0], [0.05, 0.5]], "scheduled lr"
    base, *_ = plot_two_clocks(trace)
    assert legend(base) == ["group 0", "group 1", "scheduled lr, group 0", "scheduled lr, group 1"]
    colours = [line.get_color() for line in base.lines]
    assert colours[0] == colours[2] != colours[1] == colours[3]
    assert "AdamWScheduleFree scales it by a warm-up of its own" in base.get_title(loc="left")


# What is not known, not finite, or alone.


def test_a_single_recorded_step_can_be_seen():
    trace = a_trace([0.1])
    for ax in (*plot_two_clocks(trace), plot_trace(trace)):
        assert all(line.get_marker() == "o" and line.get_markevery() == [0] for line in ax.lines)
    _, factor, *_ = plot_two_clocks(trace)
    bars = [one.get_segments()[0].tolist() for one in factor.collections if hasattr(one, "get_segments")]
    assert bars == [[[1, 10.0], [1, 80.0]], [[1, 18.0], [1, 24.0]]]


def test_steps_without_a_number_are_gaps_and_no_boundaries():
    trace = a_trace([0.1, 0.1, 0.1, 0.05, 0.05, 0.05])
    trace.group_lr = [[0.1, NAN, 0.1, 0.05, NAN, 0.05]]
    for one in (trace.everything, trace.layers["0.weight"]):
        for i in (1, 4):
            one.factor[i], one.effective_lr[i], one.update_size[i] = [NAN] * 5, [NAN] * 5, NAN
    base, factor, product, update = plot_two_clocks(trace)
    assert same(lines(base)["base lr"][1], trace.base_lr) and marks(base) == [3.5]
    assert same(lines(factor)["median"][1], [row[2] for row in trace.everything.factor])
    assert base.lines[0].get_markevery() == [0, 5] and base.lines[0].get_marker() == "o"
    assert "one number for each weight" in factor.get_title(loc="left") and written(factor) == []
    ax = plot_step(trace, 1)
    assert written(ax) == []  # the bias is known
    trace.layers = {"0.weight": trace.layers["0.weight"]}
    assert written(plot_step(trace, 1)) == ["not known at this step"]
    ax.figure.canvas.draw()


def test_panels_of_what_is_not_known_say_so_instead_of_drawing_nothing():
    trace = a_trace([1.0, 1.0], optimizer="Lion")
    for one in (trace.everything, *trace.layers.values()):
        one.factor, one.effective_lr = [[NAN] * 5] * 2, [[NAN] * 5] * 2
    base, factor, product, update = plot_two_clocks(trace)
    base.figure.canvas.draw()
    assert written(base) == written(update) == []
    assert factor.get_title(loc="left") == "no rule for Lion: the factor is not known"
    assert written(factor) == ["no rule for Lion: the factor is not known"] and factor.get_legend() is None
    assert product.get_title(loc="left") == "effective lr: not known" and written(product) == ["not known"]
    assert written(plot_trace(trace)) == written(plot_step(trace, 0)) == ["no rule for Lion: the factor is not known"]


def test_a_base_lr_that_there_is_not_is_said_to_be_chosen_by_the_optimizer():
    trace = a_trace([NAN, NAN], optimizer="Adafactor")
    base, *_ = plot_two_clocks(trace)
    base.figure.canvas.draw()
    words = "no base lr: Adafactor chooses its lr itself"
    assert written(base) == [words] and base.get_title(loc="left") == words
    two = plot_two_clocks(a_trace([NAN, NAN], [0.1, 0.1]))[0]
    assert legend(two) == ["group 0: none", "group 1"]
    assert legend(plot_step(a_trace([NAN], [0.1]), 0))[3:] == ["base lr not known, group 0", "base lr 0.1, group 1"]
    unread = a_trace([NAN, NAN])
    unread.everything.update_size = [NAN, NAN]
    assert written(plot_two_clocks(unread)[0]) == ["base lr: not known"]


@pytest.mark.parametrize("lrs", [[0.1, 0.05, 0.0], [0.1, 0.0, -0.1], [0.0, 0.0, 0.0], [-0.1, -0.1, -0.2]])
def test_an_lr_of_0_or_below_does_not_leave_the_pictures(lrs):
    trace = a_trace(lrs)
    trace.everything.update_size = [abs(lr) for lr in lrs]
    base, factor, product, update = plot_two_clocks(trace)
    base.figure.canvas.draw()
    for i, lr in enumerate(lrs):
        assert inside(base, i + 1, lr) and inside(update, i + 1, abs(lr))
        assert all(inside(product, i + 1, rate) for rate in trace.everything.effective_lr[i])
        assert inside(plot_trace(trace), i + 1, lr)
        ax = plot_step(trace, i)
        ax.figure.canvas.draw()
        assert inside(ax, lr, 0) and inside(ax, trace.layers["0.weight"].effective_lr[i][-1], 0)
        assert legend(ax)[3] == f"base lr {lr:g}"
    assert product.get_title(loc="left") == "base lr × factor = effective lr"


def test_what_is_infinite_leaves_the_picture_and_that_is_said():
    trace = a_trace([0.1, 0.1])
    for one in (trace.everything, *trace.layers.values()):
        one.factor[1][3:] = one.effective_lr[1][3:] = [math.inf, math.inf]
    base, factor, product, update = plot_two_clocks(trace)
    base.figure.canvas.draw()
    for ax in (factor, product):
        assert written(ax) == ["what is infinite lies outside"]
        assert edges(ax.collections[1])[2][1] > ax.get_ylim()[1]  # the band reaches over the edge
        assert ax.get_ylim()[1] < 1e3
    ax = plot_step(trace, 1)
    ax.figure.canvas.draw()
    assert written(ax) == ["what is infinite lies outside"]
    assert ax.collections[0].get_segments()[0][1, 0] > ax.get_xlim()[1]


# Names of layers.


@pytest.mark.parametrize(
    "name, weight",
    [
        ("0.weight", True),
        ("0.bias", False),
        ("module.0.weight", True),
        ("_orig_mod.0.weight", True),
        ("_orig_mod.0.bias", False),
        ("0.parametrizations.weight.original0", True),
        ("0.parametrizations.weight.original", True),
        ("0.parametrizations.bias.original", False),
        ("0.weight_g", True),
        ("0.weight_v", True),
        ("0.weight_orig", True),
        ("lstm.weight_ih_l0", True),
        ("lstm.bias_ih_l0", False),
        ("attention.in_proj_weight", True),
        ("attention.in_proj_bias", False),
        ("bias_net.weight", True),
        ("cls_token", True),
        ("group 0, parameter 1", True),
    ],
)
def test_a_layer_is_drawn_whatever_a_parametrization_or_a_wrapper_makes_of_its_name(name, weight):
    trace = a_trace([0.1, 0.1])
    trace.layers = {"other.weight": trace.layers["0.weight"], name: trace.layers["0.bias"]}
    assert (name in lines(plot_trace(trace))) == weight


def test_biases_are_drawn_where_there_is_nothing_else():
    trace = a_trace([0.1, 0.1])
    del trace.layers["0.weight"]
    assert legend(plot_trace(trace)) == ["0.bias", "base lr"]


def test_layers_of_weight_norm_and_orthogonal_are_drawn_under_their_names():
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Linear(3, 3))
    torch.nn.utils.parametrizations.weight_norm(model[0])
    torch.nn.utils.parametrizations.orthogonal(model[1])
    optimizer = torch.optim.Adam(model.parameters())
    with record(model, optimizer) as trace:
        model(torch.randn(4, 3)).square().mean().backward()
        optimizer.step()
    assert set(legend(plot_trace(trace))) == {
        "0.parametrizations.weight.original0",
        "0.parametrizations.weight.original1",
        "1.parametrizations.weight.original",
        "base lr",
    }
