"""Execute every notebook from a fresh kernel, in order, or make slides of them.

``html`` writes them as web pages to ``build/`` and leaves the notebooks alone; ``outputs`` writes what they
printed and drew back into them, on the data set that ``LRCOURSE_CIFAR10`` names, for committing. ``slides`` executes
nothing: it writes the lessons, with the outputs that are in them, as slide shows to ``build/slides/``.
"""

from __future__ import annotations

import argparse
import base64
import os
import re
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter, SlidesExporter
from tqdm import tqdm

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb")) + sorted((ROOT / "notebooks/solutions").glob("*.ipynb"))
SLIDE_LINES, LINE_PIXELS, PICTURE_PIXELS = 26, 31, 640
FIT = f".reveal .jp-OutputArea img {{ max-height: {PICTURE_PIXELS}px; width: auto; }}"  # a tall figure, on one slide
IMPORT = re.compile(r"\s*$|import |from |    |\)")
WIDGET = "application/vnd.jupyter.widget-view+json"


def execute(path: Path) -> nbformat.NotebookNode:
    notebook = nbformat.read(path, as_version=4)
    where = {"metadata": {"path": str(path.parent)}}
    quiet = ["--IPKernelApp.log_level=ERROR"]  # ipykernel warns that its local sockets are not encrypted
    NotebookClient(notebook, timeout=600, kernel_name="python3", resources=where, extra_arguments=quiet).execute()
    return notebook


def clean(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Leave out what differs from run to run or needs a live kernel, so that a diff shows what changed."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET, None)
    return notebook


def make_slides(path: Path) -> None:
    """Write a lesson as a reveal.js slide show. A slide type set in a cell's metadata stands."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = [part for cell in notebook.cells for part in split(cell)]
    used = 0
    for cell in notebook.cells:
        if len(cell.source.splitlines()) > 5 and any("image/png" in data for data in shown(cell)):
            cell.metadata.transient = {"remove_source": True}  # a figure needs the place more than its code
        height = lines(cell)
        if cell.source.startswith(("# ", "## ")):
            kind, used = "slide", 0
        elif cell.cell_type == "code" and all(IMPORT.match(line) for line in cell.source.splitlines()):
            kind, height = "skip", 0
        elif cell.source.startswith("### ") or used + height > SLIDE_LINES:
            kind, used = "subslide", 0
        else:
            kind = "-"
        used += height
        cell.metadata.setdefault("slideshow", {"slide_type": kind})
    page = ROOT / "build" / "slides" / f"{path.stem}.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    exporter = SlidesExporter(
        reveal_scroll=True, reveal_width="1300", reveal_height="850", reveal_transition="none", reveal_number="c/t"
    )
    show = exporter.from_notebook_node(notebook)[0]
    page.write_text(show.replace("</head>", f"<style>{FIT}</style></head>", 1), encoding="utf-8")
    print(page.relative_to(ROOT))


def split(cell: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """Part a text before its headings, so that what ends one section is not on the first slide of the next."""
    if cell.cell_type != "markdown":
        return [cell]
    parts = [part for part in re.split(r"^(?=## )", cell.source, flags=re.MULTILINE) if part]
    return [nbformat.from_dict({**cell, "id": f"{cell.id}-{i}", "source": part}) for i, part in enumerate(parts)]


def lines(cell: nbformat.NotebookNode) -> int:
    """Return about how many lines of a slide a cell takes."""
    count = 0 if "transient" in cell.metadata else sum(1 + len(line) // 100 for line in cell.source.splitlines())
    for data in shown(cell):
        if "image/png" in data:
            height = int.from_bytes(base64.b64decode(data["image/png"])[20:24])  # where PNG has it
            count += min(height, PICTURE_PIXELS) // LINE_PIXELS
        else:
            count += len(data.get("text/plain", "").splitlines())
    return count + 1


def shown(cell: nbformat.NotebookNode) -> list[dict[str, str]]:
    """Return what a cell's outputs hold, by MIME type."""
    return [output.get("data") or {"text/plain": output.get("text", "")} for output in cell.get("outputs", [])]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("to", choices=["html", "outputs", "slides"])
    parser.add_argument("names", nargs="*", help="only notebooks whose names begin so, such as 05")
    arguments = parser.parse_args()
    to, chosen = arguments.to, [p for p in NOTEBOOKS if p.name.startswith(tuple(arguments.names) or "")]
    if to == "slides":
        for path in chosen:
            if path.parent.name == "notebooks":
                make_slides(path)
        return 0
    os.environ["LRCOURSE_PROGRESS"] = "0"
    if to == "outputs" and "LRCOURSE_CIFAR10" not in os.environ:
        print("The outputs are made on real CIFAR-10: set LRCOURSE_CIFAR10 to it.", file=sys.stderr)
        return 1
    failed = False
    for path in (progress := tqdm(chosen, unit="notebook")):
        name = path.relative_to(ROOT / "notebooks")
        progress.set_description(str(name))
        started = time.perf_counter()
        try:
            notebook = execute(path)
        except CellExecutionError as error:
            failed = True
            progress.write(f"{name} FAILED\n{error}")
            continue
        if to == "outputs":
            nbformat.write(clean(notebook), path)
        else:
            page = (ROOT / "build" / name).with_suffix(".html")
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(HTMLExporter().from_notebook_node(notebook)[0], encoding="utf-8")
        progress.write(f"{name}  {time.perf_counter() - started:.0f} s")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
