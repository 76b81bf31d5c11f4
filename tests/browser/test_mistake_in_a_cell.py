"""What a learner sees whose answer stops with an error: a sentence about it, and then the lines that lead there."""

from lab import READY, write_notebook
from playwright.sync_api import expect

BROKEN = """def my_effective_lr(optimizer, param):
    return helper(optimizer) / param.grad
check_effective_lr(my_effective_lr)"""
SOURCES = [
    "from lrcourse.lessons import check_effective_lr, check_number",
    "def helper(optimizer):\n    return optimizer.lr",
    BROKEN,
    "check_number(lambda: 3, lambda: 3)",
    "answer = anwser\ncheck_number(answer, lambda: 3)",
    "print('on')",
]


def seen(page, lab, folder):
    """Return what stands below each cell after all were run by Shift+Enter, whatever went wrong in one."""
    write_notebook(folder / "mistakes.ipynb", SOURCES)
    page.goto(lab("mistakes.ipynb"))
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    page.wait_for_function(READY)
    cells = page.locator(".jp-Notebook .jp-CodeCell")
    for i in range(len(SOURCES)):
        cells.nth(i).locator(".cm-content").click()
        page.keyboard.press("Shift+Enter")
        expect(cells.nth(i).locator(".jp-InputPrompt")).to_have_text(f"[{i + 1}]:", timeout=60_000)
    expect(cells.nth(5)).to_contain_text("on")
    return [cells.nth(i).locator(".jp-OutputArea").first.inner_text() for i in range(len(SOURCES))]


def test_a_sentence_comes_first_and_then_the_learners_own_lines(page, lab, folder):
    *_, broken, no_number, before, _ = seen(page, lab, folder)
    sentence, then, *lines = [line.strip() for line in broken.strip().splitlines()]
    assert sentence == "✗ Not yet. Your code stops with AttributeError: 'RMSprop' object has no attribute 'lr'"
    assert then == "Your lines that lead there:"
    code = [line for line in lines if "^" not in line and "~" not in line]
    assert code == [
        "Cell In[3], line 2, in my_effective_lr",
        "return helper(optimizer) / param.grad",
        "Cell In[2], line 2, in helper",
        "return optimizer.lr",
    ]
    assert no_number.strip().startswith("✗ Not yet. Give a number; <function <lambda>")
    # Before the check, which knows nothing of it, it is Python's own.
    assert "----> 1 answer = anwser" in before and "lrcourse" not in before
    assert before.strip().endswith("NameError: name 'anwser' is not defined")
