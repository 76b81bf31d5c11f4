"""What a learner answered is kept in a desk, and nowhere else."""

import errno
import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrcourse.base import MARK, find_desk, lesson_of, memory, now, read_answers, recall, remember, set_aside_damaged


@pytest.fixture
def forgetful(monkeypatch):
    """Return a function after which nothing is remembered but what is kept: a kernel that is started anew."""

    def start_anew():
        monkeypatch.setattr(memory, "_here", {kind: {} for kind in memory.KINDS})

    start_anew()
    return start_anew


@pytest.fixture
def desk(tmp_path, monkeypatch, forgetful):
    (tmp_path / MARK).parent.mkdir()
    (tmp_path / MARK).write_text("{}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def kept(desk):
    return desk / ".lrcourse/answers.json"


def test_what_was_answered_stands_in_another_kernel(desk, forgetful):
    assert remember("predictions", "why?", choice="so") == ""
    forgetful()
    assert recall("predictions") == {"why?": {"choice": "so"}} and recall("exercises") == {}
    remember("predictions", "why?", measured="not so")
    forgetful()
    assert recall("predictions") == {"why?": {"choice": "so", "measured": "not so"}}


def test_outside_of_a_desk_nothing_is_written_and_a_kernel_remembers(tmp_path, monkeypatch, forgetful):
    monkeypatch.chdir(tmp_path)
    assert remember("predictions", "why?", choice="so") == ""
    assert recall("predictions") == {"why?": {"choice": "so"}} and list(tmp_path.iterdir()) == []
    forgetful()
    assert recall("predictions") == {}


def test_a_desk_is_found_from_the_folders_in_it(desk, monkeypatch):
    (desk / "solutions").mkdir()
    assert find_desk("solutions") == find_desk() == desk
    monkeypatch.chdir(desk / "solutions")
    remember("exercises", "05 check", passed="now")
    assert read_answers(desk)["exercises"] == {"05 check": {"passed": "now"}}


def test_a_folder_that_has_gone_holds_no_desk(tmp_path, monkeypatch, forgetful):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert find_desk() is None and remember("exercises", "05 check", passed="now") == ""


def test_what_has_not_changed_is_not_written_again(desk):
    remember("predictions", "why?", choice="so")
    before = kept(desk).stat().st_mtime_ns
    remember("predictions", "why?", choice="so")
    assert kept(desk).stat().st_mtime_ns == before


texts = st.text(st.characters(exclude_categories=()), max_size=6)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from(memory.KINDS), texts, st.sampled_from(["choice", "measured"]), texts)))
def test_any_text_is_kept_as_it_is(tmp_path_factory, told):
    desk = tmp_path_factory.mktemp("desk")
    (desk / MARK).parent.mkdir()
    (desk / MARK).touch()
    wanted = {kind: {} for kind in memory.KINDS}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(desk)
        for kind, key, fact, value in told:
            assert remember(kind, key, **{fact: value}) == ""
            wanted[kind].setdefault(key, {})[fact] = value
    assert {kind: read_answers(desk)[kind] for kind in memory.KINDS} == wanted


DAMAGED = [b"", b"{", b"[]", b"3", b'{"format": "1"}', b'{"format": 1, "predictions": {"a": 3}}', b"\xff", b"[" * 10**5]


@pytest.mark.parametrize("text", DAMAGED, ids=range(len(DAMAGED)))
def test_a_damaged_file_is_renamed_and_said_to_be(desk, forgetful, text):
    kept(desk).write_bytes(text)
    assert recall("predictions") == {} and kept(desk).read_bytes() == text  # who only reads changes nothing
    words = remember("predictions", "why?", choice="so")
    assert "was renamed to answers.damaged.json, and answers are kept anew" in words
    assert kept(desk).with_name("answers.damaged.json").read_bytes() == text
    kept(desk).write_bytes(b"again")
    assert "answers.damaged2.json" in set_aside_damaged(desk) and set_aside_damaged(desk) == ""
    assert recall("predictions") == {"why?": {"choice": "so"}}  # this kernel still knows


def test_answers_of_a_newer_lrcourse_are_left_alone(desk):
    kept(desk).write_text('{"format": 2}')
    words = remember("predictions", "why?", choice="so")
    assert (
        "written by a newer lrcourse (format 2, here 1): update this one" in words and "until the kernel ends" in words
    )
    assert kept(desk).read_text() == '{"format": 2}' and recall("predictions") == {"why?": {"choice": "so"}}


def test_what_a_newer_edition_of_this_format_adds_is_kept(desk):
    kept(desk).write_text('{"format": 1, "notes": [1], "predictions": {"a": {"choice": "b", "why": "c"}}}')
    remember("predictions", "a", measured="b")
    there = json.loads(kept(desk).read_bytes())
    assert there["notes"] == [1] and there["predictions"]["a"] == {"choice": "b", "why": "c", "measured": "b"}


def test_a_full_disk_is_said_and_what_was_kept_stays(desk, monkeypatch):
    remember("predictions", "why?", choice="so")
    before = kept(desk).read_bytes()

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    words = remember("predictions", "how?", choice="this way")
    assert "could not be kept for another day: [Errno 28] No space left" in words
    assert kept(desk).read_bytes() == before and recall("predictions")["how?"] == {"choice": "this way"}
    assert not list(desk.rglob("*.part"))


MANY = """
import sys
from datetime import datetime, timezone
from lrcourse.base import remember
for i in range(30):
    remember("exercises", f"{sys.argv[1]}{i}", passed=i)
"""


def test_what_two_kernels_keep_at_once_is_all_there(desk):
    kernels = [subprocess.Popen([sys.executable, "-c", MANY, name]) for name in "abc"]
    assert [kernel.wait(60) for kernel in kernels] == [0, 0, 0]
    wanted = {f"{name}{number}": {"passed": number} for name in "abc" for number in range(30)}
    assert read_answers(desk)["exercises"] == wanted


def test_a_kernel_that_is_killed_while_it_keeps_leaves_a_whole_file(desk):
    remember("predictions", "why?", choice="so")
    for number in range(4):
        kernel = subprocess.Popen([sys.executable, "-c", MANY.replace("30", "10**6"), str(number)])
        while kernel.poll() is None and f"{number}3" not in read_answers(desk)["exercises"]:
            pass
        kernel.kill()
        kernel.wait()
        assert read_answers(desk)["predictions"] == {"why?": {"choice": "so"}}
    assert remember("exercises", "next", passed=1) == ""  # no lock is left behind


def test_the_time_is_told_to_the_second_and_with_its_zone():
    told = datetime.fromisoformat(now())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", now())
    assert abs((datetime.now(UTC) - told).total_seconds()) < 60


def test_lessons_are_told_by_their_numbers():
    names = ["05_two.ipynb", "some/where/12 my own.ipynb", "2024.ipynb", "five.ipynb", "123.ipynb"]
    assert [lesson_of(name) for name in names] == ["05", "12", "", "", ""]
