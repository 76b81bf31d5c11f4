"""Write the lessons, with the outputs that are in them, as slide shows to ``build/slides/``. Nothing is executed.

    python tools/slides.py 05       only lessons whose names begin so

A figure stands on the slide that says what to see in it. Where a slide ends is found from estimates of heights.
"""

from __future__ import annotations

import base64
import re
import struct
import sys
from itertools import pairwise
from pathlib import Path

import nbformat
from nbconvert import SlidesExporter

ROOT = Path(__file__).resolve().parent.parent
SLIDE_PIXELS, PICTURE_PIXELS = 820, (480, 640)  # a slide is 850 high: the heights are estimates
STYLE = """<style>
:root { --jp-code-font-size: 17px; }
.reveal h1, .reveal h2, .reveal h3 { text-transform: none; }
.reveal .slides section section { max-height: 850px; overflow-y: auto; padding: 0; }
.reveal .jp-OutputArea img { max-width: 100%; margin: 0; }
</style></head>"""
LOCAL = {  # without network: npm install --prefix build/slides reveal.js@4.0.2 mathjax@2.7.7 requirejs@2.3.8
    "reveal_url_prefix": "node_modules/reveal.js",
    "mathjax_url": "node_modules/mathjax/MathJax.js?config=TeX-AMS_CHTML-full,Safe",
    "require_js_url": "node_modules/requirejs/require.js",
}
IMPORT = re.compile(r"\s*$|import |from |    |\)")


