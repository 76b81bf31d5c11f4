"""What holds for every committed notebook, beside that it runs: nbval sees to that."""

import base64
import re
import struct

import nbformat
import pytest
from test_docs import tool
from test_environment import ROOT

NOTEBOOKS = sorted(
    path.relative_to(ROOT) for path in (ROOT / "notebooks").rglob("*.ipynb") if ".ipynb_" not in str(path)
)
LESSONS = [path for path in NOTEBOOKS if path.parent.name == "notebooks"]
TAGS = {"nbval-ignore-output", "raises-exception"}
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=str)
each_lesson = pytest.mark.parametrize("path", LESSONS, ids=str)


def code_cells(path):
    return [cell for cell in nbformat.read(ROOT / path, as_version=4).cells if cell.cell_type == "code"]


def prose(path):
    cells = nbformat.read(ROOT / path, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


@each_notebook
def test_it_was_executed_from_top_to_bottom_without_an_error(path):
    cells = code_cells(path)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not [output for cell in cells for output in cell.outputs if output.output_type == "error"]
    assert not [output for cell in cells for output in cell.outputs if output.get("name") == "stderr"]


@each_notebook
def test_it_is_small_and_names_no_machine(path):
    text = (ROOT / path).read_text(encoding="utf-8")
    assert len(text) < 1_000_000
    assert not re.search(r"(?<![\w.])/(home|Users|root|tmp|work|opt)/\w", text)
    assert "widget-view" not in text  # a view without its kernel shows an error in JupyterLab


@each_notebook
def test_most_cells_are_compared(path):
    cells = code_cells(path)
    tags = [set(cell.metadata.get("tags", [])) for cell in cells]
    assert set().union(*tags) <= TAGS
    free = [
        cell
        for cell, tag in zip(cells, tags, strict=True)
        if "nbval-ignore-output" in tag and "expect(" not in cell.source
    ]
    assert len(free) <= len(cells) / 3


@each_notebook
def test_a_cell_holds_one_idea(path):
    longest = max(len([line for line in cell.source.splitlines() if line.strip()]) for cell in code_cells(path)[1:])
    assert longest <= 16  # about 12, and a little for a loop that would be worse apart


@each_lesson
def test_it_has_the_parts_of_a_lesson_in_order(path):
    text = prose(path)
    parts = ["**The question:**", "**Afterwards you can**", "**Time:**", "**Builds on:**", "## Predict", "## Measure"]
    parts += ["## Explain", "## Explore", "## Exercises", "## In your own code"]
    assert [part for part in parts if part not in text] == []
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    source = "\n".join(cell.source for cell in code_cells(path))
    assert source.count("predict(") >= 1 and source.count("expect(") >= 10 and source.count("explore_") >= 2
    assert len(re.findall(r"^\*\*\d\. .*\((easy|medium|hard), \d+ minutes\)", text, re.M)) >= 2


@each_lesson
def test_every_prediction_is_checked(path):
    source = "\n".join(cell.source for cell in code_cells(path))
    names = re.findall(r"^(\w+) = predict\(", source, re.M)
    assert names and all(f"{name}.check(" in source for name in names)


def said_by_checks(path, headings):
    """Return what the checks printed, by the number of the exercise that the text before them names."""
    said, number = {}, None
    for cell in nbformat.read(ROOT / path, as_version=4).cells:
        if cell.cell_type == "markdown":
            number = ([number] + re.findall(headings, cell.source, re.M))[-1]
        elif re.search(r"^check_\w+\(", cell.source, re.M):
            said[number] = said.get(number, "") + "".join(output.get("text", "") for output in cell.outputs)
    return said


@each_lesson
def test_an_exercise_refuses_the_stub_and_two_typical_slips_and_accepts_the_solution(path):
    asked = said_by_checks(path, r"^\*\*(\d)\. .*\((?:easy|medium|hard), \d+ minutes\)")
    solved = said_by_checks(path.parent / "solutions" / path.name, r"^\*\*(\d)\. ")
    assert len(asked) >= 2 and asked.keys() == solved.keys()
    for number, stub in asked.items():
        assert stub.strip() == "Not answered yet: replace the ... with your answer and run the cell again."
        assert solved[number].count("✓ Right.") >= 1
        assert solved[number].count("✗ Not yet. ") >= 2


@each_notebook
def test_figures_are_readable_at_half_size(path):
    for cell in code_cells(path):
        for output in cell.outputs:
            png = output.get("data", {}).get("image/png")
            if png:
                width, height = struct.unpack(">II", base64.b64decode(png)[16:24])
                assert 500 <= width <= 1300 and height <= 1300


def slides(path, folder, monkeypatch):
    """Return the page that `make slides` writes, with `folder` for the root of the project."""
    maker = tool("slides")
    monkeypatch.setattr(maker, "ROOT", folder)
    maker.make_slides(path)
    return (folder / "build" / "slides" / f"{path.stem}.html").read_text(encoding="utf-8")


def test_slides_show_a_figure_with_what_to_see_in_it_and_without_the_code_that_only_draws_it(tmp_path, monkeypatch):
    lesson = ROOT / "notebooks" / "02_momentum.ipynb"
    page = slides(lesson, tmp_path, monkeypatch)
    outputs = [output.get("data", {}) for cell in code_cells(lesson) for output in cell.outputs]
    drawn = [data["image/png"] for data in outputs if "image/png" in data]
    assert drawn and all(picture.replace("\n", "") in page.replace("\n", "") for picture in drawn)
    assert "expect" in page and "subplots" not in page
    assert page.count("<section") > 30
    explained = [slide for slide in page.split("<section") if "What to see" in slide]
    assert explained and all("image/png" in slide for slide in explained)


def test_slides_beside_a_copy_of_reveal_ask_nothing_of_the_network(tmp_path, monkeypatch):
    (tmp_path / "build" / "slides" / "node_modules").mkdir(parents=True)
    page = slides(ROOT / "notebooks" / "00_start_here.ipynb", tmp_path, monkeypatch)
    assert "node_modules/reveal.js/dist/reveal.js" in page and "node_modules/mathjax/MathJax.js" in page
    assert re.findall(r"<(?:script|link)[^>]*https?:|import \w+ from .http", page) == []
