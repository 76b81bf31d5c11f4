"""What lies on what, how thick, in which colour: what differs can be told apart, and words do not cover the data."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from drawn import a_trace, legend, series
from matplotlib.colors import to_rgba

from lrcourse.plots import plot_history, plot_lr, plot_range_test, plot_step, plot_trace, plot_two_clocks
from lrcourse.plots.drawing import COLOURS, GREYS, LR_COLOURS, STYLES
from lrcourse.training import History, RangeTest


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    yield
    plt.close("all")


def look(line):
    """Return colour, style and width of a line."""
    return line.get_color(), line.get_linestyle(), line.get_linewidth()


def faces(ax):
    """Return colour and width of the edge of each band, by what it is called; the last of those called alike."""
    return {one.get_label(): (tuple(one.get_facecolor()[0]), one.get_linewidth()[0]) for one in ax.collections}


def many_layers(count):
    trace = a_trace([0.1, 0.05])
    trace.layers = {f"{i}.weight": series([2.0 + i, 3.0], trace.group_lr[0]) for i in range(count)}
    return trace


@pytest.mark.parametrize("count", [1, 23, 24, 25, 60])
def test_layers_have_styles_of_their_own_as_long_as_there_are_some(count):
    ax = plot_trace(many_layers(count))
    *layers, base = ax.lines
    assert len(layers) == count and look(base) == ("black", "-", 2.0)
    if count <= 24:
        assert [look(line)[:2] for line in layers] == STYLES[:count] and len(set(STYLES)) == 24
        assert legend(ax) == [*(f"{i}.weight" for i in range(count)), "base lr"]
    else:
        assert {look(line) for line in layers} == {(COLOURS[5], "-", 0.7)}
        assert legend(ax) == [f"each of {count} layers", "base lr"]


def test_the_legend_of_layers_stands_beside_the_picture_in_two_columns_unless_a_name_is_long():
    trace = many_layers(2)
    for name, columns in (("0" * 24, 2), ("0" * 25, 1)):
        trace.layers[name] = trace.layers["0.weight"]
        beside = plot_trace(trace).get_legend()
        beside.figure.canvas.draw()
        assert beside._ncols == columns and beside.get_texts()[0].get_fontsize() < plt.rcParams["font.size"]
        picture, box = beside.axes.get_window_extent(), beside.get_window_extent()
        assert box.x0 >= picture.x1 and abs((box.y0 + box.y1) - (picture.y0 + picture.y1)) < 2


@pytest.mark.parametrize("count, height", [(1, 3.6), (18, 3.6), (20, 3.8), (24, 4.56), (60, 4.56)])
def test_a_picture_of_many_layers_has_the_height_of_its_legend(count, height):
    assert plot_trace(many_layers(count)).figure.get_size_inches() == pytest.approx((7, height))


@pytest.mark.parametrize("count, height, size", [(1, 4, 10.0), (29, 4.93, 10.0), (30, 5.1, 6.94), (60, 10.2, 6.94)])
def test_the_names_of_many_layers_at_a_step_are_small_and_the_picture_is_high(count, height, size):
    ax = plot_step(many_layers(count), 0)
    assert ax.figure.get_size_inches() == pytest.approx((8, height))
    assert ax.get_yticklabels()[0].get_fontsize() == pytest.approx(size)
    assert [text.get_text() for text in ax.get_yticklabels()] == [f"{i}.weight" for i in range(count)]
    assert ax.yaxis.get_inverted()  # the first layer is at the top


def test_the_other_pictures_have_a_size_that_fits_a_page():
    history = History(train_loss=[2.3, 2.0], val_loss=[2.1], val_accuracy=[0.2], steps_per_epoch=2)
    result = RangeTest(lr=[0.1, 1.0], loss=[2.3, 2.0], smooth=[2.3, 2.1])
    for ax in (plot_lr([0.1]), plot_history(history), plot_range_test(result)):
        assert ax.figure.get_size_inches() == pytest.approx((7, 3.2))
        assert ax.figure.get_layout_engine().__class__.__name__ == "ConstrainedLayoutEngine"
    clocks = plot_two_clocks(a_trace([0.1, 0.05]))
    assert clocks[0].figure.get_size_inches() == pytest.approx((8, 4.8))
    assert all(ax.get_shared_x_axes().joined(ax, clocks[0]) for ax in clocks)
    engines = [
        ax.figure.get_layout_engine() for ax in (clocks[0], plot_trace(a_trace([1.0])), plot_step(a_trace([1.0]), 0))
    ]
    assert {type(engine).__name__ for engine in engines} == {"ConstrainedLayoutEngine"}


def test_every_picture_has_a_pale_grid():
    trace = a_trace([0.1, 0.05])
    history = History(train_loss=[2.3, 2.0], val_loss=[2.1], val_accuracy=[0.2], steps_per_epoch=2)
    for ax in (*plot_two_clocks(trace), plot_trace(trace), plot_step(trace, 0), plot_lr([1.0]), plot_history(history)):
        grid = [*ax.get_xgridlines(), *ax.get_ygridlines()]
        assert {(line.get_visible(), line.get_alpha()) for line in grid} == {(True, 0.3)}


def test_the_middle_half_is_darker_than_the_middle_90_percent_and_the_median_lies_on_both():
    _, factor, product, update = plot_two_clocks(a_trace([0.1, 0.05]))
    for ax, colour in ((factor, COLOURS[1]), (product, COLOURS[2])):
        assert faces(ax) == {
            "middle 90 %": (to_rgba(colour, 0.2), 0.0),
            "middle half": (to_rgba(colour, 0.4), 0.0),
        }
        assert look(ax.lines[0]) == (colour, "-", 1.5) and ax.lines[0].get_label() == "median"
        assert max(one.get_zorder() for one in ax.collections) < ax.lines[0].get_zorder()
    assert update.lines[0].get_color() == COLOURS[3]
    assert legend(factor) == ["middle 90 %", "middle half", "median"] and factor.get_legend()._ncols == 3


def test_a_band_of_a_single_step_has_the_look_of_the_others():
    _, factor, *_ = plot_two_clocks(a_trace([0.1]))
    bars = [one for one in factor.collections if hasattr(one, "get_segments")]
    looks = [(tuple(bar.get_colors()[0]), bar.get_linewidth()[0]) for bar in bars]
    assert looks == [(to_rgba(COLOURS[1], 0.2), 6), (to_rgba(COLOURS[1], 0.4), 6)]
    assert factor.lines[0].get_markersize() == 4


def test_at_a_step_the_median_lies_on_the_half_and_that_on_the_90_percent():
    ax = plot_step(a_trace([0.1, 0.05]), 1)
    wide, narrow = ax.collections
    assert [wide.get_label(), narrow.get_label(), ax.lines[0].get_label()] == ["middle 90 %", "middle half", "median"]
    assert (tuple(wide.get_colors()[0]), wide.get_linewidth()[0]) == (to_rgba(COLOURS[2], 0.4), 3)
    assert (tuple(narrow.get_colors()[0]), narrow.get_linewidth()[0]) == (to_rgba(COLOURS[2]), 7)
    median = ax.lines[0]
    assert (median.get_marker(), median.get_markersize(), median.get_color()) == ("o", 5, "black")
    assert median.get_linestyle() == "None"
    legend_box = ax.get_legend().get_window_extent()
    ax.figure.canvas.draw()
    assert ax.get_legend().get_window_extent().x0 >= ax.get_window_extent().x1 and legend_box.width > 0
    assert abs(ax.get_legend().get_window_extent().y1 - ax.get_window_extent().y1) < 12


def test_base_lrs_have_colours_that_are_not_those_of_the_panels_below_and_greys_beside_coloured_layers():
    trace = a_trace([0.1, 0.1], [0.2, 0.1])
    trace.own_lr, trace.own_lr_name = [[0.01, 0.1], [0.02, 0.1]], "scheduled lr"
    base = plot_two_clocks(trace)[0]
    wanted = [(LR_COLOURS[i], style, 2.0) for style in ("-", "--") for i in (0, 1)]
    assert [look(line) for line in base.lines if line.get_linestyle() != ":"] == wanted
    assert {line.get_drawstyle() for line in base.lines if line.get_linestyle() != ":"} == {"steps-mid"}
    own = [line for line in plot_trace(trace).lines if "lr" in line.get_label()]
    assert [look(line) for line in own] == [(GREYS[i], style, 2.0) for style in ("-", "--") for i in (0, 1)]
    assert {line.get_drawstyle() for line in own} == {"default"}
    at = [line for line in plot_step(trace, 0).lines if "lr" in line.get_label()]
    assert [look(line) for line in at] == wanted
    assert [line.get_gid() for line in at] == [
        *("base lr, group 0", "base lr, group 1"),
        *("scheduled lr, group 0", "scheduled lr, group 1"),
    ]


def test_the_band_of_many_base_lrs_is_pale_and_has_steps():
    trace = a_trace(*[[g / 10, g / 20] for g in range(1, 8)])
    label = "base lr of 7 groups, lowest to highest"
    assert faces(plot_two_clocks(trace)[0])[label] == (to_rgba(LR_COLOURS[0], 0.3), 0.0)
    band = plot_two_clocks(trace)[0].collections[0].get_paths()[0].vertices
    assert 1.5 in band[:, 0]  # where the step stands, between two recorded ones
    beside = plot_trace(trace)
    assert faces(beside)[label] == (to_rgba(GREYS[0], 0.3), 0.0)
    assert 1.5 not in [one for one in beside.collections if one.get_label() == label][0].get_paths()[0].vertices[:, 0]


def test_where_the_base_lr_changed_a_dotted_black_line_stands_in_every_panel():
    for ax in plot_two_clocks(a_trace([0.1, 0.05])):
        dotted = [look(line) for line in ax.lines if line.get_linestyle() == ":"]
        assert dotted == [("black", ":", 1.5)]


def test_curves_that_are_drawn_into_one_picture_take_the_next_colour():
    ax = plt.subplots()[1]
    for _ in range(8):
        plot_lr([0.1, 0.2], ax)
    assert [line.get_color() for line in ax.lines] == [*COLOURS[:7], COLOURS[0]]  # the eighth is too pale for a line
    assert {(line.get_marker(), line.get_markersize(), line.get_drawstyle()) for line in ax.lines} == {
        ("o", 4, "steps-mid")
    }
    ax = plt.subplots()[1]
    for _ in range(8):
        plot_range_test(RangeTest(lr=[0.1, 1.0], loss=[2.3, 2.0], smooth=[2.3, 2.1]), ax)
    dots = [tuple(one.get_facecolor()[0]) for one in ax.collections]
    assert dots == [to_rgba(line.get_color(), 0.35) for line in ax.lines]
    assert [line.get_color() for line in ax.lines] == [*COLOURS[:7], COLOURS[0]]
    assert {(one.get_sizes()[0], one.get_linewidth()[0]) for one in ax.collections} == {(8, 0)}


def test_training_and_validation_can_be_told_apart():
    history = History(train_loss=[2.3, 2.0], val_loss=[2.1], val_accuracy=[0.2], steps_per_epoch=2)
    ax = plot_history(history)
    assert look(ax.lines[0]) == (COLOURS[5], "-", 1.0) and look(ax.lines[1])[:2] == (COLOURS[1], "-")
    assert ax.lines[1].get_marker() == "o" and legend(ax) == ["training, each batch", "validation, each epoch"]


def test_titles_stand_at_the_left_in_the_size_of_the_text():
    for ax in plot_two_clocks(a_trace([0.1, 0.05])):
        title = ax._left_title
        assert title.get_text() and title.get_fontsize() == plt.rcParams["font.size"] and ax.get_title() == ""


def test_words_in_the_picture_stand_in_its_middle_or_under_its_upper_edge_on_white():
    trace = a_trace([1.0, 1.0], optimizer="Lion")
    for one in (trace.everything, *trace.layers.values()):
        one.factor, one.effective_lr = [[np.nan] * 5] * 2, [[np.nan] * 5] * 2
    factor = plot_two_clocks(trace)[1]
    factor.figure.canvas.draw()
    (words,) = factor.texts
    assert words.get_position() == (0.5, 0.5) and (words.get_ha(), words.get_va()) == ("center", "center")
    assert words.get_style() == "italic" and words.get_fontsize() < plt.rcParams["font.size"]
    box, picture = words.get_window_extent(), factor.get_window_extent()
    assert picture.x0 < box.x0 and box.x1 < picture.x1 and picture.y0 < box.y0 and box.y1 < picture.y1
    patch = words.get_bbox_patch()
    assert patch.get_facecolor() == to_rgba("white", 0.8) and factor.get_yticks().size == 0
    infinite = plot_lr([1.0, np.inf])
    (words,) = infinite.texts
    assert words.get_position() == (0.5, 0.97) and (words.get_ha(), words.get_va()) == ("center", "top")
