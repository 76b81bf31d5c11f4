"""Kernels of a JupyterLab that a person starts without `lrcourse lab` get the settings of OpenMP before torch does."""

import json
import os
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from lrcourse.base import OPENMP
from lrcourse.cli import main

ASK = f"import os\nprint({{name: os.environ.get(name) for name in {list(OPENMP)}}})"


@pytest.fixture
def jupyter(monkeypatch, tmp_path):
    """The folder of Jupyter in an environment of Python's own, in which nothing is set."""
    for name in OPENMP:
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "environment/share/jupyter"
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "environment"))
    monkeypatch.setenv("JUPYTER_PATH", str(folder))
    return folder


def seen_by_a_kernel():
    code = nbformat.v4.new_code_cell(ASK)
    NotebookClient(nbformat.v4.new_notebook(cells=[code]), kernel_name="python3").execute()
    return eval(code.outputs[0].text)


def test_a_kernel_that_anybody_starts_has_the_settings(jupyter, capsys):
    assert main(["kernel"]) == 0
    record = json.loads((jupyter / "kernels/python3/kernel.json").read_bytes())
    assert record["env"] == OPENMP and record["argv"][0] == sys.executable and record["language"] == "python"
    assert str(jupyter / "kernels/python3") in capsys.readouterr().out
    assert seen_by_a_kernel() == OPENMP
    assert not set(OPENMP) & set(os.environ)
    assert main(["kernel"]) == 0  # again: as it was
    assert json.loads((jupyter / "kernels/python3/kernel.json").read_bytes()) == record


def test_a_kernel_of_this_name_that_goes_before_is_named(jupyter, tmp_path, monkeypatch, capsys):
    other = tmp_path / "other/kernels/python3"
    other.mkdir(parents=True)
    (other / "kernel.json").write_text(json.dumps({"argv": ["python"], "display_name": "p", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", os.pathsep.join([str(tmp_path / "other"), str(jupyter)]))
    assert main(["kernel"]) == 1
    out, err = capsys.readouterr()
    there = jupyter / "kernels/python3"
    assert not out and err == f"Jupyter takes the kernel python3 of {other}, not of {there}: rename the first.\n"


def test_an_environment_that_may_not_be_written_to_is_one_sentence(jupyter, monkeypatch, capsys):
    jupyter.parent.mkdir(parents=True)
    Path(jupyter).touch()  # where a folder should be
    assert main(["kernel"]) == 1
    out, err = capsys.readouterr()
    assert not out and len(err.splitlines()) == 1 and str(jupyter) in err
    assert err.endswith("set OMP_WAIT_POLICY=PASSIVE and GOMP_SPINCOUNT=3000 yourself, before JupyterLab starts.\n")
