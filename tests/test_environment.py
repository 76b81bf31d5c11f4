"""What is to be installed: named alike in all places, pinned to the last package, for every Python that is promised."""

import functools
import importlib.metadata
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent
SYSTEMS = {
    "Linux": {"sys_platform": "linux", "os_name": "posix", "platform_machine": "x86_64"},
    "Darwin": {"sys_platform": "darwin", "os_name": "posix", "platform_machine": "arm64"},
    "Windows": {"sys_platform": "win32", "os_name": "nt", "platform_machine": "AMD64"},
}


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def pins(lines):
    return {canonicalize_name(name): version for name, version in (line.split("==") for line in lines if "==" in line)}


def installed(name):
    try:
        return importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return None


@functools.cache
def requirements(name):
    distribution = installed(name)
    return [Requirement(line) for line in distribution.requires or []] if distribution else []


project = tomllib.loads(read("pyproject.toml"))["project"]
wanted = [Requirement(line) for line in project["dependencies"] + project["optional-dependencies"]["test"]]
constraints = pins(read("constraints.txt").splitlines())
conda = yaml.safe_load(read("environment.yml"))["dependencies"]
minors = yaml.safe_load(read(".github/workflows/tests.yml"))["jobs"]["tests"]["strategy"]["matrix"]["python"]
# Debian 12 has 3.11.2: a package that wants 3.11.5 is not found there. 30 stands for the last of a minor version.
pythons = [f"{minor}.{micro}" for minor in minors for micro in (0, 2, 30)]


def asks_for(requirement):
    return [(canonicalize_name(requirement.name), extra) for extra in ("", *requirement.extras)]


def needed(python, system):
    """Name what the course and its tests need there, and what that needs in turn, as far as it is installed here."""
    there = {**default_environment(), **SYSTEMS[system], "platform_system": system}
    there |= {"python_full_version": python, "python_version": python.rpartition(".")[0]}
    queue, seen = [pair for one in wanted for pair in asks_for(one)], set()
    while queue:
        name, extra = pair = queue.pop()
        if pair not in seen:
            seen.add(pair)
            for one in requirements(name):
                if not one.marker or one.marker.evaluate(there | {"extra": extra}):
                    queue += asks_for(one)
    return {name for name, _ in seen}


def test_conda_installs_the_same_packages_in_the_same_versions():
    (by_pip,) = (entry["pip"] for entry in conda if isinstance(entry, dict))
    assert pins(by_pip) == {name: constraints[name] for name in map(canonicalize_name, (one.name for one in wanted))}
    assert "--constraint constraints.txt" in by_pip and "--editable ." in by_pip


def test_the_pins_satisfy_the_lower_bounds():
    assert all(constraints[canonicalize_name(one.name)] in one.specifier for one in wanted)
    assert constraints["torch"] == "2.14.1" and constraints["torchvision"] == "0.29.1"


def test_all_places_promise_the_same_pythons():
    lowest, highest = (tuple(map(int, minor.split("."))) for minor in (minors[0], minors[-1]))
    assert minors == [f"3.{minor}" for minor in range(lowest[1], highest[1] + 1)]
    assert project["requires-python"] == f">={minors[0]}" and f"python={minors[0]}" in conda
    assert f"not {lowest} <= v <= {highest} and" in read("Makefile")


@pytest.mark.parametrize("python", pythons)
def test_every_pin_installs_on_every_python_that_is_promised(python):
    looked_at = {name: installed(name) for name in constraints if installed(name)}
    assert len(looked_at) > len(constraints) / 2, "too few of the pins are installed to tell"
    wants = {
        f"{name}=={one.version}": one.metadata.get("Requires-Python", "")
        for name, one in looked_at.items()
        if one.version in SpecifierSet(f"=={constraints[name]}")  # the metadata of another version says nothing
    }
    assert not {pin: want for pin, want in wants.items() if Version(python) not in SpecifierSet(want)}


def test_all_that_is_needed_is_pinned_on_every_system_and_nothing_else():
    reached = {system: set().union(*(needed(python, system) for python in pythons)) for system in SYSTEMS}
    assert {system: names - set(constraints) for system, names in reached.items()} == dict.fromkeys(SYSTEMS, set())
    unneeded = {name for name in constraints if installed(name)} - set().union(*reached.values())
    assert not unneeded


no_make = pytest.mark.skipif(os.name == "nt" or not shutil.which("make"), reason="there is no make")


@pytest.fixture
def make(tmp_path):
    """Return a function that gives what make would do for ``.venv/installed`` in a folder of its own."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    outside = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "PYTHON")}

    def would_do(*variables, check=True, **environment):
        command = ["make", "--dry-run", ".venv/installed", *variables]
        environment = outside | environment
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=check)

    return would_do


@no_make
def test_make_keeps_the_torch_that_was_asked_for_until_another_is(make, tmp_path):
    new, cpu = "-m venv --clear .venv", "--index-url https://download.pytorch.org/whl/cpu torch torchvision"
    usual = make().stdout
    assert new in usual and cpu not in usual and usual == make(TORCH="2.14.1").stdout  # a variable of the shell's
    first = make("TORCH=cpu").stdout
    assert new in first and first.index(cpu) < first.index("--editable")

    stamp = tmp_path / ".venv/installed"
    stamp.write_text("cpu\n")
    assert "pip install" not in make().stdout + make("TORCH=cpu").stdout
    back = make("TORCH=pypi").stdout
    assert new in back and cpu not in back
    os.utime(stamp, (0, 0))  # older than constraints.txt
    update = make().stdout
    assert cpu in update and new not in update
    stamp.write_text("")  # as the first edition left it
    assert "pip install" not in make().stdout and cpu in make("TORCH=cpu").stdout


@no_make
def test_make_says_that_cuda_can_be_left_out_before_it_brings_it_and_not_at_an_update(make, tmp_path):
    said, brought = (make().stdout.find(words) for words in ("No NVIDIA GPU is seen", "pip install"))
    assert 0 < said < brought
    stamp = tmp_path / ".venv/installed"
    stamp.write_text("pypi\n")
    os.utime(stamp, (0, 0))
    assert "pip install" in make().stdout and "No NVIDIA GPU" not in make().stdout


@no_make
def test_make_refuses_a_torch_that_it_does_not_know(make):
    refused = make("TORCH=gpu", check=False)
    assert refused.returncode == 2 and "TORCH=gpu is not known: say TORCH=cpu or TORCH=pypi" in refused.stderr
