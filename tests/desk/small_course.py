"""A small course, and what a learner does with a copy of it."""

import json

TABLE = "| [{name}](notebooks/{name}.ipynb) | what is {name}? | 45 |\n"
NAMES = ("00_start", "01_rate", "02_clocks")


def cells(name, text="first"):
    return [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": [f"# {name[:2]} · {name[3:]}\n", "\n", text]},
        {
            "cell_type": "code",
            "id": "b",
            "metadata": {},
            "source": f"p = predict('why {name}?', ['yes', 'no'])",
            "outputs": [{"output_type": "stream", "name": "stdout", "text": ["You made\n", "no prediction"]}],
            "execution_count": 7,
        },
        {
            "cell_type": "code",
            "id": "c",
            "metadata": {},
            "source": ["answer = ...\n", "check_number(answer,\n", f"  {len(name)})"],
            "outputs": [],
            "execution_count": 8,
        },
        {
            "cell_type": "markdown",
            "id": "d",
            "metadata": {},
            "source": f"See [s](solutions/{name}.ipynb) and [g](../docs/glossary.md#lr), not [x](../tools/x.py).",
        },
    ]


def write_notebook(path, cells):
    path.parent.mkdir(parents=True, exist_ok=True)
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    path.write_text(json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))


def write_lesson(course, name, text="first"):
    """Write a lesson of the course, or another version of it."""
    write_notebook(course / "notebooks" / f"{name}.ipynb", cells(name, text))


def make_course(course):
    for name in NAMES:
        write_lesson(course, name)
        write_notebook(course / "notebooks/solutions" / f"{name}.ipynb", cells(name, "solved")[:1])
    (course / "notebooks/results").mkdir()
    (course / "notebooks/results/10.csv").write_text("lr,loss\n")
    (course / "docs").mkdir()
    (course / "docs/glossary.md").write_text("[back](../notebooks/00_start.ipynb#x), [p](curve.svg), [l](../x.md)")
    (course / "docs/curve.svg").write_text("<svg/>")
    (course / "README.md").write_text("".join(TABLE.format(name=name) for name in NAMES))
    return course


def edit(path, word):
    """Write a word into a copy, as JupyterLab saves it."""
    notebook = json.loads(path.read_bytes())
    code = [cell for cell in notebook["cells"] if cell["id"] == "c"]
    code[-1]["source"] = f"answer = 3  # {word}\ncheck_number(answer, 8)"
    path.write_text(json.dumps(notebook))


def run(path, count=1):
    """Run the first cells of a copy."""
    notebook = json.loads(path.read_bytes())
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for number, cell in enumerate(code[:count], 1):
        cell |= {"execution_count": number, "outputs": [{"output_type": "stream", "name": "stdout", "text": "ran"}]}
    path.write_text(json.dumps(notebook))


def look_at(path):
    """Save a copy as JupyterLab does for who only opens it: other metadata, sources as lists of lines."""
    notebook = json.loads(path.read_bytes())
    notebook["metadata"]["language_info"] = {"name": "python", "version": "3.11.7"}
    for cell in notebook["cells"]:
        cell["metadata"]["trusted"] = True
        cell["source"] = "".join(cell["source"]).splitlines(keepends=True)
    path.write_text(json.dumps(notebook, indent=1))
