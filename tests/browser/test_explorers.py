"""What a person sees who turns the knobs."""

import re

import pytest
from lab import IMAGE, SECONDS, Shown, complaints, run_all, write_notebook
from playwright.sync_api import expect
from torch.optim.lr_scheduler import OneCycleLR, StepLR

import lrcourse
from lrcourse import simulate

RUN = """
import copy
import torch
from torch.optim.lr_scheduler import OneCycleLR, StepLR
torch.manual_seed(0)
torch.set_num_threads(1)
model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
scheduler = StepLR(optimizer, 4)
with record(model, optimizer) as trace:
    for _ in range(12):
        optimizer.zero_grad()
        model(torch.randn(8, 4)).square().mean().backward()
        optimizer.step()
        scheduler.step()
every_tenth, a_single_step = copy.deepcopy(trace), copy.deepcopy(trace)
every_tenth.step = [501 + 10 * i for i in range(12)]
for _ in range(4):
    a_single_step.thin()
"""
HERE = {name: getattr(lrcourse, name) for name in ("record", *(n for n in lrcourse.__all__ if "explore" in n))}
EXPLORERS = [
    "explore_schedule(StepLR, lr=0.1)",
    "explore_schedule(OneCycleLR, lr=0.1)",
    "explore_adaptive([1.0, -2.0, 0.5, 0.0, 3.0])",
    "explore_descent()",
    "explore_two_clocks(trace)",
    "explore_schedule(StepLR, lr=12.5, steps=500)",
    "explore_two_clocks(every_tenth)",
    "explore_two_clocks(a_single_step)",
]
PREDICT = ["question = predict('Is 1 < 2?', ['yes', 'no'])", "question.check('yes')"]
SOURCES = ["from lrcourse import *", RUN, *EXPLORERS, *PREDICT]
# The explorer, the label of a slider, the name of its control, the key, the readout and value that it leads to.
MOVES = [
    (0, "gamma", "gamma", "ArrowRight", "0.11", 0.11),
    (0, "optimizer's lr", "lr", "ArrowLeft", "0.089", 10**-1.05),
    (2, "beta1", "beta1", "ArrowLeft", "0.89", 0.89),
    (3, "lr", "lr", "ArrowRight", "0.056", 10**-1.25),
    (4, "optimizer step", "at", "ArrowLeft", "11", 11),
]
# The explorer, the label of a slider, the name of its control, what is typed into its readout, and what that shows
# then, which is the nearest place of the slider.
TYPED = [
    (4, "optimizer step", "at", "5", "5"),
    (4, "optimizer step", "at", "99", "12"),
    (0, "gamma", "gamma", "0.123", "0.12"),
    (0, "optimizer's lr", "lr", "0.0777", "0.079"),
    (5, "optimizer's lr", "lr", "0.5", "0.498"),
    (6, "optimizer step", "at", "514", "511"),
]
CONTRAST = """label => {
    const parse = text => text.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
        .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    let behind = label, colour = null;
    for (; behind; behind = behind.parentElement) {
        colour = parse(getComputedStyle(behind).backgroundColor);
        if (colour.length === 3 || colour[3] > 0) break;
    }
    const [a, b] = [light(parse(getComputedStyle(label).color)), light(colour)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
}"""


expect.set_options(timeout=1000 * SECONDS)


@pytest.fixture(scope="module")
def opened(browser, lab, folder):
    """One page with all explorers."""
    write_notebook(folder / "explorers.ipynb", SOURCES)
    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    cells = run_all(page, lab("explorers.ipynb"), seconds=120)
    assert complaints(cells) == []
    page.wait_for_function(f"document.querySelectorAll('{IMAGE}').length === {len(EXPLORERS)}")
    yield page
    page.close()


@pytest.fixture
def shown(opened):
    return [Shown(opened, 2 + i) for i in range(len(EXPLORERS))]


@pytest.fixture(scope="module")
def here():
    """The same explorers in this process."""
    names = {**HERE, "StepLR": StepLR, "OneCycleLR": OneCycleLR}
    exec(RUN, names)
    return [eval(source, names) for source in EXPLORERS]


@pytest.mark.parametrize("number", range(len(EXPLORERS)), ids=EXPLORERS)
def test_it_appears_as_it_is_drawn_without_a_browser(shown, here, number):
    shown[number].wait_for_picture(here[number]._picture.value)
    assert shown[number].root.get_by_text("javascript error").count() == 0


@pytest.mark.parametrize(("number", "label", "name", "key", "readout", "value"), MOVES)
def test_an_arrow_key_moves_slider_readout_and_picture(shown, here, number, label, name, key, readout, value):
    back = {"ArrowLeft": "ArrowRight", "ArrowRight": "ArrowLeft"}[key]
    before = shown[number].picture()
    shown[number].press(label, key)
    expect(shown[number].readout(label)).to_have_text(readout)
    was, here[number].controls[name].value = here[number].controls[name].value, value
    assert here[number]._picture.value != before
    shown[number].wait_for_picture(here[number]._picture.value)
    shown[number].press(label, back)
    here[number].controls[name].value = was
    shown[number].wait_for_picture(before)


