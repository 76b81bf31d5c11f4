"""The generated pages are in step with torch and with the script that writes them."""

import importlib.util
import re

import pytest
import torch
from cases import MAKE_SCHEDULER, OPTIMIZERS
from test_environment import ROOT, constraints


def tool(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


optimizer_table, scheduler_table, index = tool("optimizer_table"), tool("scheduler_table"), tool("question_index")

ROWS = {
    cells[0]: cells[1:]
    for line in optimizer_table.PAGE.read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and (cells := [cell.strip() for cell in line.strip("|").split("|")])[0] in OPTIMIZERS
}


def test_every_optimizer_of_torch_has_its_row():
    assert set(ROWS) == set(OPTIMIZERS)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_row_says_what_the_script_says_and_the_residuals_are_rounding(name):
    *words, single, double = ROWS[name]
    assert tuple(words) == optimizer_table.WORDS[name]
    assert float(single) <= 1e-5 or name == "NAdam"  # the page says why
    assert float(double) <= 1e-12


@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_a_figure_can_be_measured_again(name, monkeypatch):
    monkeypatch.setattr(optimizer_table, "STEPS", 5)
    assert all(optimizer_table.measure(name, dtype) <= target for dtype, target in optimizer_table.TARGET.items())


LRS = re.compile(r"^[|] lr [|] (.*) [|]$", re.MULTILINE)
schedulers_page = scheduler_table.PAGE.read_text(encoding="utf-8").split(scheduler_table.MARK)[1]


def test_every_scheduler_of_torch_has_its_section_and_picture():
    assert set(scheduler_table.ENTRIES) == set(MAKE_SCHEDULER)
    assert re.findall(r"^## (.*)$", schedulers_page, re.MULTILINE) == list(scheduler_table.ENTRIES)
    pictures = re.findall(r"\((schedulers/.*[.]svg)\)", schedulers_page)
    assert len(pictures) == len(MAKE_SCHEDULER) and all((ROOT / "docs" / picture).is_file() for picture in pictures)


def test_the_lrs_of_the_page_are_those_of_torch():
    there = [[float(lr) for lr in row.split(" | ")] for row in LRS.findall(schedulers_page)]
    for name, row in zip(scheduler_table.ENTRIES, there, strict=True):
        lrs = scheduler_table.lrs(name)
        assert row == pytest.approx([lrs[step - 1] for step in scheduler_table.ENTRIES[name].shown], rel=1e-12)
        assert lrs == scheduler_table.train(name)[0]  # as foreseen, so trained


@pytest.mark.skipif(
    torch.__version__.split("+")[0] != constraints["torch"], reason="another torch may store other things"
)
def test_the_page_is_what_the_script_writes():
    assert LRS.sub("", schedulers_page).strip() == LRS.sub("", scheduler_table.page()).strip()


def test_every_question_is_answered_by_a_cell_that_measures():
    places = index.places()
    assert set(places) == {question["id"] for question in index.questions()}
    assert all("expect(" in place.source for answers in places.values() for place in answers)


def test_the_index_of_questions_is_what_the_script_writes():
    assert index.PAGE.read_text(encoding="utf-8") == index.page()


def test_the_wrong_predictions_of_the_guide_are_choices_of_the_lessons():
    guide = (ROOT / "docs" / "instructor.md").read_text(encoding="utf-8")
    rows = re.findall(r'^[|] (\d\d) [|] (".*?") [|].*[|].*[|].*[|]$', guide, re.MULTILINE)
    assert sorted({number for number, _ in rows}) == [f"{i:02}" for i in range(13)]
    for number, predictions in rows:
        lesson = next((ROOT / "notebooks").glob(f"{number}_*.ipynb")).read_text(encoding="utf-8")
        for prediction in re.findall(r'"(.*?)"(?: or |$)', predictions):
            assert f'\\"{prediction}\\"' in lesson  # as JSON writes a string of code


MARKDOWN = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


@pytest.mark.parametrize("page", MARKDOWN, ids=lambda path: path.name)
def test_links_to_files_and_headings_lead_somewhere(page):
    for link in re.findall(r"\]\(<?([^)\s>]+)>?\)", page.read_text(encoding="utf-8")):
        if link.startswith("http"):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        if anchor and target.suffix == ".md":
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in [re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings], link
        elif anchor:
            assert f'"id": "{anchor.removeprefix("cell-id=")}"' in target.read_text(encoding="utf-8"), link
