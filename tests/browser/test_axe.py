"""What axe-core, which finds what keeps people out of a page, says of ours: of what the course shows in JupyterLab."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from lab import complaints, run_all, write_notebook
from test_environment import ROOT

from lrcourse.desk.pages import overview, titled

SOURCES = [
    "import lrcourse\nfrom lrcourse.steps import Series, Trace\nfrom lrcourse.explorers.schedules import SCHEDULERS",
    "question = lrcourse.predict('Is 1 < 2?', ['yes', 'no'])",
    "answered = lrcourse.predict('Is 2 < 1?', ['yes', 'no'])\nanswered.commit('no'); answered._measured_now()",
    "answered.check('yes')",
    "lrcourse.explore_schedule(SCHEDULERS['OneCycleLR'])",
    "refused = lrcourse.explore_schedule(SCHEDULERS['OneCycleLR'])\nrefused.controls['total_steps'].value = 1\nrefused",
    "lrcourse.explore_adaptive()",
    "lrcourse.explore_descent()",
    "series = Series(factor=[[1] * 5] * 3, effective_lr=[[0.1] * 5] * 3, update_size=[0.2] * 3)\n"
    "lrcourse.explore_two_clocks(Trace('SGD', [1, 2, 3], [[0.1] * 3], {'0.weight': series}, series))",
]
OPEN = "window.jupyterapp.commands.execute('docmanager:open', {path: 'index.md', factory: 'Markdown Preview'});"
OURS = ".jp-Notebook .jp-OutputArea-output > .widget-vbox"  # not JupyterLab's own frame around it


def findings(page, what):
    """Return what is serious or critical of the nodes that a selector names."""
    found = Axe().run(page, {"include": [what]}).response["violations"]
    return [
        (rule["id"], node["html"])
        for rule in found
        for node in rule["nodes"]
        if node["impact"] in ("serious", "critical")
    ]


def set_theme(page, theme):
    page.evaluate(f"() => window.jupyterapp.commands.execute('apputils:change-theme', {{theme: 'JupyterLab {theme}'}})")
    page.wait_for_function(f"() => document.body.dataset.jpThemeLight === '{str(theme == 'Light').lower()}'")
    page.wait_for_timeout(500)  # the style sheet


@pytest.fixture(scope="module")
def opened(browser, lab, folder):
    write_notebook(folder / "axe.ipynb", SOURCES)
    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    assert complaints(run_all(page, lab("axe.ipynb"), seconds=60)) == []
    page.wait_for_function(f"() => document.querySelectorAll('{OURS}').length === 7")
    page.locator("img.widget-image").last.wait_for()
    yield page
    page.close()


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_nothing_keeps_anybody_from_predictions_and_explorers(opened, theme):
    set_theme(opened, theme)
    assert findings(opened, OURS) == []


def test_a_button_without_a_name_is_found(opened):
    opened.evaluate(f"() => document.querySelector('{OURS}').append(document.createElement('button'))")
    assert [rule for rule, _ in findings(opened, OURS)] == ["button-name"]


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_nothing_keeps_anybody_from_the_overview(page, lab, folder, theme):
    (folder / "index.md").write_bytes(overview(titled(ROOT), [], ["docs/glossary.md"], ["00_start_here.new.ipynb"], ""))
    page.goto(lab("index.md"))
    page.wait_for_function("() => window.jupyterapp?.shell.currentWidget?.title.label === 'index.md'")
    set_theme(page, theme)
    page.evaluate(f"() => {{ {OPEN} }}")
    page.locator(".jp-MarkdownViewer table").wait_for()
    assert findings(page, ".jp-MarkdownViewer .jp-RenderedMarkdown") == []
