import importlib.metadata
import os
import subprocess
import sys

import pytest
from test_environment import constraints

from lrcourse.base.versions import TORCH, note, tell_once


def test_the_verified_torch_is_that_of_the_constraints():
    assert constraints["torch"] == TORCH


@pytest.mark.parametrize("here", [TORCH, f"{TORCH}+cpu", ".".join(TORCH.split(".")[:2]) + ".9"])
def test_of_a_torch_that_differs_in_its_last_number_nothing_is_said(here, monkeypatch):
    monkeypatch.setattr(importlib.metadata, "version", {"torch": here}.__getitem__)
    assert note() is None


def test_without_torch_the_import_of_torch_is_what_fails(monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    assert note() is None


# The second import is in a process that the first has started.
CODE = """
import importlib.metadata, subprocess, sys
importlib.metadata.version = lambda name: "1.13.0"
import lrcourse
if len(sys.argv) == 1:
    subprocess.run([sys.executable, __file__, "again"], check=True)
"""


@pytest.mark.parametrize("progress, lines", [("1", 1), ("0", 0)])
def test_another_torch_is_told_once_and_not_to_a_page_that_is_compared(progress, lines, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(CODE, encoding="utf-8")
    env = {**os.environ, "LRCOURSE_PROGRESS": progress}
    env.pop("LRCOURSE_NOTED", None)
    done = subprocess.run([sys.executable, script], env=env, capture_output=True, text=True, check=True)
    assert done.stdout == "" and len(done.stderr.splitlines()) == lines
    if lines:
        assert f"verified with torch {TORCH}, here is 1.13.0." in done.stderr


@pytest.mark.parametrize("here", ["", None])
def test_of_a_torch_whose_metadata_is_damaged_nothing_is_said(here, monkeypatch):
    monkeypatch.setattr(importlib.metadata, "version", {"torch": here}.__getitem__)
    assert note() is None


@pytest.mark.parametrize("here", ["1.13.0", TORCH.split(".")[0] + ".99.0", "9." + TORCH.split(".")[1] + ".0"])
def test_a_torch_of_another_minor_version_is_named_with_the_one_to_install(here, monkeypatch):
    monkeypatch.setattr(importlib.metadata, "version", {"torch": here}.__getitem__)
    assert f"here is {here}." in note() and note().endswith(f"torch=={TORCH}")


@pytest.mark.parametrize("progress, told", [(None, 1), ("1", 1), ('"0"', 0), ("0", 0)])
def test_what_was_told_is_kept_in_mind_for_the_processes_that_are_started(progress, told, monkeypatch, caplog):
    monkeypatch.setattr(importlib.metadata, "version", {"torch": "1.13.0"}.__getitem__)
    monkeypatch.setattr(os, "environ", {})
    if progress is not None:
        os.environ["LRCOURSE_PROGRESS"] = progress
    for _ in range(2):
        tell_once()
    said = [(one.name, one.levelname, one.message) for one in caplog.records]
    assert said == [("lrcourse", "WARNING", note())] * told
    assert os.environ.get("LRCOURSE_NOTED", "") == "1" * told
