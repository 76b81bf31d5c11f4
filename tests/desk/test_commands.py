"""The commands of a learner and of an instructor, as they are typed."""

import os
import sys

import pytest
from small_course import NAMES, edit, run, write_lesson

from lrcourse.cli import main
from lrcourse.desk import commands, lab, making
from lrcourse.desk import course as courses


@pytest.fixture(autouse=True)
def small(course, monkeypatch, tmp_path):
    """Let the commands find the small course, and no JupyterLab start."""
    for module in (making, commands):
        monkeypatch.setattr(module, "find_course", lambda: course)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def started(monkeypatch):
    """What JupyterLab was started with."""
    calls = []
    monkeypatch.setattr(os, "execve", lambda *arguments: calls.append(arguments))
    monkeypatch.setattr("subprocess.call", lambda command, env: calls.append((command[0], command, env)) or 0)
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
    return calls


def said(capsys):
    out, err = capsys.readouterr()
    assert not err
    return out


def test_lab_makes_a_desk_at_home_and_opens_the_first_lesson(tmp_path, started, capsys):
    assert not main(["lab", "--", "--no-browser", "--port", "9000"])
    desk = tmp_path / "my_lessons"
    assert said(capsys) == f"Your lessons are in {desk}.\n" and (desk / "00_start.ipynb").is_file()
    (_, command, environment), *more = started
    root = [f"--ServerApp.root_dir={desk}", "--LabApp.default_url=/lab/tree/00_start.ipynb"]
    assert command == [sys.executable, "-m", "jupyterlab", *root, "--no-browser", "--port", "9000"] and not more
    assert environment["OMP_WAIT_POLICY"] == "PASSIVE" and environment["GOMP_SPINCOUNT"] == "3000"
    settings = environment["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    assert settings[0] == str(lab.SETTINGS) and desk not in lab.SETTINGS.parents  # what is on a desk is not run


def test_what_a_learner_has_set_goes_before(tmp_path, started, monkeypatch):
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "theirs")
    monkeypatch.setenv("JUPYTERLAB_WORKSPACES_DIR", "layouts")
    main(["lab"])
    environment = started[0][2]
    assert environment["OMP_WAIT_POLICY"] == "ACTIVE" and environment["JUPYTERLAB_WORKSPACES_DIR"] == "layouts"
    assert environment["JUPYTER_CONFIG_PATH"].endswith(os.pathsep + "theirs")


