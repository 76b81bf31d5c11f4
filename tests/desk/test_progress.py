"""What is done is counted from the copies and the answers of a desk."""

import csv
import io
import json
import shutil

import pytest
from small_course import edit, run

from lrcourse.base import PRIVATE
from lrcourse.desk.making import make_desk
from lrcourse.desk.progress import Progress, as_csv, as_text, find_desks, names_of, progress_of, total


def answer(desk, predictions=(), exercises=()):
    kept = {"format": 1, "predictions": dict(predictions), "exercises": {key: {"passed": "now"} for key in exercises}}
    (desk / PRIVATE / "answers.json").write_text(json.dumps(kept))


def test_cells_predictions_and_exercises_are_counted(desk):
    assert progress_of(desk)[1] == Progress("01_rate", cells=2, questions=1, exercises=1)
    run(desk / "01_rate.ipynb")
    wrong, right = ({"choice": "yes", "measured": measured} for measured in ("no", "yes"))
    answer(desk, {"why 01_rate?": right, "why 00_start?": wrong, "another": right}, ["01 check_number(answer, 7)"])
    first, second, third = progress_of(desk)
    assert second == Progress("01_rate", 1, 2, right=1, made=1, questions=1, passed=1, exercises=1)
    assert first == Progress("00_start", cells=2, made=1, questions=1, exercises=1)
    assert third == Progress("02_clocks", cells=2, questions=1, exercises=1)
    assert total("all", [first, second, third]) == Progress("all", 1, 6, 1, 2, 3, 1, 3)


def test_of_several_copies_the_one_counts_that_was_run_the_most(desk):
    shutil.copy(desk / "01_rate.ipynb", desk / "01_rate.new.ipynb")
    shutil.copy(desk / "01_rate.ipynb", desk / "01_mine.ipynb")
    run(desk / "01_mine.ipynb", 2)
    run(desk / "01_rate.new.ipynb", 1)
    assert [row.lesson for row in progress_of(desk)] == ["00_start", "01_mine", "02_clocks"]


def test_what_cannot_be_read_as_a_notebook_or_as_python_is_passed_over(desk):
    edit(desk / "00_start.ipynb", "word\n!ls")
    (desk / "01_rate.ipynb").write_text("<<<<<<<")
    (desk / "03_own.ipynb").write_text("[]")
    assert [row.lesson for row in progress_of(desk)] == ["00_start", "02_clocks"]
    assert progress_of(desk)[0] == Progress("00_start", cells=2, questions=1)


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 1, "predictions": {"why?": 3}}', '{"format": 2}'])
def test_answers_that_cannot_be_read_are_an_error_that_names_the_file(desk, text):
    (desk / PRIVATE / "answers.json").write_text(text)
    with pytest.raises(ValueError, match="answers.json (is damaged|was written by a newer lrcourse)"):
        progress_of(desk)
    assert (desk / PRIVATE / "answers.json").read_text() == text


def test_a_class_is_a_folder_of_desks(tmp_path, course):
    desks = [make_desk(tmp_path / "class" / name, course)[0] for name in ("ann", "bob")]
    (tmp_path / "class/notes.txt").touch()
    assert find_desks([tmp_path / "class"]) == desks and find_desks(desks[1:]) == desks[1:]
    assert find_desks([tmp_path / "nowhere", course]) == []
    assert find_desks([tmp_path / "class", desks[0], tmp_path / "class/../class/bob"]) == desks  # each once


def test_desks_that_all_have_the_usual_name_go_by_the_folders_they_came_in(tmp_path, course):
    names = ("ann/my_lessons", "bob/my_lessons", "eve")
    desks = [make_desk(tmp_path / "class" / name, course)[0] for name in names]
    assert find_desks([tmp_path / "class"]) == desks
    assert names_of(desks[:2]) == ["ann", "bob"] and names_of(desks) == [
        "ann/my_lessons",
        "bob/my_lessons",
        "class/eve",
    ]
    assert names_of(desks[:1]) == ["my_lessons"] and names_of([]) == []


def test_a_table_and_a_csv_show_the_same():
    rows = [Progress("01_rate", 1, 2, 3, 4, 5, 6, 7), Progress("02", cells=10)]
    assert as_text(rows, "lesson").splitlines() == [
        "lesson   cells run  predictions right  made  exercises passed",
        "01_rate        1/2                3/5   4/5               6/7",
        "02            0/10",
    ]
    table = list(csv.DictReader(io.StringIO(as_csv([("ann, b", row) for row in rows]))))
    assert [row["learner"] for row in table] == ["ann, b"] * 2
    assert list(table[0].values())[1:] == ["01_rate", "1", "2", "3", "4", "5", "6", "7"]


def test_the_overview_shows_what_each_lesson_answers_and_what_is_done(desk, course):
    run(desk / "01_rate.ipynb")
    make_desk(desk, course)
    row = "| [01 · rate](01_rate.ipynb) | what is 01_rate? | 45 | 1/2 | 0/1 | 0/1 |"
    assert row in (desk / "index.md").read_text()
    answer(desk, {"why?": {}})
    (desk / PRIVATE / "answers.json").write_text('{"format": 2}')
    make_desk(desk, course)
    assert "What you answered cannot be shown: " in (desk / "index.md").read_text()
