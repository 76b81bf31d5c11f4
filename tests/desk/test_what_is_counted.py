"""Each exercise and each question of the course is counted once, and is nobody else's.

What is kept of an exercise goes by its lesson and the call of its check; what is kept of a question, by its words.
"""

import re
from collections import Counter

import pytest

from lrcourse.base import checks_in, read_cells
from lrcourse.base.asked import questions_in
from lrcourse.desk.course import files_of, find_course, is_lesson

COURSE = find_course()
LESSONS = [path for path in files_of(COURSE) if is_lesson(path)]
HEADING = re.compile(r"^\*\*(\d)\. .*\((?:easy|medium|hard), \d+ minutes\)", re.MULTILINE)


@pytest.mark.parametrize("path", LESSONS)
def test_no_two_exercises_of_a_lesson_share_the_call_of_a_check(path):
    number, exercises = 0, Counter()
    for cell in read_cells(COURSE / path):
        if cell["cell_type"] == "markdown":
            number = int((HEADING.findall(cell["source"]) or [number])[-1])
        else:
            exercises.update({(number, check) for check in checks_in(cell["source"])})
    numbers, calls = map(Counter, zip(*exercises, strict=True))
    assert [call for call, count in calls.items() if count > 1] == []
    assert [number for number, count in numbers.items() if count > 1] == [], "or one exercise would count twice"
    assert 0 not in numbers and len(numbers) > 1  # one that has no answer, such as a run of one's own, has no check


def test_no_question_is_asked_in_two_lessons_or_twice_in_one():
    folders = Counter()
    for path in LESSONS:
        asked = [question for cell in read_cells(COURSE / path) for question in questions_in(cell["source"])]
        assert asked, path
        folders.update((path.rpartition("/")[0], question) for question in asked)
    assert [question for question, count in folders.items() if count > 1] == []
