"""What README and the pages beside it say about using the course, and about adding to it, is so."""

import re
import struct
import subprocess
import sys

import matplotlib.pyplot as plt
import pandas as pd
import pytest
import torch
import yaml
from test_docs import tool
from test_environment import ROOT
from test_layers import FLOORS

import lrcourse
from lrcourse import record
from lrcourse.schedules import PlanError

picture = tool("readme_picture")
SCHEDULES = ["step", "plateau", "cosine", "one cycle", "warm-up + cosine"]


def page(name):
    return (ROOT / name).read_text(encoding="utf-8")


def example(name, number=0):
    """Return one of the pieces of code on a page."""
    return re.findall(r"```python\n(.*?)```", page(name), re.DOTALL)[number]


def test_the_package_is_found_beside_a_clone_that_has_its_name(tmp_path):
    (tmp_path / "lrcourse").mkdir()  # Python could take the clone for a package
    code = "from lrcourse import SmallCNN; print(SmallCNN.__name__)"
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert ran.stdout == "SmallCNN\n", ran.stderr


def test_the_hours_are_the_sums_of_the_minutes():
    lessons = [int(minutes) for minutes in re.findall(r"^[|] \[\d\d_.*[|] (\d+) [|]$", page("README.md"), re.MULTILINE)]
    texts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))]
    exercises = re.findall(r"\((?:easy|medium|hard), (\d+) minutes\)", "".join(texts))
    assert len(lessons) == len(texts) and f"in {len(texts)} Jupyter notebooks" in page("README.md")
    assert sum(lessons) == pytest.approx(9.5 * 60, abs=10) and "add up to about nine and a half hours" in page(
        "README.md"
    )
    assert 6.5 * 60 < sum(map(int, exercises)) < 7 * 60 and "nearly seven hours in all" in page("README.md")


def test_the_picture_is_small_and_readable_at_half_size():
    data = picture.PICTURE.read_bytes()
    width, height = struct.unpack(">II", data[16:24])
    assert len(data) < 150_000 and 900 <= width <= 1100 and height < width
    assert 'src="docs/two_clocks.png"' in page("README.md")


def test_the_picture_can_be_drawn_again(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(picture, "EPOCHS", 1)
    monkeypatch.setattr(sys, "argv", ["readme_picture.py", "--to", str(tmp_path / "clocks.png")])
    picture.main()
    assert capsys.readouterr().out.endswith("clocks.png: 32 steps on Shapes-10, drawn by lrcourse\n")
    assert (tmp_path / "clocks.png").read_bytes()[:4] == b"\x89PNG"


def test_the_example_of_the_package_runs():
    code = example("docs/package.md")
    assert "epochs=24" in code
    exec(code.replace("epochs=24", "epochs=1"), names := {})
    assert names["trace"].base_lr == [0.01] * 32
    plt.close("all")


def test_the_example_of_the_guard_ends_with_the_message_that_is_shown():
    with pytest.warns(UserWarning, match="lr_scheduler.step"), pytest.raises(PlanError) as caught:
        exec(example("docs/package.md", 1), {})
    assert f"```\n{caught.value}\n```" in page("docs/package.md")


def test_the_page_of_the_package_names_every_public_name():
    assert [name for name in lrcourse.__all__ if f"`{name}`" not in page("docs/package.md")] == []


def test_the_rule_that_contributors_are_shown_takes_the_step_apart():
    code = example("CONTRIBUTING.md")
    exec(code, names := {})
    model = torch.nn.Linear(3, 2)
    optimizer = names["SignDescent"](model.parameters())
    with record(model, optimizer) as trace:
        for _ in range(3):
            optimizer.zero_grad()
            (model(torch.randn(4, 3)) ** 2).sum().backward()
            optimizer.step()
    assert max(trace.everything.residual) < 32  # NaN, if there were no rule


def test_the_table_of_folders_goes_down_floor_by_floor():
    rows = re.findall(r"^[|] (`.*?) [|] [^|]* [|]$", page("CONTRIBUTING.md"), re.MULTILINE)
    named = [{name.removesuffix(".py") for name in re.findall(r"`(\w+(?:[.]py)?)/?`", row)} for row in rows]
    assert named == FLOORS[::-1]


def test_the_gains_on_both_data_sets_are_those_of_the_tables():
    there = re.findall(r"^[|] (\w+) [|] (\w+)-10, \d [|] (.*) [|]$", page("docs/data.md"), re.MULTILINE)
    assert len(there) == 8
    for optimizer, images, gains in there:
        table = pd.read_csv(ROOT / f"notebooks/results/10-{images.lower()}10.csv")
        mean = table.groupby(["optimizer", "schedule", "lr"])[["val_accuracy", "test_accuracy"]].mean()
        best = mean.val_accuracy[optimizer].groupby("schedule").idxmax()
        accuracy = {schedule: mean.test_accuracy[(optimizer, *at)] for schedule, at in best.items()}
        expected = [f"{100 * (accuracy[schedule] - accuracy['constant']):+.1f}" for schedule in SCHEDULES]
        assert gains.replace("−", "-").split(" | ") == expected


def test_what_is_cited_has_the_version_of_the_package():
    assert yaml.safe_load(page("CITATION.cff"))["version"] == lrcourse.__version__
