"""Execute every notebook from a fresh kernel, in order.

``html`` writes them as web pages to ``build/`` and leaves the notebooks alone; ``outputs`` writes what they
printed and drew back into them, on the data set that ``LRCOURSE_CIFAR10`` names, for committing.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter
from tqdm import tqdm

from lrcourse.base import setting, settle

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb")) + sorted((ROOT / "notebooks/solutions").glob("*.ipynb"))
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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("to", choices=["html", "outputs"])
    parser.add_argument("names", nargs="*", help="only notebooks whose names begin so, such as 05")
    arguments = parser.parse_args()
    to, chosen = arguments.to, [p for p in NOTEBOOKS if p.name.startswith(tuple(arguments.names) or "")]
    settle()  # as in the tests
    if to == "outputs" and not setting("LRCOURSE_CIFAR10"):
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
