"""Which numbers stand beside an axis."""

import matplotlib.pyplot as plt
import pytest

from lrcourse.plots import around_0, plot_lr, plot_range_test
from lrcourse.plots.scales import tidy


@pytest.fixture
def ax():
    yield plt.subplots()[1]
    plt.close("all")


@pytest.mark.parametrize(
    "low, high, places",
    [(0.1, 0.9, [0.1, 0.2, 0.5]), (0.1, 20, [0.1, 0.2, 0.5, 1, 2, 5, 10, 20]), (0.1, 30, [0.1, 1, 10])],
)
def test_an_axis_of_few_decades_has_twos_and_fives_too(low, high, places, ax):
    ax.set(yscale="log", ylim=(low, high))
    assert [tick for tick in tidy(ax).get_yticks() if low <= tick <= high] == pytest.approx(places)


@pytest.mark.parametrize("side", [1, -1])
def test_around_0_there_is_a_tick_on_the_side_where_the_numbers_are(side, ax):
    ax.set_yscale("symlog", linthresh=0.3)
    ax.set_ylim(*sorted((-0.05 * side, 0.2 * side)))
    assert list(around_0(ax.yaxis).locs) == [0.0, 0.3 * side]


def test_a_picture_around_0_reaches_a_little_beyond_it():
    low, high = plot_lr([0.1, 0.01, 0.0]).get_ylim()
    assert (low, high) == pytest.approx((-0.005, 0.155))
    plt.close("all")


def test_what_holds_no_lr_is_no_range_test():
    with pytest.raises(ValueError, match="pass what lr_range_test returned"):
        plot_range_test(None)
