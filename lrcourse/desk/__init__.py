"""The learner's desk: copies of the lessons to work in, what was answered, and progress."""

from lrcourse.desk.commands import add_commands, run_command, split_options

__all__ = ["add_commands", "run_command", "split_options"]
