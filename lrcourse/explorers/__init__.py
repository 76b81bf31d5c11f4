"""Sliders over what torch computes: schedules, factors, recorded runs and paths."""

from lrcourse.explorers.adaptive import explore_adaptive
from lrcourse.explorers.descent import explore_descent
from lrcourse.explorers.live import record_live
from lrcourse.explorers.schedules import explore_schedule
from lrcourse.explorers.two_clocks import explore_two_clocks

__all__ = ["explore_adaptive", "explore_descent", "explore_schedule", "explore_two_clocks", "record_live"]
