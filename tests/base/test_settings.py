"""What is set in the environment is read as it was meant, and what a bar shows depends on it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrcourse.base import bar, free_name, setting

NAME = "LRCOURSE_TESTED"
words = st.text(st.characters(codec="ascii", exclude_characters="\0"), max_size=6)


def read(value):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(NAME, value)
        return setting(NAME)


@given(words, st.sampled_from(["", " ", "\t  "]))
def test_a_value_is_read_without_the_quotes_and_the_blanks_around_it(value, around):
    bare = value.strip()
    for quote in "\"'":
        assert read(f"{around}{quote}{around}{value}{around}{quote}{around}") == bare
    if bare[:1] not in tuple("\"'"):
        assert read(f"{around}{value}{around}") == bare


@pytest.mark.parametrize("value", ['"', "'", "\"a'", 'a"', '"a', "aa", "a b a", 'say "no"'])
def test_what_stands_in_no_pair_of_quotes_is_left_as_it_is(value):
    assert read(value) == value


def test_what_is_not_set_is_nothing(monkeypatch):
    monkeypatch.delenv(NAME, raising=False)
    assert setting(NAME) == "" and read("") == read(" ") == read('""') == read("''") == ""


@pytest.mark.parametrize(
    "progress, shown, there",
    [(None, True, True), ("1", True, True), ("0", True, False), ("'0'", True, False), (None, False, False)],
)
def test_a_bar_is_shown_unless_one_or_all_are_not_wanted(progress, shown, there, monkeypatch, capsys):
    monkeypatch.delenv("LRCOURSE_PROGRESS", raising=False)
    if progress is not None:
        monkeypatch.setenv("LRCOURSE_PROGRESS", progress)
    assert list(bar(iter([1, 2]), what="runs of it", shown=shown, total=2)) == [1, 2]
    said = capsys.readouterr().err
    assert ("runs of it" in said and "/2" in said) == there and (said == "") == (not there)


def test_a_bar_is_shown_where_nothing_is_said_about_it_and_leaves_nothing_behind(monkeypatch, capsys):
    monkeypatch.delenv("LRCOURSE_PROGRESS", raising=False)
    list(bar([1, 2, 3], what="runs"))
    said = capsys.readouterr().err
    assert "/3" in said and not said.endswith("\n") and said.rstrip(" \r") != said


def test_a_free_name_counts_on(tmp_path):
    path, names = tmp_path / "answers.damaged.json", []
    for _ in range(4):
        names.append(free_name(path).name)
        free_name(path).touch()
    assert names == ["answers.damaged.json", *(f"answers.damaged{n}.json" for n in (2, 3, 4))]