def make_slides(path: Path) -> None:
    """Write a lesson as a reveal.js slide show. A slide type set in a cell's metadata stands."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = [part for cell in notebook.cells for part in split(cell) if not needless(part)]
    for cell in notebook.cells:
        if has_picture(cell) and (len(cell.source.splitlines()) > 5 or pixels(cell) > SLIDE_PIXELS - 300):
            cell.metadata.transient = {"remove_source": True}  # a figure needs the place more than its code
    starts = breaks(notebook.cells)
    for i, cell in enumerate(notebook.cells):
        kind = "slide" if level(cell) in (1, 2) else "subslide" if i in starts else "-"
        cell.metadata.setdefault("slideshow", {"slide_type": kind})
    for start, end in pairwise([*sorted(starts), len(notebook.cells)]):
        shrink_pictures(notebook.cells[start:end])
    page = ROOT / "build" / "slides" / f"{path.stem}.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    local = LOCAL if (page.parent / "node_modules").is_dir() else {}
    exporter = SlidesExporter(
        reveal_theme="white",  # with its font, not one from the network
        reveal_width="1300",
        reveal_height="850",
        reveal_transition="none",
        reveal_number="c/t",
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        jquery_url="data:text/javascript,",  # nbconvert would load it, and mermaid, from the network for nothing
        mermaid_js_url="data:text/javascript,export default { initialize() {} }",
        **local,
    )
    show = exporter.from_notebook_node(notebook)[0]
    show = show.replace("automatic: true", "automatic: false")  # else MathJax breaks formulas in tables at every sign
    page.write_text(show.replace("</head>", STYLE, 1), encoding="utf-8")
    print(page.relative_to(ROOT))


def split(cell: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """Part a text before its headings, and before the words on a figure, so that each is on the slide it is about."""
    if cell.cell_type != "markdown":
        return [cell]
    before = r"^(?=## |### |\*\*What to see)" if pixels(cell) <= SLIDE_PIXELS else r"(?<=\n\n)"
    parts = [part.strip() for part in re.split(before, cell.source, flags=re.MULTILINE) if part.strip()]
    if len(parts) > 1 and heading_only(parts[0]):
        parts[:2] = ["\n\n".join(parts[:2])]
    return [nbformat.from_dict({**cell, "id": f"{cell.id}-{i}", "source": part}) for i, part in enumerate(parts)]


def needless(cell: nbformat.NotebookNode) -> bool:
    """Tell whether a cell says nothing in a show: it only imports, or leads to the solutions."""
    if cell.cell_type == "markdown":
        return "The solutions are in [" in cell.source
    return all(IMPORT.match(line) for line in cell.source.splitlines())


def breaks(cells: list[nbformat.NotebookNode]) -> set[int]:
    """Return which cells begin a slide: headings, and where a slide is full, but not within what belongs together."""
    starts, start = set(), 0
    for i, cell in enumerate(cells):
        if level(cell) and not (i and level(cells[i - 1]) and heading_only(cells[i - 1].source)):
            start = i
        elif pixels(*cells[start : i + 1]) > SLIDE_PIXELS:
            full, start = start, i
            last_words = cell.cell_type == "markdown" and (i + 1 == len(cells) or level(cells[i + 1]))
            for first in range(i - 1, full, -1):
                together = belong(cells[first], cells[first + 1]) or (last_words and first == i - 1)
                if not together or pixels(*cells[first : i + 1]) > SLIDE_PIXELS:
                    break
                start = first
        starts.add(start)
    return starts


def level(cell: nbformat.NotebookNode) -> int:
    """Return the level of the heading that a cell begins with, or 0."""
    return len(re.match("#*", cell.source)[0]) if cell.cell_type == "markdown" else 0


def heading_only(text: str) -> bool:
    return text.startswith("#") and "\n" not in text


def belong(first: nbformat.NotebookNode, second: nbformat.NotebookNode) -> bool:
    """Tell whether a text leads to a cell, or says what to see in the figure before it."""
    if first.source.startswith("**What to see") or second.source.startswith("**What to see"):
        return has_picture(first) or has_picture(second)
    return first.cell_type == "markdown"


def shrink_pictures(cells: list[nbformat.NotebookNode]) -> None:
    """Give a figure the height that the rest of its slide leaves."""
    room = SLIDE_PIXELS - pixels(*cells) + PICTURE_PIXELS[0]
    for cell in cells:
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                width, height = picture_size(output.data)
                limit = min(max(room, PICTURE_PIXELS[0]), PICTURE_PIXELS[1])
                output.metadata["image/png"] = {"width": width * min(height, limit) // height}


def pixels(*cells: nbformat.NotebookNode) -> int:
    """Return about how high cells are on a slide, with a tall figure as small as it may become."""
    return sum(map(cell_pixels, cells))


def cell_pixels(cell: nbformat.NotebookNode) -> int:
    if cell.cell_type == "markdown":
        return sum(map(text_pixels, re.split(r"\n\n+", cell.source)))
    height = 0 if "transient" in cell.metadata else 24 + 22 * len(cell.source.splitlines())
    for data in shown(cell):
        if "image/png" in data:
            height += 40 + min(picture_size(data)[1], PICTURE_PIXELS[0])
        else:
            height += 24 + 22 * len(data.get("text/plain", "").splitlines())
    return height


def text_pixels(paragraph: str) -> int:
    """Return about how high a paragraph, a list, a table, a heading or a formula is."""
    if paragraph.startswith(("#", "$$")):
        return 80
    if paragraph.startswith("|"):
        return 40 + 35 * paragraph.count("\n")
    if paragraph.startswith("```"):
        return 30 + 22 * paragraph.count("\n")
    lines = re.sub(r"\n(?! *[-*\d])", " ", re.sub(r"\\\w+|\]\(.*?\)|[$*`{}]", "", paragraph)).splitlines()
    return 24 + 27 * sum(1 + len(line) // 120 for line in lines)


def picture_size(data: dict[str, str]) -> tuple[int, int]:
    return struct.unpack(">II", base64.b64decode(data["image/png"])[16:24])  # where PNG has it


def has_picture(cell: nbformat.NotebookNode) -> bool:
    return any("image/png" in data for data in shown(cell))


def shown(cell: nbformat.NotebookNode) -> list[dict[str, str]]:
    """Return what a cell's outputs hold, by MIME type."""
    return [output.get("data") or {"text/plain": output.get("text", "")} for output in cell.get("outputs", [])]


def main() -> None:
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        if path.name.startswith(tuple(sys.argv[1:]) or ""):
            make_slides(path)


if __name__ == "__main__":
    main()
