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
