"""A desk is found from anywhere inside it, and solutions are laid into it once."""

import pytest

from lrcourse.base import find_desk, open_solutions


@pytest.fixture
def desk(tmp_path):
    """A desk that keeps the solutions of two lessons."""
    kept = tmp_path / "desk" / ".lrcourse" / "solutions"
    kept.mkdir(parents=True)
    for name in ("05_two_clocks", "05_again", "06_schedules"):
        (kept / f"{name}.ipynb").write_text(f"of {name}", encoding="utf-8")
    (kept / "05_notes.txt").touch()
    (kept.parent / "desk.json").write_text("{}", encoding="utf-8")
    return tmp_path / "desk"


def test_a_desk_is_found_from_all_folders_in_it_the_innermost_first(desk, monkeypatch):
    inner = desk / "mine" / "deep"
    inner.mkdir(parents=True)
    assert find_desk(desk) == find_desk(inner) == desk.resolve() and find_desk(desk.parent) is None
    monkeypatch.chdir(inner)
    assert find_desk() == desk.resolve()
    (inner / ".lrcourse").mkdir()
    assert find_desk() == desk.resolve()  # the folder alone makes no desk
    (inner / ".lrcourse" / "desk.json").touch()
    assert find_desk() == inner.resolve()


@pytest.mark.parametrize("there", [False, True])
def test_the_solutions_of_a_lesson_are_laid_once_and_what_was_written_into_them_stays(there, desk):
    if there:
        (desk / "solutions").mkdir()
        (desk / "solutions" / "own.txt").touch()
    names = ["05_again.ipynb", "05_two_clocks.ipynb"]
    assert open_solutions(desk, "05") == [desk / "solutions" / name for name in names]
    assert sorted(path.name for path in (desk / "solutions").glob("*.ipynb")) == names
    assert (desk / "solutions" / names[1]).read_text(encoding="utf-8") == "of 05_two_clocks"
    (desk / "solutions" / names[1]).write_text("mine", encoding="utf-8")
    (desk / "solutions" / names[0]).unlink()
    assert open_solutions(desk, "05") == [desk / "solutions" / names[0]]
    assert (desk / "solutions" / names[1]).read_text(encoding="utf-8") == "mine"
    assert open_solutions(desk, "07") == []
