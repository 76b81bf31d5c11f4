"""What whoever settles hands on to the processes that it starts."""

import json
import os
import sys
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpecManager

from lrcourse.base import DISTURBING, settle
from lrcourse.base.surroundings import OPENMP, PRINTING

SET = {"LRCOURSE_CIFAR10", "LRCOURSE_CACHE", "LRCOURSE_PROGRESS", *DISTURBING, *PRINTING, *OPENMP}
SET |= {"IPYTHONDIR", "MATPLOTLIBRC", "JUPYTER_PATH", "JUPYTER_RUNTIME_DIR"}


@pytest.fixture
def settled(tmp_path, monkeypatch):
    """Return a function that settles among these variables and no others, and returns what is set then."""
    monkeypatch.chdir(tmp_path)

    def settle_with(**given):
        with monkeypatch.context() as patch:
            for name in SET:
                patch.delenv(name, raising=False)
            for name, value in given.items():
                patch.setenv(name, value)
            settle()
            return {name: os.environ[name] for name in SET if name in os.environ}

    return settle_with


def test_a_kernel_is_this_python_whatever_kernels_a_person_has(settled, tmp_path):
    env = settled(JUPYTER_PATH="theirs")
    own, theirs = env["JUPYTER_PATH"].split(os.pathsep)
    assert theirs == "theirs" and settled()["JUPYTER_PATH"].count(os.pathsep) == 0
    spec = KernelSpecManager(kernel_dirs=[str(Path(own) / "kernels")]).get_kernel_spec("python3")
    assert spec.argv == [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    assert (spec.language, spec.display_name) == ("python", "Python 3")
    written = json.loads((Path(own) / "kernels" / "python3" / "kernel.json").read_text(encoding="utf-8"))
    assert set(written) == {"argv", "display_name", "language"}


def test_the_folders_are_new_each_time_and_empty_of_settings(settled):
    first, second = settled(), settled()
    for name in ("IPYTHONDIR", "MATPLOTLIBRC", "JUPYTER_PATH", "JUPYTER_RUNTIME_DIR"):
        assert first[name] != second[name] and Path(first[name]).parent.name.startswith("lrcourse-")
    assert Path(first["MATPLOTLIBRC"]).read_bytes() == b""
    assert len({first[name] for name in ("IPYTHONDIR", "MATPLOTLIBRC", "JUPYTER_PATH", "JUPYTER_RUNTIME_DIR")}) == 4
    assert {Path(first[name]).parent for name in ("IPYTHONDIR", "JUPYTER_PATH")} == {Path(first["MATPLOTLIBRC"]).parent}


def test_what_disturbs_is_gone_and_what_helps_is_there_unless_it_was_set(settled):
    env = settled(**dict.fromkeys([*DISTURBING, *PRINTING], "1"), LRCOURSE_PROGRESS="1", OMP_WAIT_POLICY="ACTIVE")
    assert not {*DISTURBING, *PRINTING} & set(env)
    assert env["LRCOURSE_PROGRESS"] == "0"
    assert {name: env[name] for name in OPENMP} == OPENMP | {"OMP_WAIT_POLICY": "ACTIVE"}


def test_the_paths_of_the_course_are_whole_and_a_data_set_that_is_not_there_is_left_as_it_was_named(settled, tmp_path):
    (tmp_path / "images").mkdir()
    env = settled(LRCOURSE_CIFAR10='"images"', LRCOURSE_CACHE="cache")
    assert env["LRCOURSE_CIFAR10"] == str(tmp_path / "images") and env["LRCOURSE_CACHE"] == str(tmp_path / "cache")
    assert settled(LRCOURSE_CIFAR10="nowhere")["LRCOURSE_CIFAR10"] == "nowhere"
    assert not {"LRCOURSE_CIFAR10", "LRCOURSE_CACHE"} & set(settled())
    assert settled(LRCOURSE_CACHE="~/c")["LRCOURSE_CACHE"] == os.path.expanduser(os.path.join("~", "c"))
