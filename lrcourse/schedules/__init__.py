"""What a scheduler will do, foreseen without training; and holding a training to it."""

from lrcourse.schedules.errors import PlanError
from lrcourse.schedules.guarding import guard
from lrcourse.schedules.simulating import MakeScheduler, base_lr, check_lr, simulate

__all__ = ["MakeScheduler", "PlanError", "base_lr", "check_lr", "guard", "simulate"]
