"""What a copy is: a lesson without its outputs, with the way to its neighbours."""

import json
import tomllib

from hypothesis import given
from hypothesis import strategies as st
from small_course import NAMES, edit, look_at, run

from lrcourse.desk.copies import copy_notebook, fingerprint, relink
from lrcourse.desk.course import files_of, find_course, is_lesson, place
from lrcourse.desk.pages import items_of

COURSE = find_course()


def read(path):
    return json.loads(path.read_bytes())


def test_a_copy_has_no_outputs_and_keeps_its_kernel_and_its_cells(desk, course):
    lesson, copy = read(course / "notebooks/01_rate.ipynb"), read(desk / "01_rate.ipynb")
    assert copy["metadata"] == lesson["metadata"]
    assert [cell["id"] for cell in copy["cells"]] == ["lrcourse-top", *"abcd", "lrcourse-done", "lrcourse-end"]
    assert all(cell["outputs"] == [] for cell in copy["cells"] if cell["cell_type"] == "code")
    assert all(cell["execution_count"] is None for cell in copy["cells"] if cell["cell_type"] == "code")


def test_a_copy_leads_to_its_neighbours_and_to_what_lies_on_the_desk(desk):
    first, *_, links, _, last = (cell["source"] for cell in read(desk / "01_rate.ipynb")["cells"])
    assert first == last == "[← 00 · start](00_start.ipynb) · [Contents](index.md) · [02 · clocks →](02_clocks.ipynb)"
    opens = "[s](solutions/01_rate.ipynb) ([when they open](solutions/README.md))"
    assert links == f"See {opens} and [g](docs/glossary.md#lr), not x."
    assert (desk / "docs/glossary.md").read_text() == "[back](../00_start.ipynb#x), [p](curve.svg), l"
    ends = [read(desk / f"{name}.ipynb")["cells"][0]["source"] for name in (NAMES[0], NAMES[-1])]
    assert "←" not in ends[0] and "→" not in ends[1]


def test_code_and_addresses_are_no_links():
    for text in ("rates[i](optimizer)", "[t](https://x.org/a.md)", "[t](#lr)", "[t](attachment:a.png)"):
        assert relink(text, "notebooks/01_rate.ipynb") == text


def test_every_file_of_the_course_is_laid_once_and_no_lesson_shows_an_output(tmp_path):
    items = items_of(COURSE, tmp_path)
    places = [place(path) for path in files_of(COURSE)]
    assert len(places) == len(set(places))
    assert {path for path in items if "/" not in path} >= {path.name for path in (COURSE / "notebooks").glob("*.ipynb")}
    assert not [path for path in items if path.startswith("solutions/") and path.endswith(".ipynb")]
    for path in filter(is_lesson, files_of(COURSE)):
        cells = json.loads(items[place(path)].data)["cells"]
        assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)


def test_what_jupyterlab_writes_for_who_only_looks_leaves_the_fingerprint_and_work_does_not(desk):
    path = desk / "01_rate.ipynb"
    untouched = fingerprint(path.read_bytes())
    look_at(path)
    assert fingerprint(path.read_bytes()) == untouched
    run(path)
    ran = fingerprint(path.read_bytes())
    edit(path, "mine")
    assert len({untouched, ran, fingerprint(path.read_bytes())}) == 3


@given(st.binary(max_size=40) | st.sampled_from([b"{}", b'{"cells": 3}', b'{"cells": [3]}', b'{"cells": [{}]}']))
def test_any_bytes_have_a_fingerprint(data):
    assert fingerprint(data) == fingerprint(data) != fingerprint(data + b" .")


@given(st.lists(st.text(max_size=9), min_size=1, max_size=4))
def test_a_source_is_the_same_as_one_text_and_as_lines(texts):
    def notebook(as_lines):
        cells = [{"cell_type": "code", "metadata": {}, "source": t.splitlines(True) if as_lines else t} for t in texts]
        return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}

    whole, lines = (copy_notebook("notebooks/01_x.ipynb", notebook(kind)) for kind in (False, True))
    assert whole == lines and fingerprint(whole) == fingerprint(json.dumps(json.loads(lines)).encode())


def test_a_wheel_brings_along_all_that_lies_on_a_desk():
    data = tomllib.loads((COURSE / "pyproject.toml").read_text())["tool"]["setuptools"]["data-files"]
    brought = {
        f"{there.removeprefix('share/lrcourse')}/{path.name}".lstrip("/"): path.relative_to(COURSE).as_posix()
        for there, patterns in data.items()
        for pattern in patterns
        for path in COURSE.glob(pattern)
    }
    assert set(files_of(COURSE)) <= set(brought) and all(there == path for there, path in brought.items())
