"""What is drawn is seen whole on a small screen; each control is named and reached, by mouse and by keys."""

import re

import pytest
from lab import IMAGE, SECONDS, Shown, complaints, run_all, write_notebook
from playwright.sync_api import expect

from lrcourse.explorers.schedules import SCHEDULERS

RUN = """
import matplotlib.pyplot as plt
from lrcourse import plot_lr, plot_step, plot_trace, plot_two_clocks
from lrcourse import explore_adaptive, explore_descent, explore_schedule, explore_two_clocks
from lrcourse.explorers.schedules import SCHEDULERS
from lrcourse.steps import Series, Trace
steps = range(1, 10_001)
lrs = [1 / step for step in steps]
series = Series(factor=[[1.0] * 5] * 10_000, effective_lr=[[lr] * 5 for lr in lrs], update_size=lrs)
trace = Trace("SGD", [*steps], [lrs], {f"{i}.weight": series for i in range(12)}, series)
"""
OTHERS = ["explore_adaptive()", "explore_descent()", "explore_two_clocks(trace)"]
EXPLORERS = [*(f"explore_schedule(SCHEDULERS[{name!r}])" for name in SCHEDULERS), *OTHERS]
FIGURES = ["plot_lr(lrs[:50])", "plot_trace(trace)", "plot_two_clocks(trace)", "plot_step(trace, 0)"]
SMALL = {"width": 1280, "height": 720}
SCROLLS = """explorer => [explorer, ...explorer.querySelectorAll("*")].filter(one =>
    (one.scrollHeight > one.clientHeight + 1 && /auto|scroll/.test(getComputedStyle(one).overflowY)) ||
    (one.scrollWidth > one.clientWidth + 1 && /auto|scroll/.test(getComputedStyle(one).overflowX))
).map(one => one.className)"""
CUT_OFF = "explorer => [...explorer.querySelectorAll('label, button')].filter(one => one.scrollWidth > one.clientWidth)"
# What has the focus, as long as it is within the explorer.
FOCUSED = """explorer => {
    const at = document.activeElement;
    return explorer.contains(at) && (at.getAttribute("aria-label") || at.labels?.[0].textContent);
}"""
expect.set_options(timeout=1000 * SECONDS)


@pytest.fixture(scope="module")
def opened(browser, lab, folder):
    write_notebook(folder / "reach.ipynb", [RUN, *EXPLORERS, *(f"{figure}\nplt.show()" for figure in FIGURES)])
    page = browser.new_page(viewport=SMALL)
    assert complaints(run_all(page, lab("reach.ipynb"), seconds=120)) == []
    page.wait_for_function(f"document.querySelectorAll('{IMAGE}[alt]').length === {len(EXPLORERS)}")
    yield page
    page.close()


@pytest.fixture
def shown(opened):
    return {source: Shown(opened, 1 + i) for i, source in enumerate(EXPLORERS)}


@pytest.mark.parametrize("source", EXPLORERS)
def test_it_is_seen_whole_on_a_small_screen(shown, opened, source):
    explorer = shown[source].root.locator(".widget-vbox").first
    explorer.evaluate("explorer => explorer.scrollIntoView()")
    expect(explorer).to_be_in_viewport(ratio=0.99)
    assert explorer.evaluate(SCROLLS) == []
    assert explorer.evaluate(f"explorer => ({CUT_OFF})(explorer).map(one => one.textContent)") == []


@pytest.mark.parametrize("source", FIGURES)
def test_a_figure_leaves_room_for_the_text_that_says_what_to_see(opened, source):
    figure = opened.locator(".jp-Notebook .jp-CodeCell").nth(1 + len(EXPLORERS) + FIGURES.index(source)).locator("img")
    seen = opened.locator(".jp-WindowedPanel-outer").first.bounding_box()["height"]
    assert figure.bounding_box()["height"] <= 0.85 * seen


