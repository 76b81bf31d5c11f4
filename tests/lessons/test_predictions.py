import pytest

from lrcourse import predict
from lrcourse.base import MARK, memory, read_answers
from lrcourse.lessons import predictions


@pytest.fixture
def question(monkeypatch):
    monkeypatch.setattr(memory, "_here", {kind: {} for kind in memory.KINDS})
    return predict("Which?", ["this", "that"])


def buttons(question):
    """Return the choices, the button to commit, and the note below."""
    _, *shown, _ = predictions._buttons(question).children
    return shown


def press(question, choice):
    """Do what a learner does with the buttons."""
    radio, commit, note = buttons(question)
    radio.value = choice
    commit.click()
    return radio, commit, note


def test_a_prediction_is_shown_beside_what_was_measured(question, capsys):
    capsys.readouterr()
    question.check("this")
    press(question, "that")
    question.check("this")
    question.check("that")
    assert capsys.readouterr().out == (
        "You made no prediction. Measured: this\n"
        "You predicted: that\nMeasured:      this\nRead on to see why. So far you predicted 0 of 1.\n"
        "You predicted it: that\nSo far you predicted 1 of 1.\n"
    )


def test_a_prediction_is_kept_when_the_cell_runs_again_and_cannot_be_changed(question):
    press(question, "that")
    again = predict("Which?", ["this", "that"])
    radio, commit, note = press(again, "this")
    assert again.chosen == "that"
    assert radio.disabled and commit.disabled and "Noted" in note.value


def test_a_choice_that_is_no_longer_offered_can_be_made_anew(question):
    press(question, "that")
    again = predict("Which?", ["this", "something else"])
    assert again.chosen is None
    press(again, "something else")
    assert again.chosen == "something else"


def test_the_buttons_say_what_was_measured_and_count_over_all_questions(question):
    *_, note = press(question, "that")
    other = predict("And which now?", ["1 < 2", "2 < 1"])
    *_, other_note = press(other, "1 < 2")
    question.check("this")
    assert "✗ Measured: this. Read on to see why. So far you predicted 0 of 1." in note.value
    other.check("1 < 2")
    assert "✓ You predicted what was measured. So far you predicted 1 of 2." in other_note.value


def test_what_was_measured_is_not_forgotten_when_the_cell_runs_again(question):
    question.check("this")
    again = predict("Which?", ["this", "that"])
    *_, note = buttons(again)
    assert "It is measured already" in note.value
    *_, note = press(again, "this")
    assert "✓ You predicted what was measured. So far you predicted 1 of 1." in note.value


def test_nothing_is_committed_without_a_choice(question):
    radio, commit, note = press(question, None)
    assert question.chosen is None and not radio.disabled and not commit.disabled
    assert note.value == "Choose, then commit. Run the next cells to see. Nothing is chosen yet."


def test_without_a_front_end_the_question_is_text(capsys):
    predict("Which?", ["this", "that"])
    assert capsys.readouterr().out == "Which?\n  ( ) this\n  ( ) that\n"


@pytest.mark.parametrize("choices", [[], ["one"], ["same", "same"]])
def test_a_prediction_needs_different_choices(choices):
    with pytest.raises(ValueError, match="two or more different texts"):
        predict("Which?", choices)


def test_measured_must_be_one_of_the_choices(question):
    with pytest.raises(ValueError, match=r"one of the choices \['this', 'that'\], got 'those'"):
        question.check("those")


@pytest.fixture
def desk(tmp_path, monkeypatch):
    (tmp_path / MARK).parent.mkdir()
    (tmp_path / MARK).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def forget(monkeypatch):
    """Do what happens to a kernel that is started anew."""
    monkeypatch.setattr(memory, "_here", {kind: {} for kind in memory.KINDS})


def test_on_a_desk_a_prediction_of_yesterday_stands_beside_its_result(desk, question, monkeypatch, capsys):
    press(question, "that")
    question.check("this")
    forget(monkeypatch)
    again = predict("Which?", ["this", "that"])
    radio, commit, note = press(again, "this")
    assert radio.value == again.chosen == "that" and radio.disabled and commit.disabled
    assert "✗ Measured: this. Read on to see why. So far you predicted 0 of 1." in note.value
    capsys.readouterr()
    again.check("this")
    assert "You predicted: that\nMeasured:      this" in capsys.readouterr().out


def test_a_question_with_another_text_is_another_question(desk, question, monkeypatch):
    press(question, "that")
    forget(monkeypatch)
    assert predict("Which one?", ["this", "that"]).chosen is None
    assert predict("Which?", ["this", "that"]).chosen == "that"


def test_of_two_kernels_that_commit_the_first_counts(desk, question, monkeypatch):
    second = predict("Which?", ["this", "that"])
    radio, commit, note = buttons(second)
    press(question, "that")
    forget(monkeypatch)
    radio.value = "this"
    commit.click()
    assert radio.value == "that" and "Noted" in note.value
    assert read_answers(desk)["predictions"]["Which?"]["choice"] == "that"


def test_that_a_prediction_cannot_be_kept_is_said_at_its_buttons_and_it_stands_for_now(desk, question, capsys):
    (desk / ".lrcourse/answers.json").write_text('{"format": 2}')
    *_, note = press(question, "that")
    assert "Noted. Run the next cells to see. This could not be kept for another day: " in note.value
    question.check("that")
    assert "You predicted it: that\n" in capsys.readouterr().out
