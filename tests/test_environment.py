"""The three places that name packages say the same."""

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent


def pins(lines):
    return {name.lower(): version for name, version in (line.split("==") for line in lines if "==" in line)}


def version(text):
    return tuple(int(part) for part in text.split("."))


project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
wanted = dict(
    re.match(r"(.+)>=(.+)", line).groups()
    for line in [*project["dependencies"], *project["optional-dependencies"]["test"]]
)
constraints = pins((ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines())
conda = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]


def test_conda_installs_the_same_packages_in_the_same_versions():
    (by_pip,) = (entry["pip"] for entry in conda if isinstance(entry, dict))
    assert pins(by_pip) == {name: constraints[name] for name in wanted}
    assert "--constraint constraints.txt" in by_pip and "--editable ." in by_pip


def test_the_pins_satisfy_the_lower_bounds():
    assert all(version(constraints[name]) >= version(lowest) for name, lowest in wanted.items())
    assert constraints["torch"] == "2.14.1" and constraints["torchvision"] == "0.29.1"
    assert project["requires-python"] == ">=3.11" and "python=3.11" in conda
