"""What a learner did is never lost, and what nobody touched follows the course."""

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_course import NAMES, edit, look_at, make_course, run, write_lesson

from lrcourse.base import open_solutions
from lrcourse.desk.course import DeskError
from lrcourse.desk.making import make_desk

LESSON = "01_rate.ipynb"


def source(path):
    return "".join("".join(cell["source"]) for cell in json.loads(path.read_bytes())["cells"])


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_copy_that_was_only_looked_at_follows_the_course(desk, course):
    look_at(desk / LESSON)
    write_lesson(course, "01_rate", "second")
    laid = make_desk(desk, course)[1]
    assert "second" in source(desk / LESSON) and laid.updated == [LESSON] and laid.beside == {}


@pytest.mark.parametrize("work", [lambda path: edit(path, "mine"), run])
def test_a_copy_that_was_worked_in_stays_and_the_new_version_lies_beside_it(desk, course, work):
    work(desk / LESSON)
    mine = (desk / LESSON).read_bytes()
    write_lesson(course, "01_rate", "second")
    laid = make_desk(desk, course)[1]
    assert laid.beside == {LESSON: "01_rate.new.ipynb"} and (desk / LESSON).read_bytes() == mine
    assert "second" in source(desk / "01_rate.new.ipynb")
    assert "in its name: [01_rate.new](01_rate.new.ipynb)." in (desk / "index.md").read_text()
    assert make_desk(desk, course)[1].beside == {}  # it was said once
    write_lesson(course, "01_rate", "third")
    make_desk(desk, course)
    assert "third" in source(desk / "01_rate.new.ipynb") and not (desk / "01_rate.new2.ipynb").exists()


def test_a_new_version_that_was_worked_in_stays_too(desk, course):
    edit(desk / LESSON, "mine")
    write_lesson(course, "01_rate", "second")
    make_desk(desk, course)
    edit(desk / "01_rate.new.ipynb", "mine again")
    write_lesson(course, "01_rate", "third")
    laid = make_desk(desk, course)[1]
    assert laid.beside == {LESSON: "01_rate.new2.ipynb"} and "mine again" in source(desk / "01_rate.new.ipynb")


def test_a_new_version_that_took_the_place_of_the_old_follows_the_course(desk, course):
    edit(desk / LESSON, "mine")
    write_lesson(course, "01_rate", "second")
    make_desk(desk, course)
    os.replace(desk / "01_rate.new.ipynb", desk / LESSON)
    write_lesson(course, "01_rate", "third")
    laid = make_desk(desk, course)[1]
    assert laid.beside == {} and "third" in source(desk / LESSON)


def test_a_new_version_that_was_thrown_away_does_not_come_again(desk, course):
    edit(desk / LESSON, "mine")
    write_lesson(course, "01_rate", "second")
    make_desk(desk, course)
    (desk / "01_rate.new.ipynb").unlink()
    make_desk(desk, course)
    assert not (desk / "01_rate.new.ipynb").exists()


def test_a_copy_that_was_removed_or_renamed_is_laid_afresh(desk, course):
    edit(desk / LESSON, "mine")
    os.replace(desk / LESSON, desk / "01_mine.ipynb")
    assert make_desk(desk, course)[1].new == [LESSON]
    assert "mine" in source(desk / "01_mine.ipynb") and "mine" not in source(desk / LESSON)


def test_a_neighbour_that_is_renamed_moves_the_links_of_untouched_copies_only(desk, course):
    edit(desk / "00_start.ipynb", "mine")
    os.replace(course / "notebooks" / LESSON, course / "notebooks/01_number.ipynb")
    laid = make_desk(desk, course)[1]
    assert laid.removed == [LESSON] and laid.beside == {}  # nothing of lesson 00 itself is new
    assert "01_number.ipynb" in source(desk / "02_clocks.ipynb")


def test_a_lesson_that_the_course_gave_up_stays_if_it_was_worked_in(desk, course):
    edit(desk / LESSON, "mine")
    (course / "notebooks" / LESSON).unlink()
    assert make_desk(desk, course)[1].removed == []
    assert "mine" in source(desk / LESSON)


def test_solutions_that_are_open_follow_the_course(desk, course):
    assert not (desk / "solutions" / LESSON).exists()
    assert open_solutions(desk, "01") == [desk / "solutions" / LESSON]
    assert open_solutions(desk, "01") == []
    (course / "notebooks/solutions" / LESSON).write_text((course / "notebooks" / LESSON).read_text())
    assert f"solutions/{LESSON}" in make_desk(desk, course)[1].updated
    assert "check_number" in source(desk / "solutions" / LESSON)


