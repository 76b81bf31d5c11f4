import json

import pytest

from lrcourse.base import checks_in, read_cells
from lrcourse.base.asked import questions_in


def test_questions_and_checks_are_found_wherever_they_stand_and_however_they_are_written():
    source = "if True:\n    p = lrcourse.predict('no')\n    q = predict(\n  'Why' ' so?', ['a'])\n"
    source += "check_loop(\n  train,\n  per_batch = True)"
    assert questions_in(source) == ["Why so?"]
    assert checks_in(source) == {"check_loop(train, per_batch=True)": range(5, 8)}
    assert checks_in("torch.sparse.check_sparse_tensor_invariants()\ndef check_mine(): ...") == {}


@pytest.mark.parametrize("source", ["!ls", "a = ", "\0", "(" * 1000, "predict()", "predict(question)", "predict(3)"])
def test_what_is_not_python_or_asks_nothing_has_none(source):
    assert questions_in(source) == [] and checks_in(source) == {}


def test_an_escape_that_python_does_not_know_is_no_warning():
    assert questions_in(r"predict('\d?', [])") == ["\\d?"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"cells": 3}', '{"cells": [3]}', '{"cells": [{}]}', "<<<<<<<"])
def test_what_is_no_notebook_has_no_cells(tmp_path, text):
    (tmp_path / "a.ipynb").write_text(text)
    assert read_cells(tmp_path / "a.ipynb") == read_cells(tmp_path / "none.ipynb") == []


def test_a_source_is_read_as_one_text(tmp_path):
    cells = [{"source": ["a\n", "b"]}, {"source": "c"}]
    (tmp_path / "a.ipynb").write_text(json.dumps({"cells": cells}))
    assert [cell["source"] for cell in read_cells(tmp_path / "a.ipynb")] == ["a\nb", "c"]
