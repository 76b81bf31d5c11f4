"""What a scheduler will do, foreseen without training."""

from lrcourse.schedules.simulating import MakeScheduler, base_lr, check_lr, simulate

__all__ = ["MakeScheduler", "base_lr", "check_lr", "simulate"]
