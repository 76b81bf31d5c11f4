"""The list of mutants does not rot: each still applies, is Python, and names tests and a notebook that are there."""

import ast

import pytest
from test_docs import tool
from test_environment import ROOT

mutants = tool("mutants")


@pytest.mark.parametrize("mutant", mutants.MUTANTS, ids=lambda mutant: mutant.what)
def test_a_mutant_applies_and_is_python(mutant, tmp_path):
    module = tmp_path / "lrcourse" / f"{mutant.module}.py"
    module.parent.mkdir(parents=True)
    module.write_bytes((ROOT / module.relative_to(tmp_path)).read_bytes())
    before = ast.dump(ast.parse(module.read_text(encoding="utf-8")))
    mutants.apply(mutant, tmp_path)
    assert ast.dump(ast.parse(module.read_text(encoding="utf-8"))) != before
    assert mutant.tests and all((ROOT / path).is_file() for path in mutants.tests_of(mutant))
    assert len(mutants.notebook_of(mutant)) == bool(mutant.notebook)


def test_a_mutant_whose_text_is_gone_is_an_error(tmp_path):
    (tmp_path / "lrcourse" / "training").mkdir(parents=True)
    (tmp_path / "lrcourse" / "training" / "loop.py").write_text("", encoding="utf-8")
    with pytest.raises(ValueError, match="its text stands 0 times in loop.py, not once"):
        mutants.apply(mutants.MUTANTS[0], tmp_path)


def test_there_are_many_and_no_two_alike():
    assert len({mutant.what for mutant in mutants.MUTANTS}) == len(mutants.MUTANTS) >= 25
    assert len({(mutant.module, mutant.old, mutant.new) for mutant in mutants.MUTANTS}) == len(mutants.MUTANTS)
