"""What everybody stands on: arguments that are checked, protocols, files written whole, progress bars, versions."""

from lrcourse.base.arguments import as_python, check_is, check_number, check_series, check_whole
from lrcourse.base.counting import remember_steps, steps_made
from lrcourse.base.files import folder_beside, write_whole
from lrcourse.base.moved import find_what_moved
from lrcourse.base.progress import bar
from lrcourse.base.protocols import (
    acts_on,
    check_scheduler,
    is_optimizer,
    is_scheduler,
    optimizers_in,
    switch_mode,
    takes_metric,
)
from lrcourse.base.versions import note, tell_once

__all__ = [
    "acts_on",
    "as_python",
    "bar",
    "check_is",
    "check_number",
    "check_scheduler",
    "check_series",
    "check_whole",
    "find_what_moved",
    "folder_beside",
    "is_optimizer",
    "is_scheduler",
    "note",
    "optimizers_in",
    "remember_steps",
    "steps_made",
    "switch_mode",
    "takes_metric",
    "tell_once",
    "write_whole",
]
