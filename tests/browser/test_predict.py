"""A prediction is made by mouse or by keys, and the keys go on from there."""

import pytest
from lab import READY, complaints, run_all, write_notebook
from playwright.sync_api import expect

QUESTION, OTHER = "Is 1 < 2?", "Which is <larger> & which is not?"
SOURCES = [
    "from lrcourse import predict",
    f"question = predict({QUESTION!r}, ['yes', 'no', 'sometimes'])",
    "question.check('no')",
    f"other = predict({OTHER!r}, ['1', '2'])",
    "print('the end')",
]
ACTIVE = "() => window.jupyterapp.shell.currentWidget.content.activeCellIndex"
GO_TO = """at => {
    const notebook = window.jupyterapp.shell.currentWidget.content;
    notebook.activeCellIndex = at;
    notebook.mode = "command";
    notebook.activeCell.node.focus();
}"""
FOCUSED_TYPE = "() => document.activeElement.type"


@pytest.fixture
def opened(page, lab, folder, request):
    """A notebook of its own for each test, since a kernel keeps what was predicted."""
    name = f"{request.node.originalname}.ipynb"
    write_notebook(folder / name, SOURCES)
    assert complaints(run_all(page, lab(name), seconds=60)) == []
    page.get_by_role("radiogroup").nth(1).wait_for()
    return page


def cell(page, number):
    return page.locator(".jp-Notebook .jp-CodeCell").nth(number)


def go_on(page):
    page.keyboard.press("Shift+Enter")
    page.wait_for_function(f"({ACTIVE})() === 2")
    page.keyboard.press("Shift+Enter")


def test_after_a_click_shift_enter_goes_on(opened):
    choices = opened.get_by_role("radiogroup", name=QUESTION, exact=True)
    choices.get_by_role("radio", name="sometimes").click()
    cell(opened, 1).get_by_role("button", name="This is my prediction").click()
    expect(cell(opened, 1).get_by_role("status")).to_have_text(
        "✗ Measured: no. Read on to see why. So far you predicted 0 of 1."
    )
    expect(cell(opened, 1).get_by_role("status")).to_be_focused()
    go_on(opened)
    expect(cell(opened, 2)).to_contain_text("You predicted: sometimes")
    assert opened.evaluate(ACTIVE) == 3


def test_by_keys_alone_the_choices_are_reached_and_changed_and_shift_enter_goes_on(opened):
    opened.evaluate(GO_TO, 1)
    opened.keyboard.press("Control+Enter")
    opened.wait_for_function(READY)
    choices = opened.get_by_role("radiogroup", name=QUESTION, exact=True).get_by_role("radio")
    expect(choices).to_have_count(3)
    for _ in range(3):  # past the toolbar of the cell
        opened.keyboard.press("Tab")
        if opened.evaluate(FOCUSED_TYPE) == "radio":
            break
    opened.keyboard.press("Space")
    for key, at in (("ArrowDown", 1), ("ArrowRight", 2), ("ArrowUp", 1), ("ArrowLeft", 0), ("ArrowDown", 1)):
        opened.keyboard.press(key)
        expect(choices.nth(at)).to_be_checked()
        expect(choices.nth(at)).to_be_focused()
    opened.keyboard.type("ddbmx0")  # which insert, change and delete cells of JupyterLab
    assert opened.evaluate(ACTIVE) == 1 and opened.locator(".jp-Notebook .jp-CodeCell").count() == len(SOURCES)
    opened.keyboard.press("Tab")
    opened.keyboard.press("Enter")
    said = cell(opened, 1).get_by_role("status")
    expect(said).to_have_text("✓ You predicted what was measured. So far you predicted 1 of 1.")
    expect(said).to_be_focused()
    go_on(opened)
    expect(cell(opened, 2)).to_contain_text("You predicted it: no")


def test_a_click_with_nothing_chosen_is_answered(opened):
    commit = cell(opened, 3).get_by_role("button", name="This is my prediction")
    commit.click()
    expect(cell(opened, 3).get_by_role("status")).to_contain_text("Nothing is chosen yet.")
    expect(commit).to_be_focused()


def test_two_questions_are_two_groups(opened):
    first = opened.get_by_role("radiogroup", name=QUESTION, exact=True).get_by_role("radio", name="yes")
    second = opened.get_by_role("radiogroup", name=OTHER, exact=True).get_by_role("radio", name="2")
    first.check()
    second.check()
    expect(first).to_be_checked()
    expect(second).to_be_checked()
    assert {first.get_attribute("name"), second.get_attribute("name")}.isdisjoint({None, ""})
    assert first.get_attribute("name") != second.get_attribute("name")
