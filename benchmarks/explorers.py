"""What a move of a slider takes, and what a thousand moves leave behind.

    python benchmarks/explorers.py

In a browser: from the press of an arrow key to the new picture on the screen, 50 moves; nothing else should run. In
process: the processor time of a move and, over 1,000 moves, the growth of the process and of the number of open
figures. Needs Chromium.
"""

import gc
import itertools
import statistics
import sys
import tempfile
import time
from pathlib import Path

import matplotlib.pyplot as plt
import psutil
import torch
from playwright.sync_api import sync_playwright

import lrcourse

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "browser"))
from lab import OPTIONS, Shown, chromium, run_all, started, write_notebook  # noqa: E402

MOVES, MANY, WARM_UP = 50, 1000, 100
RUN = """
import torch
model = lrcourse.SmallCNN()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
with lrcourse.record(model, optimizer) as trace:
    for _ in range(64):
        optimizer.zero_grad()
        model(torch.randn(8, 3, 32, 32)).square().mean().backward()
        optimizer.step()
"""
# The explorer, the label of a slider, the name of its control.
MEASURED = {
    "lrcourse.explore_schedule()": ("optimizer's lr", "lr"),
    "lrcourse.explore_adaptive()": ("lr", "lr"),
    "lrcourse.explore_two_clocks(trace)": ("optimizer step", "at"),
    "lrcourse.explore_descent()": ("lr", "lr"),
}
# Both ends in the page itself: the key as it comes in, and the frame after the new picture was decoded.
WATCH = """image => {
    window.moves = [];
    let pressed = 0;
    document.addEventListener("keydown", () => { pressed = performance.now(); }, true);
    new MutationObserver(async () => {
        await image.decode();
        requestAnimationFrame(() => window.moves.push(performance.now() - pressed));
    }).observe(image, {attributes: true, attributeFilter: ["src"]});
}"""


def in_browser() -> list[float]:
    """Return for each explorer the median over the moves, in ms."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        write_notebook(Path(folder) / "explorers.ipynb", ["import lrcourse", RUN, *MEASURED])
        with started(Path(folder), folder) as address:
            browser = playwright.chromium.launch(executable_path=chromium(playwright), args=OPTIONS)
            page = browser.new_page(viewport={"width": 1300, "height": 1000})
            run_all(page, address("explorers.ipynb"), seconds=120)
            medians = []
            for number, (label, _) in enumerate(MEASURED.values(), start=2):
                shown = Shown(page, number)
                shown.image.evaluate(WATCH)
                handle = shown.control(label).get_by_role("slider")
                for move in range(MOVES):
                    handle.press("ArrowLeft" if move < MOVES // 2 else "ArrowRight")
                    page.wait_for_function(f"() => window.moves.length > {move}")
                medians.append(statistics.median(page.evaluate("() => window.moves")))
            browser.close()
    return medians


def in_process(explorer: object, name: str) -> tuple[float, float, int]:
    """Return the median of a move in ms of processor time, the growth of the process in MB, and of open figures."""
    control = explorer.controls[name]
    logarithmic = hasattr(control, "base")
    places = [control.base ** (control.min + 0.05 * i) for i in range(20, 45)] if logarithmic else range(25)
    seconds, figures = [], len(plt.get_fignums())
    for move, place in enumerate(itertools.islice(itertools.cycle(places), WARM_UP + MANY)):
        if move == WARM_UP:
            gc.collect()
            before = psutil.Process().memory_info().rss
        begun = time.process_time()
        control.value = place
        seconds.append(time.process_time() - begun)
    gc.collect()
    grown = psutil.Process().memory_info().rss - before
    return 1000 * statistics.median(seconds), grown / 1e6, len(plt.get_fignums()) - figures


if __name__ == "__main__":
    torch.set_num_threads(2)
    names = {"lrcourse": lrcourse}
    exec(RUN, names)
    print(f"{'':36}{'in browser':>12}{'processor':>12}{f'{MANY} moves':>14}{'figures':>9}")
    for source, (_, name), shown in zip(MEASURED, MEASURED.values(), in_browser(), strict=True):
        median, grown, figures = in_process(eval(source, names), name)
        print(f"{source:36}{shown:9.0f} ms{median:9.0f} ms{grown:+11.1f} MB{figures:+9d}")