def test_a_second_start_changes_nothing(desk, course):
    make_desk(desk, course)
    before = contents(desk)
    make_desk(desk, course)
    assert contents(desk) == before


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"format": 1}', b'{"format": 1, "laid": 3}', b"\xff"])
def test_a_damaged_state_is_set_aside_and_no_copy_is_lost(desk, course, text):
    edit(desk / LESSON, "mine")
    run(desk / "00_start.ipynb")
    before = {name: (desk / f"{name}.ipynb").read_bytes() for name in NAMES}
    (desk / ".lrcourse/desk.json").write_bytes(text)
    write_lesson(course, "02_clocks", "second")
    laid = make_desk(desk, course)[1]
    assert "was damaged, and is desk.damaged.json now" in laid.words
    assert (desk / ".lrcourse/desk.damaged.json").read_bytes() == text
    assert {name: (desk / f"{name}.ipynb").read_bytes() for name in NAMES} == before
    assert "second" in source(desk / "02_clocks.new.ipynb")


def test_a_desk_of_a_newer_lrcourse_is_left_alone(desk, course):
    state = desk / ".lrcourse/desk.json"
    state.write_text(json.dumps(json.loads(state.read_bytes()) | {"format": 2}))
    before = contents(desk)
    with pytest.raises(DeskError, match=r"by a newer lrcourse \(format 2, here 1\): update lrcourse, or name another"):
        make_desk(desk, course)
    assert contents(desk) == before


class Killed(BaseException):
    pass


def start_until(desk, course, renamed):
    """Bring the desk up to date, but die when so many files have taken their places; tell whether it did."""
    there, left = os.replace, [renamed]

    def replace(*arguments):
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        there(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", replace)
        try:
            make_desk(desk, course)
        except Killed:
            return True
    return False


def test_a_kill_at_any_moment_leaves_a_desk_that_the_next_start_completes(tmp_path, course):
    for n in range(100):
        desk = tmp_path / f"desk{n}"
        make_desk(desk, course)
        edit(desk / LESSON, "mine")
        look_at(desk / "00_start.ipynb")
        mine = (desk / LESSON).read_bytes()
        for name in NAMES:
            write_lesson(course, name, "second")
        killed = start_until(desk, course, n)
        for name in NAMES:  # each is one version or the other, and lesson 01 is the learner's
            source(desk / f"{name}.ipynb")
        for name in NAMES:
            write_lesson(course, name, "third")  # an update comes before the next start
        make_desk(desk, course)
        assert (desk / LESSON).read_bytes() == mine
        assert "third" in source(desk / "00_start.ipynb") and "third" in source(desk / "01_rate.new.ipynb")
        assert not [path.name for path in desk.glob("*.new*") if path.name != "01_rate.new.ipynb"]
        for name in NAMES:
            write_lesson(course, name, "first")
        if not killed:
            break
    assert not killed and n == 7  # the state, three copies, the state; the state and the overview


def test_a_kill_while_a_desk_is_made_leaves_one_that_the_next_start_completes(tmp_path, course):
    whole = contents(make_desk(tmp_path / "whole", course)[0])
    del whole[Path(".lrcourse/desk.json")]  # which may remember one overview more
    for n in range(0, 100, 3):
        killed = start_until(tmp_path / f"desk{n}", course, n)
        make_desk(tmp_path / f"desk{n}", course)
        there = contents(tmp_path / f"desk{n}")
        assert {path: there.get(path) for path in whole} == whole
        if not killed:
            break
    assert not killed and n > 12


ACTIONS = st.one_of(
    st.tuples(st.just("update"), st.sampled_from(NAMES)),
    st.tuples(st.sampled_from(["edit", "run", "look", "take new", "remove"]), st.sampled_from(NAMES)),
    st.tuples(st.just("start"), st.sampled_from([0, 1, 2, 3, 5, 8, 100])),
)


@settings(max_examples=25)
@given(st.lists(ACTIONS, max_size=12))
def test_whatever_happens_what_the_learner_wrote_is_still_there(actions):
    with TemporaryDirectory() as folder:
        course, desk = make_course(Path(folder, "course")), Path(folder, "desk")
        make_desk(desk, course)
        versions, words = dict.fromkeys(NAMES, "first"), set()
        for number, (action, what) in enumerate([*actions, ("start", 100)]):
            path = desk / f"{what}.ipynb"
            if action == "update":
                versions[what] = f"version {number}"
                write_lesson(course, what, versions[what])
            elif action == "start":
                start_until(desk, course, what)
                there = "".join(map(source, desk.glob("*.ipynb")))
                assert all(word in there for word in words)
            elif path.exists():
                word = f"word{number}."
                if action == "edit":
                    words = {old for old in words if old not in source(path)} | {word}
                    edit(path, word)
                elif action == "remove" or (action == "take new" and (desk / f"{what}.new.ipynb").exists()):
                    words = {old for old in words if old not in source(path)}
                    path.unlink()
                    if action == "take new":
                        os.replace(desk / f"{what}.new.ipynb", path)
                elif action in ("run", "look"):
                    {"run": run, "look": look_at}[action](path)
        for name, version in versions.items():
            assert any(version in source(path) for path in desk.glob(f"{name}*.ipynb")), "what is new can be found"
