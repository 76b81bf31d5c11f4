"""Each link of a desk is followed: in lessons, solutions and pages, to files, headings and cells."""

import json
import re
from urllib.parse import unquote

import pytest

from lrcourse.base import lesson_of, open_solutions
from lrcourse.desk.course import files_of, find_course, is_lesson, place
from lrcourse.desk.making import make_desk

COURSE = find_course()
CODE = re.compile(r"^```.*?^```|`[^`\n]+`", re.DOTALL | re.MULTILINE)
LINKS = re.compile(r"\]\(<?([^)\s>]+)>?[^)]*\)|(?:src|href)=\"([^\"]+)\"")
SOMEWHERE_ELSE = re.compile(r"[a-z][a-z+.-]+:(?!//localhost)|//")


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """The whole course on a desk, each solution laid."""
    desk, _ = make_desk(tmp_path_factory.mktemp("desk") / "mine", COURSE)
    for path in desk.glob("*.ipynb"):
        open_solutions(desk, lesson_of(path))
    return desk


def text_of(path):
    """Return the text of a page, or of a notebook."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return text
    return "\n\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown")


def links_of(path):
    """Return the links in a page or a notebook to what lies on the desk."""
    found = map("".join, LINKS.findall(CODE.sub("", text_of(path))))
    return [unquote(link) for link in found if not SOMEWHERE_ELSE.match(link)]


def leads_somewhere(link, path, desk):
    name, _, anchor = link.partition("#")
    target = (path.parent / name).resolve() if name else path
    if not target.is_file() or desk not in target.parents:
        return False
    if anchor.startswith("cell-id="):
        return anchor.removeprefix("cell-id=") in {cell.get("id") for cell in json.loads(target.read_bytes())["cells"]}
    headings = re.findall(r"^#+ (.*)$", text_of(target), re.MULTILINE) if anchor else []
    return anchor in ["", *(re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings)]


def test_each_link_of_a_desk_leads_somewhere_on_it(desk):
    pages = [path for path in desk.rglob("*") if path.suffix in (".md", ".ipynb") and ".lrcourse" not in path.parts]
    links = {(path, link) for path in pages for link in links_of(path)}
    assert [(path.name, link) for path, link in links if not leads_somewhere(link, path, desk)] == []
    assert len(pages) > 30 and len(links) > 150, "the links were found"


def test_each_page_and_each_lesson_is_reached_from_the_overview(desk):
    reached, to_look_at = set(), [desk / "index.md"]
    while to_look_at:
        path = to_look_at.pop()
        if path not in reached:
            reached.add(path)
            links = links_of(path) if path.suffix in (".md", ".ipynb") else []
            to_look_at += [(path.parent / link.partition("#")[0]).resolve() for link in links if link[0] != "#"]
    laid = {desk / str(place(path)) for path in files_of(COURSE) if path.endswith((".md", ".ipynb"))}
    assert laid - reached == set()


def test_each_lesson_has_the_way_at_both_ends(desk):
    folders = {}
    for path in filter(is_lesson, files_of(COURSE)):
        folders.setdefault(path.rpartition("/")[0], []).append(desk / str(place(path)))
    for lessons in folders.values():
        for at, path in enumerate(lessons):
            first, *_, last = json.loads(path.read_bytes())["cells"]
            neighbours = [other.name for other in lessons[max(at - 1, 0) : at + 2] if other != path]
            names = [link.rpartition("/")[2] for link in re.findall(r"\]\(([^)]+)\)", first["source"])]
            assert first["source"] == last["source"] and sorted(names) == sorted([*neighbours, "index.md"])
            assert all(leads_somewhere(link, path, desk) for link in re.findall(r"\]\(([^)]+)\)", first["source"]))
