"""The learner's desk: copies of the lessons to work in, what was answered, and progress."""

from lrcourse.desk.commands import add_commands, run_command, split_options
from lrcourse.desk.making import desk_problems

__all__ = ["add_commands", "desk_problems", "run_command", "split_options"]
