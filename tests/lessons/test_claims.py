import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from lrcourse import expect


@pytest.mark.parametrize("true", [True, np.bool_(True), np.array([True]), torch.tensor(True)])
def test_a_claim_that_holds_is_printed(true, capsys):
    expect("water is wet", true)
    assert capsys.readouterr().out == "✓ water is wet\n"


@pytest.mark.parametrize("false", [False, np.False_, torch.tensor([False])])
def test_a_claim_that_does_not_hold_stops_with_its_words(false, capsys):
    with pytest.raises(AssertionError, match="^pigs fly$"):
        expect("pigs fly", false)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("vague", [None, 1, 0.0, "no", [], [True], len, ..., np.array([True, False]), torch.ones(2)])
def test_what_is_no_truth_value_is_refused(vague):
    with pytest.raises(TypeError, match="holds must be True or False, got"):
        expect("vague", vague)


LESSON = """
from lrcourse import expect, predict
from lrcourse.lessons import check_number
predict("Is β₁ = 0.9?", ["ja, natürlich", "nein"]).check("nein")
expect("1 ≤ größer", True)
check_number(1, lambda: 1)
check_number(2, lambda: 1)
"""


@pytest.mark.parametrize("encoding, ok, no", [("cp1252", "ok", "no"), ("ascii", "ok", "no"), ("utf-8", "✓", "✗")])
def test_a_lesson_goes_on_where_its_output_goes_into_a_file(encoding, ok, no, tmp_path):
    (tmp_path / "lesson.py").write_text(LESSON, encoding="utf-8")
    env = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run([sys.executable, "lesson.py"], cwd=tmp_path, env=env, capture_output=True, check=True)
    lines = done.stdout.decode(encoding).splitlines()
    assert lines[-2:] == [f"{ok} Right.", f"{no} Not yet. 2 is too large."] and lines[-3].startswith(ok)