@pytest.mark.skipif(os.name != "posix", reason="there is no root")
def test_root_is_let_in_and_asked_for_a_token_as_everybody(tmp_path, started, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    main(["lab"])
    main(["lab", "--", "--allow-root"])
    assert [command.count("--allow-root") for _, command, _ in started] == [1, 1]
    assert not [option for _, command, _ in started for option in command if "token" in option or "--ip" in option]


def test_lab_opens_the_lesson_that_was_worked_in_last(tmp_path, course, started):
    main(["lab", "mine"])
    for number, name in enumerate(("02_clocks", "01_rate")):
        run(tmp_path / "mine" / f"{name}.ipynb")
        os.utime(tmp_path / "mine" / f"{name}.ipynb", (number, number))
    write_lesson(course, "01_rate", "second")  # lies beside it, and is newer
    main(["lab", "mine"])
    assert lab.last_lesson(tmp_path / "mine") == "01_rate.ipynb"
    assert "--LabApp.default_url=/lab/tree/01_rate.ipynb" in started[-1][1]


def test_the_layout_of_the_first_time_is_not_laid_over_the_learners_own(tmp_path, started):
    main(["lab", "mine"])
    (layout,) = (tmp_path / "mine/.lrcourse/workspaces").iterdir()
    assert "toc:plugin" in layout.read_text()
    layout.write_text("theirs")
    main(["lab", "mine"])
    assert layout.read_text() == "theirs"


def test_an_update_is_named_where_it_is_started(tmp_path, course, capsys):
    main(["lab", "--lay", "mine"])
    edit(tmp_path / "mine/01_rate.ipynb", "mine")
    for name in ("01_rate", "02_clocks"):
        write_lesson(course, name, "second")
    (course / "notebooks/00_start.ipynb").unlink()
    capsys.readouterr()
    assert main(["lab", "--lay", "mine"]) == 0
    assert said(capsys).splitlines()[1:] == [
        "Brought up to date, for you had not worked in them: 02_clocks.ipynb.",
        "01_rate.ipynb has a new version: 01_rate.new.ipynb lies beside yours, which stays.",
        "No longer part of the course, and untouched, so removed: 00_start.ipynb.",
    ]


def test_an_error_is_one_sentence(tmp_path, started, capsys):
    (tmp_path / "file").touch()
    for arguments in (["lab", "file"], ["progress"], ["progress", "file"], ["solution", "05"]):
        assert main(arguments) == 1
        out, err = capsys.readouterr()
        assert not out and len(err.splitlines()) == 1
    assert not started


def test_a_disk_that_is_full_when_the_solutions_are_laid_is_an_error_in_one_sentence(capsys, monkeypatch):
    main(["lab", "--lay", "mine"])
    capsys.readouterr()

    def full(*_, **__):
        raise OSError(28, "No space left on device", "mine/solutions")

    monkeypatch.setattr("tempfile.mkstemp", full)
    assert main(["solution", "01", "mine"]) == 1
    assert capsys.readouterr() == ("", "mine/solutions: No space left on device. Nothing of yours was changed.\n")


def test_progress_is_told_lesson_by_lesson_and_learner_by_learner(tmp_path, capsys):
    for name in ("class/ann", "class/bob"):
        main(["lab", "--lay", name])
    run(tmp_path / "class/ann/01_rate.ipynb", 2)
    capsys.readouterr()
    assert main(["progress", "class/ann"]) == 0
    lines = said(capsys).splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [
        ["00_start", "0/2"],
        ["01_rate", "2/2"],
        ["02_clocks", "0/2"],
        ["all", "2/6"],
    ]
    for folders in (["class"], ["class/ann", "class/bob"]):
        assert main(["progress", *folders]) == 0
        assert [line.split()[:2] for line in said(capsys).splitlines()[1:]] == [["ann", "2/6"], ["bob", "0/6"]]
    assert main(["progress", "--csv", "class"]) == 0
    assert said(capsys).splitlines()[2] == "ann,01_rate,2,2,0,0,1,0,1"


def test_desks_that_are_collected_under_their_usual_name_are_told_apart(tmp_path, capsys):
    for name in ("class/ann/my_lessons", "class/bob/my_lessons"):
        main(["lab", "--lay", name])
    run(tmp_path / "class/bob/my_lessons/01_rate.ipynb", 2)
    capsys.readouterr()
    for folders in (["class"], ["class/ann", "class/bob"], ["class/ann/my_lessons", "class/bob/my_lessons"]):
        assert main(["progress", *folders]) == 0
        assert [line.split()[:2] for line in said(capsys).splitlines()[1:]] == [["ann", "0/6"], ["bob", "2/6"]]


def test_of_a_class_the_desk_that_cannot_be_read_is_named_and_the_others_are_told(tmp_path, capsys):
    for name in ("class/ann", "class/bob"):
        main(["lab", "--lay", name])
    (tmp_path / "class/ann/.lrcourse/answers.json").write_text("{")
    capsys.readouterr()
    assert main(["progress", "class"]) == 1
    out, err = capsys.readouterr()
    assert "ann is left out: " in err and "bob" in out and "ann" not in out


def test_solutions_are_laid_on_request(tmp_path, capsys, monkeypatch):
    main(["lab", "--lay"])
    capsys.readouterr()
    path = tmp_path / "my_lessons/solutions/01_rate.ipynb"
    assert main(["solution", "01"]) == 0 and said(capsys) == f"Laid: {path}\n" and path.is_file()
    monkeypatch.chdir(tmp_path / "my_lessons/docs")
    assert main(["solution", "01"]) == 0 and said(capsys) == f"It is there already: {path}\n"
    assert main(["solution", "*"]) == main(["solution", ""]) == main(["solution", "99"]) == 1
    assert not (path.parent / f"{NAMES[2]}.ipynb").exists()


def test_the_lessons_of_a_clone_and_of_a_wheel_are_found(tmp_path, course, monkeypatch):
    assert courses.is_clone(courses.find_course())
    there = tmp_path / "lib/share/lrcourse/notebooks"
    there.mkdir(parents=True)
    (there / "00_start.ipynb").touch()

    class File(type(tmp_path)):
        def locate(self):
            return self

    monkeypatch.setattr(courses, "__file__", str(tmp_path / "lib/lrcourse/desk/course.py"))
    monkeypatch.setattr("importlib.metadata.files", lambda name: [File(there / "00_start.ipynb")])
    assert courses.find_course() == there.parent
    monkeypatch.setattr("importlib.metadata.files", lambda name: None)
    with pytest.raises(courses.DeskError, match="The lessons were not found, .* install lrcourse again"):
        courses.find_course()
