"""docs/results.md says what the tables say: its sentences hold, and its numbers are those of the tables."""

import random
import re
import shutil

import pandas as pd
import pytest
from matplotlib.figure import Figure
from small_experiments import MODULES, planned_in
from test_environment import ROOT

from experiments.plateau_noise import SIZES
from experiments.report import __main__ as report
from experiments.report import reading
from experiments.report.section import Said, Section

made = report.sections()
PAGE = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("said", [said for section in made for said in section.said], ids=lambda said: said.text[:40])
def test_the_tables_bear_a_sentence_out(said):
    assert said.holds, said.text


def test_the_page_is_what_the_tables_give():
    assert report.page(made) == PAGE, "make results"


def test_a_picture_is_there_for_each_question_that_was_measured_and_says_what_is_to_be_seen():
    shown = re.findall(r"!\[(.*?)\]\(results/(.*?)\.svg\)", PAGE)
    assert [name for _, name in shown] == [section.name for section in made if section.draw]
    assert all(len(alt) > 60 for alt, _ in shown)
    assert {path.stem for path in (ROOT / "docs" / "results").iterdir()} == {name for _, name in shown}


def invented(name, data):
    """Return a whole table of random results."""
    if name == "budgets":
        rows = pd.DataFrame()
        while len(rows) < len(planned := planned_in(name, rows if len(rows) else None, data)):
            rows = pd.DataFrame(planned).assign(val_loss=lambda made: made.lr)
    else:
        rows = pd.DataFrame(planned_in(name, None, data))
    generator, jumps = random.Random(0), [f"{kind}jump_{size}" for kind in ("", "averaged_") for size in SIZES]
    measured = ("val_loss", "val_accuracy", "train_loss", "peak_loss", "seconds", "test_accuracy", "average_over_now")
    for column in (*measured, *jumps):
        rows[column] = [generator.random() for _ in range(len(rows))]
    return rows.assign(**dict.fromkeys(("train_losses", "losses_2000", "averaged_losses_2000"), "2.1 1.5 1.1"))


@pytest.fixture
def random_tables(tmp_path, monkeypatch):
    for path in reading.RESULTS.glob("1*.csv"):  # those of the lessons
        shutil.copy(path, tmp_path)
    for name in MODULES:
        for data in reading.DATA:
            invented(name, data).to_csv(tmp_path / f"{name.replace('_', '-')}-{data}.csv", index=False)
    monkeypatch.setattr(reading, "RESULTS", tmp_path)


def test_every_question_has_numbers_and_a_picture_once_it_was_measured(random_tables):
    for section in report.sections():
        assert section.rows and all(len(cells) == len(section.head) for cells in section.rows), section.name
        assert section.question == "10" or not section.counts(), section.name
        assert section.draw or section.name == "costs"
        if section.draw:
            section.draw(figure := Figure(figsize=section.size))
            assert figure.axes and section.alt


def test_a_sentence_that_a_table_contradicts_is_not_written():
    section = Section("x", "Is it so?", {}, [Said("It is.", True), Said("It is not.", False)])
    with pytest.raises(ValueError, match="contradict these sentences of 'Is it so.'.*'It is not.'"):
        section.markdown()


def test_missing_runs_are_said():
    table = reading.Table(pd.DataFrame({"seed": [0, 0, 1]}), 4)
    text = Section("x", "Is it so?", {"cifar10": table}).markdown()
    assert "CIFAR-10: 3 of 4 runs; Shapes-10: no runs yet. `make experiments ARGS=x` goes on." in text


def test_runs_are_compared_seed_by_seed():
    one, other = pd.Series({0: 5.0, 1: 7.0, 2: 9.0}), pd.Series({2: 8.0, 1: 6.0, 0: 3.0})
    difference = reading.differences(one, other)
    assert (difference.mean, difference.pairs) == (pytest.approx(4 / 3), 3)
    assert difference.error == pytest.approx(1 / 3)  # 2, 1, 1: a standard deviation of 1/sqrt(3), and three of them
    assert not difference.clear and reading.differences(one, other - 8).clear
    assert difference.text(1, 1) == "+1.3 ± 0.3"


def test_only_seeds_that_every_cell_has_are_compared():
    rows = pd.DataFrame({"arm": list("aab"), "seed": [0, 1, 0]})
    assert reading.Table(rows, 4).seeds_in_all(["arm"]).rows.seed.tolist() == [0, 0]
