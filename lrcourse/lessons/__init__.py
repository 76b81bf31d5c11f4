"""What only the course needs: claims, predictions, and exercises with their checks."""

from lrcourse.lessons.answers import check_lr_per_epoch, check_number, check_schedule, check_steps_per_epoch
from lrcourse.lessons.claims import expect
from lrcourse.lessons.exercises import check_effective_lr, check_halve_lr, check_loop, check_step, check_training_loop
from lrcourse.lessons.memory import so_far
from lrcourse.lessons.predictions import predict

__all__ = [
    "check_effective_lr",
    "check_halve_lr",
    "check_loop",
    "check_lr_per_epoch",
    "check_number",
    "check_schedule",
    "check_step",
    "check_steps_per_epoch",
    "check_training_loop",
    "expect",
    "predict",
    "so_far",
]
