"""A slider through a recorded run: what is shown of a step is true of it, whatever the run."""

import html
import math
import re

import numpy as np
import pytest
from drawn import a_trace, lines, written

from lrcourse import explore_two_clocks
from lrcourse.explorers.two_clocks import PICTURES
from lrcourse.steps import Trace

NAN = math.nan


def note(explorer):
    return html.unescape(re.search(r"1\.4\">(.*)</code>", explorer._note.value, re.S)[1])


def explained(explorer):
    return [text.get_text() for text in explorer.figure.legends[0].get_texts()]


@pytest.mark.parametrize("first, every", [(1, 1), (501, 1), (1, 10)])
def test_the_slider_stands_at_a_recorded_step_and_all_is_shown_of_that_one(first, every):
    trace = a_trace([0.1, 0.1, 0.05, 0.05], first=first, every=every)
    explorer = explore_two_clocks(trace)
    slider = explorer.controls["at"]
    assert (slider.min, slider.max, slider.step) == (first, first + 3 * every, every)
    assert slider.value == trace.step[-1]
    for entry, step in [*enumerate(trace.step)][::-1]:
        slider.value = step
        effective, update = explorer.figure.axes
        layers = trace.layers.values()
        assert lines(effective)["median"][0] == [one.effective_lr[entry][2] for one in layers]
        assert list(update.lines[0].get_xdata()) == [one.update_size[entry] for one in layers]
        assert list(update.lines[0].get_ydata()) == [0, 1] and update.get_ylim() == effective.get_ylim()
        everything = trace.everything
        assert note(explorer) == (
            f"step {step}: base lr {trace.base_lr[entry]:.3g}; over all weights, effective lr"
            f" {everything.effective_lr[entry][2]:.3g} (median), update {everything.update_size[entry]:.3g} (RMS)"
        )
    assert explained(explorer) == ["middle 90 %", "middle half", "median", "base lr"] and effective.get_legend() is None
    assert effective.get_title(loc="left") == "base lr × factor" and effective.get_title() == ""


def test_the_axes_are_those_of_the_whole_run_at_every_step():
    explorer = explore_two_clocks(a_trace([0.1, 0.01, 0.001]))
    seen = set()
    for step in (1, 2, 3):
        explorer.controls["at"].value = step
        effective, update = explorer.figure.axes
        seen.add((effective.get_xlim(), update.get_xlim(), effective.get_ylim()))
    assert len(seen) == 1
    assert update.get_xlim() == pytest.approx((0.01 / 1.5, 0.03 * 1.5))


def test_a_step_that_is_typed_or_lies_in_a_gap_goes_on_to_one_that_was_recorded():
    trace = a_trace([0.1] * 5)
    trace.step = [1, 4, 5, 16, 17]
    explorer = explore_two_clocks(trace)
    slider = explorer.controls["at"]
    for moved, shown in ((10, 5), (4, 4), (6, 16), (2, 1), (17, 17), (16, 16), (15, 5)):
        slider.value = moved  # downwards to the last before it, upwards to the next after it
        assert slider.value == shown and note(explorer).startswith(f"step {shown}:")


def parts(explorer):
    """Return what plays, the slider, and the buttons that go one step back and one on."""
    (row,) = explorer._place.children
    return row.children


@pytest.mark.parametrize("count, every", [(1, 1), (2, 1), (61, 1), (768, 1), (10_000, 1), (769, 10)])
def test_a_run_is_played_to_its_last_step(count, every):
    trace = a_trace([0.1] * count, first=501, every=every)
    explorer = explore_two_clocks(trace)
    play, slider, *_ = parts(explorer)
    assert play.value == play.max
    slider.value, played = 501, [501]
    assert play.value == play.min == 0 and note(explorer).startswith("step 501: base lr 0.1;")
    for at in range(1, play.max + 1):
        play.value = at
        played.append(slider.value)
        assert play.value == at and note(explorer).startswith(f"step {slider.value}:")
    assert played[-1] == trace.step[-1] and len(set(played)) == len(played) == min(count, PICTURES + 1)
    assert set(played) <= set(trace.step)


def test_a_run_is_played_from_where_the_slider_stands():
    explorer = explore_two_clocks(a_trace([0.1] * 10_000))
    play, slider, *_ = parts(explorer)
    for step in (1, 2, 7, 40, 5000, 9999, 10_000):
        slider.value = step
        assert slider.value == step  # what plays does not move the slider
        at = play.value
        play.value = at + 1 if at < play.max else 0
        assert slider.value > step or step == 10_000


def test_each_step_of_a_long_run_is_reached_by_a_click():
    trace = a_trace([0.1] * 300)
    trace.step = [step + 100 * (step > 150) for step in trace.step]  # with a gap
    explorer = explore_two_clocks(trace)
    _, slider, back, on = parts(explorer)
    seen = [slider.value]
    for _ in range(300):
        back.click()
        seen.append(slider.value)
    assert seen == [*trace.step[::-1], 1]
    on.click()
    assert slider.value == 2 and note(explorer).startswith("step 2:")
    slider.value = trace.step[-1]
    on.click()
    assert slider.value == trace.step[-1]


