"""A desk that another lrcourse made, that has lost something, or that is somebody else's: clear words, nothing lost."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from small_course import NAMES, edit, make_course, write_lesson

from lrcourse.base import read_answers
from lrcourse.cli import main
from lrcourse.desk import lab, making
from lrcourse.desk.making import desk_problems, make_desk

STATE, ANSWERS = ".lrcourse/desk.json", ".lrcourse/answers.json"
KEPT = {"format": 1, "predictions": {"why?": {"choice": "yes"}}, "exercises": {"01 check": {"passed": "now"}}}


@pytest.fixture
def used(desk, course, monkeypatch):
    """A desk on which somebody has worked, and a course that has gone on since."""
    edit(desk / "01_rate.ipynb", "mine")
    (desk / ANSWERS).write_text(json.dumps(KEPT))
    for name in NAMES:
        write_lesson(course, name, "second")
    monkeypatch.setattr(making, "find_course", lambda: course)
    return desk


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def is_all_there(desk):
    """Tell whether what was done is there, and what is new as well."""
    assert read_answers(desk) == KEPT and "mine" in (desk / "01_rate.ipynb").read_text()
    return all(
        any("second" in path.read_text(encoding="utf-8") for path in desk.glob(f"{name}*.ipynb")) for name in NAMES
    )


@pytest.mark.parametrize("state", [{"format": 0, "laid": {}, "offered": {}}, {"version": "0.1", "files": ["01_rate"]}])
def test_a_state_of_a_format_that_nobody_knows_any_more_is_set_aside(used, state):
    (used / STATE).write_text(json.dumps(state))
    words = make_desk(used)[1].words
    assert words.endswith(
        "desk.json was damaged, and is desk.damaged.json now. Each copy is taken for one that you worked in."
    )
    assert json.loads((used / ".lrcourse/desk.damaged.json").read_text()) == state
    assert is_all_there(used) and desk_problems(used) == []


def test_what_a_newer_lrcourse_has_written_is_left_alone_and_one_sentence_says_what_to_do(used, capsys, monkeypatch):
    newer = {"format": 2, "anything": ["at", "all"]}
    (used / STATE).write_text(json.dumps(newer))
    before = contents(used)
    monkeypatch.setattr(os, "execve", lambda *_: pytest.fail("JupyterLab was started"))
    assert main(["lab", str(used)]) == 1
    out, err = capsys.readouterr()
    wanted = f"{used} was made by a newer lrcourse (format 2, here 1): update lrcourse, or name another folder."
    assert (out, err) == ("", f"{wanted} Nothing was changed.\n") and contents(used) == before


def test_answers_of_a_newer_lrcourse_are_left_alone_and_the_desk_is_brought_up_to_date(used, course):
    newer = json.dumps({"format": 2, "predictions": "in another way"})
    (used / ANSWERS).write_text(newer)
    make_desk(used)
    assert (used / ANSWERS).read_text() == newer and "mine" in (used / "01_rate.ipynb").read_text()
    assert "answers.json was written by a newer lrcourse (format 2, here 1): update this one" in desk_problems(used)[0]


def test_what_else_another_lrcourse_has_written_beside_stays(used):
    (used / STATE).write_text(json.dumps(json.loads((used / STATE).read_text()) | {"colour": "blue"}))
    make_desk(used)
    assert json.loads((used / STATE).read_text())["colour"] == "blue" and is_all_there(used)


def test_a_desk_that_lost_its_state_keeps_what_was_done(used):
    (used / STATE).unlink()
    make_desk(used)
    assert is_all_there(used) and desk_problems(used) == []


def test_a_desk_that_lost_its_hidden_folder_is_one_again_as_the_words_say(used, capsys):
    shutil.rmtree(used / ".lrcourse")
    before = contents(used)
    assert main(["lab", "--lay", str(used)]) == 1
    words = "If it is a desk that lost its folder .lrcourse, make that anew and call this again."
    assert words in capsys.readouterr().err and contents(used) == before
    (used / ".lrcourse").mkdir()
    assert main(["lab", "--lay", str(used)]) == 0 and "mine" in (used / "01_rate.ipynb").read_text()
    assert "01_rate.ipynb has a new version: 01_rate.new.ipynb lies beside yours" in capsys.readouterr().out


def test_a_desk_without_a_layout_gets_that_of_the_first_time(used):
    assert not (used / ".lrcourse/workspaces").exists()
    lab.write_layout(used)
    assert "toc:plugin" in next((used / ".lrcourse/workspaces").iterdir()).read_text()


AS_NOBODY = """
import os, sys
from lrcourse.cli import main
from lrcourse.desk import making
from pathlib import Path
making.find_course = lambda: Path(sys.argv[1])
main(["lab", "--lay", sys.argv[2]])  # so that all is imported, for Python may lie in root's own folder
os.setuid(65534)
sys.exit(main(sys.argv[3:]))
"""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become another learner")
def test_a_second_learner_on_the_machine_is_told_to_take_a_folder_of_ones_own():
    with TemporaryDirectory() as folder:  # tmp_path is for root alone, also where it lies
        here = Path(folder)
        here.chmod(0o755)
        course, first, own = make_course(here / "course"), here / "first", here / "own"
        make_desk(first, course)
        edit(first / "01_rate.ipynb", "mine")
        before = contents(first)

        def as_nobody(*arguments):
            command = [sys.executable, "-c", AS_NOBODY, course, here / "another", *arguments]
            return subprocess.run(command, cwd=here, capture_output=True, text=True)

        ran = as_nobody("lab", "--lay", first)
        assert ran.returncode == 1
        assert ran.stderr == (
            f"{first} could not be brought up to date, it may not be written to: name a folder of your own, such as"
            " ~/my_lessons. Nothing of yours was changed.\n"
        )
        own.mkdir()
        os.chown(own, 65534, 65534)
        assert as_nobody("lab", "--lay", own).returncode == 0
        assert (own / "index.md").is_file() and contents(first) == before
