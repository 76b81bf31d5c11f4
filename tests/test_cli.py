import importlib.metadata

import pytest
from test_data import write_folders

from lrcourse.base.versions import TORCH
from lrcourse.cli import main


def test_doctor_says_what_is_there_and_what_to_do_for_more(capsys):
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert f"torch        {importlib.metadata.version('torch')}" in out
    assert "images       Shapes-10" in out and "call `lrcourse fetch`" in out
    assert out.endswith("The course can run here.\n")


def test_doctor_tells_that_another_torch_is_here(monkeypatch, capsys):
    there = importlib.metadata.version
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "2.9.0+cpu" if name == "torch" else there(name))
    assert main(["doctor"]) == 0
    assert f"note         lrcourse was verified with torch {TORCH}, here is 2.9.0+cpu." in capsys.readouterr().out


def test_doctor_says_where_cifar10_is(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LRCOURSE_CIFAR10", str(write_folders(tmp_path)))
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert "CIFAR-10, 50 images from image folders" in out and str((tmp_path / "cifar10").resolve()) in out


def test_doctor_fails_on_a_wrong_variable(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LRCOURSE_CIFAR10", str(tmp_path / "nowhere"))
    assert main(["doctor"]) == 1
    assert "PROBLEM      LRCOURSE_CIFAR10=" in capsys.readouterr().out


def test_doctor_fails_on_a_missing_package(monkeypatch, capsys):
    def version(name, there=importlib.metadata.version):
        if name == "nbval":
            raise importlib.metadata.PackageNotFoundError(name)
        return there(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert "PROBLEM      nbval is missing: pip install nbval" in out
    assert out.endswith("The course cannot run here yet.\n")


def test_an_unknown_command_is_an_error(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["dotcor"])
    assert stop.value.code == 2
    assert "invalid choice: 'dotcor'" in capsys.readouterr().err