def test_each_group_is_told_of():
    trace = a_trace([1e-4, 5e-5], [0.1, 0.1])
    explorer = explore_two_clocks(trace)
    assert note(explorer).startswith("step 2: base lr 5e-05 (group 0), 0.1 (group 1); over all weights")
    explorer.controls["at"].value = 1
    assert note(explorer).startswith("step 1: base lr 0.0001 (group 0), 0.1 (group 1); over all weights")
    effective, _ = explorer.figure.axes
    assert {*lines(effective)["base lr 0.0001, group 0"][0]} == {1e-4}
    assert explained(explorer)[3:] == ["base lr, group 0", "base lr, group 1"]
    assert effective.get_title(loc="left") == "base lr of its group × factor"


def test_thirty_groups_and_sixty_layers_have_room():
    explorer = explore_two_clocks(a_trace(*[[1e-3 * 0.8**g] for g in range(30)]))
    assert note(explorer).startswith("step 1: base lr 1.55e-06 to 0.001 (30 groups); over all weights")
    assert explained(explorer)[3:] == ["base lr, 30 groups"]
    explorer.figure.canvas.draw()
    rows = [label.get_window_extent() for label in explorer.figure.axes[0].get_yticklabels()]
    assert all(above.y0 >= below.y1 for above, below in zip(rows, rows[1:], strict=False))


def test_names_are_not_cut_off():
    trace = a_trace([0.1])
    trace.layers = {"encoder.0.parametrizations.weight.original0": trace.layers["0.weight"]}
    figure = explore_two_clocks(trace).figure
    assert figure.axes[0].get_yticklabels()[0].get_window_extent().x0 >= 0


def test_the_legend_does_not_lie_on_the_panels():
    figure = explore_two_clocks(a_trace(*[[0.1 * g] for g in range(1, 7)])).figure
    assert figure.legends[0].get_window_extent().y0 >= figure.axes[0].title.get_window_extent().y1


def test_an_lr_that_the_optimizer_makes_itself_is_told_of():
    trace = a_trace([1.0, 1.0], optimizer="Prodigy")
    trace.own_lr, trace.own_lr_name = [[1e-6, 1e-3]], "base lr × d"
    for one in (trace.everything, *trace.layers.values()):
        one.factor = one.effective_lr = [[NAN] * 5] * 2
    explorer = explore_two_clocks(trace)
    assert note(explorer) == (
        "step 2: base lr 1, base lr × d 0.001; over all weights, effective lr not known (median), update 0.02 (RMS)"
    )
    assert explained(explorer)[3:] == ["base lr", "base lr × d"]
    effective, _ = explorer.figure.axes
    assert effective.get_title(loc="left") == "effective lr: not known"
    assert written(effective) == ["no rule for Prodigy: the factor is not known"]


@pytest.mark.parametrize("lrs", [[0.1, 0.0], [0.0, 0.0], [0.1, -0.1], [NAN, NAN], [0.1, NAN], [math.inf, 0.1]], ids=str)
def test_any_lr_can_be_explored(lrs):
    trace = a_trace(lrs)
    trace.everything.update_size = [abs(lr) for lr in lrs]
    trace.layers["0.weight"].update_size = trace.layers["0.bias"].update_size = [abs(lr) for lr in lrs]
    explorer = explore_two_clocks(trace)
    for step, lr in zip((1, 2), lrs, strict=True):
        explorer.controls["at"].value = step
        assert note(explorer).startswith(f"step {step}: base lr {'not known' if math.isnan(lr) else f'{lr:.3g}'};")
        effective, update = explorer.figure.axes
        dots = np.array(update.lines[0].get_xdata())
        if math.isfinite(lr):
            assert update.get_xlim()[0] < dots[0] < update.get_xlim()[1]
            assert effective.get_xlim()[0] < lr < effective.get_xlim()[1]


def test_what_is_written_at_one_step_does_not_stay_at_another():
    trace = a_trace([0.1, 0.1])
    for one in trace.layers.values():
        one.effective_lr[0] = [NAN] * 5
    moved, fresh = explore_two_clocks(trace), explore_two_clocks(trace)
    at_first = moved._picture.value
    moved.controls["at"].value = 1
    assert written(moved.figure.axes[0]) == ["not known at this step"] and moved._picture.value != at_first
    moved.controls["at"].value = 2
    assert moved._picture.value == fresh._picture.value


def test_a_run_without_a_step_cannot_be_explored():
    with pytest.raises(ValueError, match="holds no step"):
        explore_two_clocks(Trace())
    with pytest.raises(TypeError, match="trace must be of type Trace, got list"):
        explore_two_clocks([])