def test_a_number_that_was_typed_is_drawn_when_the_field_is_left(shown, opened):
    explorer = shown["explore_two_clocks(trace)"]
    field = explorer.readout("optimizer step")
    for typed, leave, at in (("320", "Enter", 320), ("9999", "Tab", 9999), ("2", "Shift+Tab", 2), ("12.7", "Tab", 12)):
        field.fill(typed)
        field.press(leave)
        expect(explorer.note).to_have_text(re.compile(f"^step {at}: "))
        expect(field).to_have_text(str(at))
    field.fill("no number")
    explorer.image.click()
    expect(field).to_have_text("12")


def test_by_mouse_each_step_of_a_long_run_is_reached(shown):
    explorer = shown["explore_two_clocks(trace)"]
    bar = explorer.control("optimizer step").locator(".noUi-base").bounding_box()
    explorer.page.mouse.click(bar["x"] + bar["width"] / 2, bar["y"] + bar["height"] / 2)
    expect(explorer.note).to_have_text(re.compile(r"^step (4[89]|50|51)\d\d: "))
    at = int(explorer.readout("optimizer step").inner_text())
    for name, steps in (("one back", (at - 1, at - 2, at - 3)), ("one on", (at - 2, at - 1, at, at + 1))):
        for step in steps:
            explorer.root.get_by_role("button", name=name).click()
            expect(explorer.note).to_have_text(re.compile(f"^step {step}: "))


def test_what_diverges_is_told_in_words(shown):
    explorer = shown["explore_descent()"]
    explorer.readout("lr").fill("1")
    explorer.readout("lr").press("Tab")
    expect(explorer.note).to_contain_text(re.compile(r"SGD \S+ \(diverges: leaves the picture in step 1\)"))


def test_the_tab_key_leads_to_each_control_once_and_on(shown, opened):
    explorer = shown["explore_descent()"]
    explorer.root.get_by_role("combobox", name="surface").focus()
    seen = []
    while (name := explorer.root.evaluate(FOCUSED)) and len(seen) < 20:
        seen.append(name)
        opened.keyboard.press("Tab")
    number = "{}, as a number".format
    sliders = ["lr", number("lr"), "momentum, beta1", number("momentum, beta1")]
    assert seen == ["surface", "schedule", *sliders, "SGD", "SGD with momentum", "RMSprop", "Adam"]


def test_keys_stay_in_the_list_that_has_the_focus(shown, opened):
    explorer = shown["explore_descent()"]
    count = opened.locator(".jp-Notebook .jp-Cell").count()
    surface = explorer.root.get_by_role("combobox", name="surface")
    surface.focus()
    surface.press("ArrowDown")
    expect(surface).to_have_value("turned valley")
    for key in "aabbddxcm":  # which insert, delete, cut and change cells of JupyterLab
        surface.press(key)
    expect(surface).to_be_focused()
    assert opened.locator(".jp-Notebook .jp-Cell").count() == count
    surface.select_option("valley")


def test_an_optimizer_is_left_out_by_a_click(shown):
    explorer = shown["explore_descent()"]
    momentum = explorer.root.get_by_role("checkbox", name="SGD with momentum")
    momentum.uncheck()
    expect(explorer.note).not_to_contain_text("momentum")
    expect(explorer.note).to_contain_text("RMSprop")
    momentum.check()
    expect(explorer.note).to_contain_text("momentum")


def test_a_slider_is_read_out_as_it_is_shown(shown):
    explorer = shown["explore_adaptive()"]
    for name, text in (("lr", "0.010"), ("beta1", "0.90"), ("beta2, alpha", "0.99"), ("eps", "1.0e-8")):
        expect(explorer.root.get_by_role("slider", name=name, exact=True)).to_have_attribute("aria-valuetext", text)
    explorer.press("beta2, alpha", "ArrowRight")
    slider = explorer.root.get_by_role("slider", name="beta2, alpha", exact=True)
    expect(slider).to_have_attribute("aria-valuetext", "0.992")
    explorer.press("beta2, alpha", "ArrowLeft")
