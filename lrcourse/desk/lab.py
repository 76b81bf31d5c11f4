"""Start JupyterLab on a desk, with settings of the course's own: the learner's JupyterLab stays as it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from lrcourse.base import OPENMP, PRIVATE, lesson_of
from lrcourse.desk.copies import fingerprint
from lrcourse.desk.state import State

# Of JupyterLab: no news; pages are shown and not edited; questions and sliders are saved with their notebook, so that
# they stand there the next day as they were left. What the learner has set goes before these. They are the package's
# and not the desk's, because JupyterLab also runs what it finds there: a desk from somebody else runs nothing.
SETTINGS = Path(__file__).parent / "jupyter"
# The first time, the table of contents stands beside the lesson; later everything is where the learner left it.
CONTENTS = "@jupyterlab/toc:plugin"
LAYOUT = {"left": {"collapsed": False, "visible": True, "current": CONTENTS, "widgets": ["filebrowser", CONTENTS]}}
LAYOUT |= {"main": None, "down": None, "right": {"collapsed": True, "visible": True}, "relativeSizes": [0.2, 0.8, 0]}
WORKSPACE = {"data": {"layout-restorer:data": LAYOUT}, "metadata": {"id": "default"}}


def environment(desk: Path, outside: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment for JupyterLab and its kernels, where ``outside`` does not say otherwise."""
    private = desk / PRIVATE
    settings = [str(SETTINGS), *filter(None, [outside.get("JUPYTER_CONFIG_PATH")])]
    programs = [str(Path(sys.executable).parent), *filter(None, [outside.get("PATH")])]  # for `!lrcourse solution 05`
    own = {"JUPYTER_CONFIG_PATH": os.pathsep.join(settings), "PATH": os.pathsep.join(programs)}
    return OPENMP | {"JUPYTERLAB_WORKSPACES_DIR": str(private / "workspaces")} | dict(outside) | own


def write_layout(desk: Path) -> None:
    """Write the layout of the first time."""
    from jupyterlab_server.workspaces_handler import WorkspacesManager

    layouts = desk / PRIVATE / "workspaces"
    if not layouts.exists():
        WorkspacesManager(layouts).save("default", json.dumps(WORKSPACE))


def command(desk: Path, options: Sequence[str] = ()) -> list[str]:
    """Return the command that starts JupyterLab on the desk, at the lesson that was last worked in."""
    from jupyter_server.utils import url_escape

    root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 and "--allow-root" not in options else []
    where = [f"--ServerApp.root_dir={desk}", f"--LabApp.default_url=/lab/tree/{url_escape(last_lesson(desk))}"]
    return [sys.executable, "-m", "jupyterlab", *where, *root, *options]


def last_lesson(desk: Path) -> str:
    """Return the name of the lesson that was worked in last; the first one, if none was."""
    laid = {mark for marks in State(desk).laid.values() for mark in marks}
    lessons = [path for path in sorted(desk.glob("*.ipynb")) if lesson_of(path)]
    touched = [path for path in lessons if fingerprint(path.read_bytes()) not in laid]
    last = max(touched, key=lambda path: path.stat().st_mtime, default=None) or next(iter(lessons), None)
    return last.name if last else "index.md"


def start(desk: Path, options: Sequence[str] = ()) -> int:
    """Run JupyterLab until it is stopped, and return its exit status; on a system of Unix it takes this one's place."""
    write_layout(desk)
    if os.name == "posix":
        sys.stdout.flush()
        return os.execve(sys.executable, command(desk, options), environment(desk))
    try:
        return subprocess.call(command(desk, options), env=environment(desk))
    except KeyboardInterrupt:  # Ctrl+C stops both
        return 0
