"""Three learners answer differently, in kernels of their own; the instructor's table says what each of them did."""

import csv
import io
import os
import shutil

import nbformat
import pytest
from nbclient import NotebookClient
from small_course import write_notebook

from lrcourse.cli import main
from lrcourse.desk import making

NAMES = ("00_start", "01_rate")
CHOICES = "['less', 'the same', 'more']"
CHECK = "check_schedule(make_scheduler, [0.1, 0.05, 0.025])"
RIGHT, WRONG = "lambda o: ExponentialLR(o, 0.5)", "lambda o: ExponentialLR(o, 0.1)"


def lesson(name):
    """Two questions, and two exercises of different kinds."""
    sources = [
        "from torch.optim.lr_scheduler import ExponentialLR\n\nfrom lrcourse import expect, predict\n"
        "from lrcourse.lessons import check_number, check_schedule",
        f"first = predict('{name}: is 1 + 1 more than 2?', {CHOICES})",
        f"second = predict('{name}: is 2 + 2 more than 3?', {CHOICES})",
        "first.check('the same')",
        "second.check('more')\nexpect('2 + 2 is more than 3', 2 + 2 > 3)",
        "answer = ...\ncheck_number(answer, lambda: 3)",
        f"make_scheduler = ...\n{CHECK}",
    ]
    code = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    cells = [code | {"id": f"c{number}", "source": source} for number, source in enumerate(sources)]
    return [{"cell_type": "markdown", "id": "title", "metadata": {}, "source": f"# {name}"}, *cells]


@pytest.fixture
def course(tmp_path, monkeypatch):
    course = tmp_path / "course"
    for name in NAMES:
        write_notebook(course / "notebooks" / f"{name}.ipynb", lesson(name))
    monkeypatch.setattr(making, "find_course", lambda: course)
    monkeypatch.chdir(tmp_path)
    return course


def work(desk, name, *, choices=(None, None), number="...", scheduler="...", cells=99):
    """Write answers into a copy, and run its first cells in a kernel, as JupyterLab does."""
    path = desk / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell, variable, choice in zip(code[1:3], ("first", "second"), choices, strict=True):
        if choice:
            cell.source += f"\n{variable}.commit('{choice}')"
    code[5].source = code[5].source.replace("...", number)
    code[6].source = code[6].source.replace("...", scheduler)
    client = NotebookClient(notebook, kernel_name="python3")
    with client.setup_kernel(cwd=str(desk), env={**os.environ, "JPY_SESSION_NAME": str(path)}):
        for cell in code[:cells]:
            client.execute_cell(cell, notebook.cells.index(cell))
    nbformat.write(notebook, path)
    return "".join(output.get("text", "") for cell in code for output in cell.outputs)


def test_the_table_of_a_class_says_what_each_learner_did(course, tmp_path, capsys):
    ann, bob, eve = (tmp_path / "class" / name for name in ("ann", "bob", "eve"))
    for desk in (ann, bob, eve):
        assert main(["lab", "--lay", str(desk)]) == 0
    for name in NAMES:  # one who has both lessons right,
        said = work(ann, name, choices=("the same", "more"), number="3", scheduler=RIGHT)
        assert said.count("✓ Right.") == 2
    assert "Predictions: 2 of 2 right. Exercises: 2 of 2 passed. That was the last lesson." in said
    said = work(bob, NAMES[0], choices=("less", "more"), number="4", scheduler=RIGHT)  # one who has half of one,
    assert said.count("✓ Right.") == said.count("✗ Not yet.") == 1
    assert "1 of 2 right. Exercises: 1 of 2 passed. Next: 1 exercise, then 01_rate." in said
    work(eve, NAMES[1], choices=("more", None), number="5", scheduler=WRONG, cells=4)  # and one who stopped early.

    shutil.copytree(tmp_path / "class", tmp_path / "handed in")  # a desk goes by its folder, wherever that is
    capsys.readouterr()
    for folder in ("class", "handed in"):
        assert main(["progress", folder]) == 0
        table = [line.split() for line in capsys.readouterr().out.splitlines()[1:]]
        assert table == [
            ["ann", "14/14", "4/4", "4/4", "4/4"],
            ["bob", "7/14", "1/4", "2/4", "1/4"],
            ["eve", "4/14", "0/4", "1/4", "0/4"],
        ]
    assert main(["progress", "--csv", "handed in"]) == 0
    rows = [list(row.values()) for row in csv.DictReader(io.StringIO(capsys.readouterr().out))]
    # learner, lesson; cells run and there; predictions right, made and asked; exercises passed and there
    assert rows == [
        ["ann", "00_start", *"7 7  2 2 2  2 2".split()],
        ["ann", "01_rate", *"7 7  2 2 2  2 2".split()],
        ["bob", "00_start", *"7 7  1 2 2  1 2".split()],
        ["bob", "01_rate", *"0 7  0 0 2  0 2".split()],
        ["eve", "00_start", *"0 7  0 0 2  0 2".split()],
        ["eve", "01_rate", *"4 7  0 1 2  0 2".split()],
    ]