@pytest.mark.parametrize(("number", "label", "name", "typed", "readout"), TYPED)
def test_what_is_typed_into_a_readout_is_what_is_drawn_or_the_readout_goes_back(
    shown, here, number, label, name, typed, readout
):
    control, field = here[number].controls[name], shown[number].readout(label)
    was, before = control.value, field.inner_text()
    for text, at_last in ((typed, readout), (before, before)):
        field.fill(text)
        field.press("Enter")
        expect(field).to_have_text(at_last)
        control.value = type(was)(at_last)
        shown[number].wait_for_picture(here[number]._picture.value)
    assert control.value == pytest.approx(was)


def test_a_slider_that_was_given_more_than_it_usually_holds_stands_there(shown):
    expect(shown[5].readout("optimizer's lr")).to_have_text("12.5")
    expect(shown[5].note).to_have_text(re.compile(r"# lr 12.5 in step 1,"))
    expect(shown[6].readout("optimizer step")).to_have_text("611")
    expect(shown[7].readout("optimizer step")).to_have_text("1")


def test_the_call_that_is_shown_gives_the_curve_that_is_shown(shown):
    call = "StepLR(optimizer, step_size=11, gamma=0.1)"
    shown[0].press("step_size", "ArrowRight")
    lrs = simulate(lambda optimizer: eval(call, {"StepLR": StepLR, "optimizer": optimizer}), 50, lr=0.1)
    expect(shown[0].note).to_have_text(f"{call} # lr 0.1 in step 1, {lrs[-1]:.4g} in step 50, at most 0.1")


def test_of_moves_that_come_faster_than_pictures_the_last_wins(shown, here):
    shown[3].press("momentum, beta1", "ArrowLeft", times=12)
    here[3].controls["beta1"].value = 0.78
    expect(shown[3].readout("momentum, beta1")).to_have_text("0.78")
    shown[3].wait_for_picture(here[3]._picture.value)


def test_a_wrong_combination_is_refused_in_the_words_of_torch(shown):
    before = shown[1].picture()
    shown[1].press("total_steps", "ArrowLeft")
    words = r"^Not possible. ValueError: Tried to step 50 times. .* 49"
    expect(shown[1].note).to_have_text(re.compile(words))
    assert shown[1].picture() == before
    shown[1].press("total_steps", "ArrowRight")
    expect(shown[1].note).to_have_text(re.compile(r"^OneCycleLR\("))
    shown[1].wait_for_picture(before)


def test_a_scheduler_is_chosen_by_keyboard_and_the_focus_stays(shown, opened):
    shown[0].control("scheduler").locator("select").focus()
    for key in ("Space", "ArrowDown", "Enter"):  # without Space, JupyterLab takes the arrow for its own
        opened.keyboard.press(key)
    expect(shown[0].note).to_have_text(re.compile(r"^SWALR\("))
    assert opened.evaluate("() => document.activeElement.selectedOptions?.[0].text") == "SWALR"


def test_two_schedulers_are_joined(shown):
    shown[1].control("and a second").locator("select").select_option("CosineAnnealingLR")
    expect(shown[1].note).to_have_text(re.compile(r"^SequentialLR\(\s*optimizer,\s*\[OneCycleLR\(optimizer, "))
    expect(shown[1].readout("2nd: T_max")).to_have_text("30")
    expect(shown[1].readout("milestone")).to_have_text("20")


def test_a_run_is_played(shown):
    shown[4].root.locator(".widget-play button").first.press("Enter")
    expect(shown[4].note).to_have_text(re.compile(r"^step (?!12:)"))
    expect(shown[4].note).to_have_text(re.compile(r"^step 12: base lr"))
    expect(shown[4].readout("optimizer step")).to_have_text("12")


def test_a_prediction_is_made_by_keyboard_and_kept(opened):
    cell = opened.locator(".jp-Notebook .jp-CodeCell").nth(len(SOURCES) - 2)
    assert "It is measured already" in cell.locator("[role=status]").inner_text()
    cell.get_by_role("radio").first.press("Space")
    cell.get_by_role("button", name="This is my prediction").press("Enter")
    said = "✓ You predicted what was measured. So far you predicted 1 of 1."
    cell.get_by_text(said).wait_for()
    cell.locator(".cm-content").press("Control+Enter")
    opened.wait_for_timeout(500)
    cell.get_by_text(said).wait_for()
    assert cell.get_by_role("radio").first.is_checked() and cell.get_by_role("radio").first.is_disabled()


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_labels_can_be_read(shown, opened, theme):
    opened.evaluate(
        f"() => window.jupyterapp.commands.execute('apputils:change-theme', {{theme: 'JupyterLab {theme}'}})"
    )
    opened.wait_for_function(f"() => document.body.dataset.jpThemeLight === '{str(theme == 'Light').lower()}'")
    opened.wait_for_timeout(500)  # the style sheet
    for explorer in shown:
        labels = explorer.root.locator(".widget-label:visible, .widget-readout:visible, code:visible")
        assert labels.count() >= 3
        for label in labels.all():
            assert label.evaluate(CONTRAST) >= 4.5, label.inner_text()  # WCAG 2, level AA


def test_nothing_is_left_behind_in_the_page(opened):
    assert opened.locator(".jp-OutputArea-output[data-mime-type*=stderr], .jp-RenderedError").count() == 0
    assert opened.locator(IMAGE).count() == len(EXPLORERS)
