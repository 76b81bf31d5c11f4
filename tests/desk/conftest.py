import pytest
from small_course import make_course

from lrcourse.desk.making import make_desk


@pytest.fixture
def course(tmp_path):
    return make_course(tmp_path / "course")


@pytest.fixture
def desk(tmp_path, course):
    return make_desk(tmp_path / "desk", course)[0]
