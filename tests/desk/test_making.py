"""A desk can be made anywhere that can be written to; else one sentence says what to do, and nothing is lost."""

import errno
import os
import subprocess
import sys
import time

import pytest
from filelock import FileLock
from small_course import NAMES, edit, write_lesson

from lrcourse.cli import main
from lrcourse.desk import laying, making
from lrcourse.desk.course import DeskError
from lrcourse.desk.making import desk_problems, make_desk


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_desk_in_a_clone_is_ignored_by_git(course):
    (course / "pyproject.toml").touch()
    git = ["git", "-C", str(course), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "--quiet", "--message", "lessons"], check=True)
    desk, _ = make_desk(None, course)
    assert desk == course / "my_lessons"
    edit(desk / "01_rate.ipynb", "mine")
    assert subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True).stdout == ""


def test_what_is_no_place_for_a_desk_is_refused_and_left_as_it_is(tmp_path, course):
    (tmp_path / "file").write_text("mine")
    before = contents(tmp_path)
    with pytest.raises(DeskError, match="file is a file: name a folder for your copies"):
        make_desk(tmp_path / "file", course)
    with pytest.raises(DeskError, match="could not be brought up to date, .*Not a directory"):
        make_desk(tmp_path / "file" / "desk", course)
    with pytest.raises(DeskError, match="notebooks holds other things, such as 00_start.ipynb, .* name a new folder"):
        make_desk(course / "notebooks", course)
    assert contents(tmp_path) == before


def test_an_empty_folder_becomes_a_desk_and_two_desks_know_nothing_of_each_other(tmp_path, course):
    (tmp_path / "ann").mkdir()
    (tmp_path / "ann/.DS_Store").touch()
    ann, bob = (make_desk(tmp_path / name, course)[0] for name in ("ann", "bob"))
    edit(ann / "01_rate.ipynb", "of ann")
    before = contents(ann)
    write_lesson(course, "01_rate", "second")
    make_desk(bob, course)
    assert contents(ann) == before and b"second" in (bob / "01_rate.ipynb").read_bytes()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO])
def test_a_disk_that_takes_nothing_more_is_named_and_what_is_there_stays(desk, course, number, monkeypatch):
    edit(desk / "01_rate.ipynb", "mine")
    for name in NAMES:
        write_lesson(course, name, "second")
    mine = contents(desk)

    def full(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("tempfile.mkstemp", full)
    with pytest.raises(DeskError, match=making.WHY.get(number, "Input/output error")) as caught:
        make_desk(desk, course)
    assert str(desk) in str(caught.value) and "Nothing of yours was changed" in str(caught.value)
    assert contents(desk) == mine


def test_a_disk_that_fills_up_half_way_leaves_whole_files(desk, course, monkeypatch):
    for name in NAMES:
        write_lesson(course, name, "second")
    left, there = [2], os.replace

    def replace(*arguments):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        there(*arguments)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(DeskError, match="the disk is full: make room"):
        make_desk(desk, course)
    monkeypatch.undo()
    seconds = [b"second" in (desk / f"{name}.ipynb").read_bytes() for name in NAMES]
    assert True in seconds and False in seconds and not list(desk.rglob("*.part"))
    make_desk(desk, course)
    assert all(b"second" in (desk / f"{name}.ipynb").read_bytes() for name in NAMES)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_only_be_read_is_named(tmp_path, course):
    (tmp_path / "readonly").mkdir(mode=0o555)
    with pytest.raises(DeskError, match="may not be written to: name a folder of your own"):
        make_desk(tmp_path / "readonly" / "desk", course)


def test_a_notebook_of_the_course_that_cannot_be_read_is_named(desk, course):
    (course / "notebooks/01_rate.ipynb").write_text("<<<<<<< HEAD\n")
    before = contents(desk)
    with pytest.raises(DeskError, match=r"01_rate.ipynb is no notebook, perhaps after a merge in git"):
        make_desk(desk, course)
    assert contents(desk) == before


def test_a_desk_that_another_start_works_on_is_waited_for(desk, course, monkeypatch):
    monkeypatch.setattr(laying, "LOCK_SECONDS", 0.1)
    with FileLock(desk / ".lrcourse/desk.lock"), pytest.raises(DeskError, match="Another `lrcourse lab` is at work"):
        make_desk(desk, course)
    make_desk(desk, course)


START = "import sys, pathlib; from lrcourse.desk.making import make_desk; make_desk(*map(pathlib.Path, sys.argv[1:]))"


def test_processes_that_are_killed_leave_a_whole_desk(desk, course):
    edit(desk / "01_rate.ipynb", "mine")
    mine = (desk / "01_rate.ipynb").read_bytes()
    killed = 0
    for number in range(6):
        for name in NAMES:
            write_lesson(course, name, f"version {number}")
        process = subprocess.Popen([sys.executable, "-c", START, desk, course])
        end, before = time.monotonic() + 30, (desk / "02_clocks.ipynb").stat().st_mtime_ns
        while process.poll() is None and time.monotonic() < end:
            if (desk / "00_start.ipynb").stat().st_mtime_ns > before and number % 2:
                break
            time.sleep(0.0005 * number)
        killed += process.poll() is None
        process.kill()
        process.wait()
        assert (desk / "01_rate.ipynb").read_bytes() == mine
    make_desk(desk, course)
    for name in ("00_start", "01_rate.new", "02_clocks"):
        assert b"version 5" in (desk / f"{name}.ipynb").read_bytes()
    assert killed and not list(desk.glob("*.new2*"))


def test_two_starts_at_once_make_one_desk(tmp_path, course):
    processes = [subprocess.Popen([sys.executable, "-c", START, tmp_path / "desk", course]) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert sorted(path.name for path in (tmp_path / "desk").glob("*.ipynb")) == [f"{name}.ipynb" for name in NAMES]


def test_the_doctor_finds_what_is_wrong_with_a_desk_and_changes_nothing(tmp_path, desk, monkeypatch, capsys):
    assert desk_problems(desk) == desk_problems(tmp_path / "nowhere") == []
    (tmp_path / "file").touch()
    assert "is a file" in desk_problems(tmp_path / "file")[0]
    (desk / ".lrcourse/answers.json").write_text("{")
    assert "answers.json is damaged" in desk_problems(desk)[0]
    (desk / ".lrcourse/desk.json").write_text('{"format": 99}')
    assert "made by a newer lrcourse" in desk_problems(desk)[0]
    (desk / ".lrcourse/desk.json").write_text("{")
    before = contents(desk)
    assert "`lrcourse lab` makes it anew" in desk_problems(desk)[0]
    monkeypatch.chdir(desk)
    main(["doctor"])
    assert "DISTURBS     " + desk_problems(desk)[0] in capsys.readouterr().out
    assert contents(desk) == before
