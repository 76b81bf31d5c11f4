"""What everybody stands on: arguments that are checked, files written whole, progress bars, versions."""

from lrcourse.base.arguments import check_is, check_number, check_series, check_whole
from lrcourse.base.files import folder_beside, write_whole
from lrcourse.base.moved import find_what_moved
from lrcourse.base.progress import bar
from lrcourse.base.versions import note, tell_once

__all__ = [
    "bar",
    "check_is",
    "check_number",
    "check_series",
    "check_whole",
    "find_what_moved",
    "folder_beside",
    "note",
    "tell_once",
    "write_whole",
]
