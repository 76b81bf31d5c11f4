"""A check keeps in the desk that its exercise was tried, and that it was passed."""

import json
import linecache

import pytest

from lrcourse.base import MARK, memory, read_answers
from lrcourse.lessons.memory import keep_check, so_far

CHECKS = ["check_number(answer, 3)", "check_loop(train, per_batch=True)"]


@pytest.fixture
def desk(tmp_path, monkeypatch):
    (tmp_path / ".lrcourse/solutions").mkdir(parents=True)
    (tmp_path / MARK).touch()
    (tmp_path / ".lrcourse/solutions/05_two_clocks.ipynb").write_text("solved")
    cells = [{"cell_type": "code", "source": check} for check in CHECKS]
    (tmp_path / "05_two_clocks.ipynb").write_text(json.dumps({"cells": cells}))
    monkeypatch.setattr(memory, "_here", {kind: {} for kind in memory.KINDS})
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "05_two_clocks.ipynb"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_cell(source, right):
    """Run a cell as a kernel does, in which a check has come to its end."""
    said = []
    library = {"__name__": "lrcourse.lessons.answers", "keep_check": keep_check, "right": right, "said": said}
    exec("def check(*_, **__): say()\ndef say(): said.append(keep_check(right))", library)
    names = {"__name__": "__main__", "check_number": library["check"], "check_loop": library["check"], "answer": 3}
    names["train"] = print
    file = f"cell-{abs(hash(source))}"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    exec(compile(source, file, "exec"), names)
    return said


def exercises(desk):
    return {key: sorted(facts) for key, facts in read_answers(desk)["exercises"].items()}


def test_a_check_keeps_that_its_exercise_was_tried_and_later_that_it_was_passed(desk):
    source = "answer = 4\ncheck_number(\n    answer,\n    3,\n)"
    assert run_cell(source, False) == [""]
    assert exercises(desk) == {"05 check_number(answer, 3)": ["tried"]}
    run_cell(source, True)
    assert exercises(desk) == {"05 check_number(answer, 3)": ["passed", "tried"]}
    when = read_answers(desk)
    run_cell("check_number(answer, 3)", False)  # what was passed stays passed
    assert read_answers(desk) == when


def test_the_solutions_open_when_each_exercise_was_tried(desk):
    assert run_cell(CHECKS[0], True) == [""] and not (desk / "solutions").exists()
    assert run_cell(CHECKS[1], False) == ["The solutions are open now: solutions/05_two_clocks.ipynb"]
    assert (desk / "solutions/05_two_clocks.ipynb").read_text() == "solved"
    assert run_cell(CHECKS[1], True) == [""]


def test_a_copy_with_another_name_is_the_same_lesson(desk, monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", str(desk / "05_two_clocks-Copy1.ipynb"))
    run_cell(CHECKS[0], True)
    assert exercises(desk) == {"05 check_number(answer, 3)": ["passed", "tried"]}


@pytest.mark.parametrize("name", ["", "solutions/05_two_clocks.ipynb", "Untitled.ipynb"])
def test_elsewhere_than_in_a_lesson_nothing_is_kept(desk, monkeypatch, name):
    monkeypatch.setenv("JPY_SESSION_NAME", name and str(desk / name))
    assert run_cell(CHECKS[0], True) == [""] and exercises(desk) == {}


def test_outside_of_a_desk_nothing_is_kept(desk, monkeypatch):
    (desk / MARK).unlink()
    assert run_cell(CHECKS[0], True) == [""] and not (desk / ".lrcourse/answers.json").exists()


def test_a_call_that_cannot_be_read_keeps_nothing(desk):
    assert run_cell("check = check_number\ncheck(answer, 3)", True) == [""] and exercises(desk) == {}


def test_the_last_line_of_a_copy_says_what_is_done_and_says_nothing_elsewhere(desk, monkeypatch, capsys):
    cells = [{"cell_type": "code", "source": source} for source in (*CHECKS, "predict('a?', [])", "predict('b?', [])")]
    (desk / "05_two_clocks.ipynb").write_text(json.dumps({"cells": cells}))
    memory.remember("predictions", "a?", choice="so", measured="so")
    run_cell(CHECKS[0], True)
    so_far()
    done = "Predictions: 1 of 2 right, 1 not made yet. Exercises: 1 of 2 passed."
    assert capsys.readouterr().out == f"{done} Next: 1 exercise.\n"
    memory.remember("predictions", "b?", choice="so", measured="not so")
    (desk / "05_two_clocks.ipynb").write_text(json.dumps({"cells": cells[2:]}))
    so_far()
    assert capsys.readouterr().out == "Predictions: 1 of 2 right. That was the last lesson.\n"
    (desk / MARK).unlink()
    so_far()
    assert capsys.readouterr().out == ""


def test_the_last_line_of_a_copy_says_what_is_next(desk, capsys):
    for name in ("11_pitfalls.ipynb", "06_step_schedules.new.ipynb", "06_step_schedules.ipynb", "Untitled.ipynb"):
        (desk / name).touch()
    so_far()
    assert capsys.readouterr().out.endswith("passed. Next: 2 exercises, then 06_step_schedules.\n")
    for check, next_one in zip(CHECKS, ("1 exercise, then ", ""), strict=True):
        run_cell(check, True)
        so_far()
        assert capsys.readouterr().out.endswith(f"passed. Next: {next_one}06_step_schedules.\n")


def test_a_notebook_that_is_no_lesson_has_no_last_line(desk, monkeypatch, capsys):
    monkeypatch.setenv("JPY_SESSION_NAME", str(desk / "Untitled.ipynb"))
    so_far()
    assert capsys.readouterr().out == ""
