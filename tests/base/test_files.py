import os
import time

import pytest

from lrcourse.base.files import DAY, folder_beside, put_in_place, write_whole


def test_a_file_takes_its_place_only_when_it_is_whole(tmp_path):
    path = tmp_path / "run.txt"
    with write_whole(path) as file:
        file.write(b"old")
        assert not path.exists()
    with pytest.raises(KeyboardInterrupt), write_whole(path) as file:
        file.write(b"ne")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]
    with write_whole(path) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new" and list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt", reason="rights are others there")
def test_a_file_has_the_rights_of_the_one_before_it_and_a_new_one_those_of_any_new_file(tmp_path):
    (tmp_path / "usual").touch()
    with write_whole(tmp_path / "new"):
        pass
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "usual").stat().st_mode
    (tmp_path / "new").chmod(0o640)
    with write_whole(tmp_path / "new"):
        pass
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o640


def test_a_folder_that_is_not_there_is_an_error_that_names_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"), write_whole(tmp_path / "nowhere" / "run.txt"):
        pass


def test_what_a_killed_process_left_is_removed_after_a_day(tmp_path):
    path = tmp_path / "run.pt"
    names = [".run.pt.old.part", ".run.pt.new.part", ".run.pt.folder.part", ".other.pt.old.part", "run.pt.part"]
    for name in names:
        if "folder" in name:
            (tmp_path / name).mkdir()
            (tmp_path / name / "images.npy").touch()
        else:
            (tmp_path / name).touch()
        if "new" not in name:
            os.utime(tmp_path / name, (time.time() - DAY - 60,) * 2)
    with folder_beside(path), write_whole(path):
        pass
    left = {".run.pt.new.part", ".other.pt.old.part", "run.pt.part", "run.pt"}
    assert {one.name for one in tmp_path.iterdir()} == left


def test_what_is_being_written_lies_beside_its_place_under_a_name_that_is_swept_if_it_stays(tmp_path):
    with write_whole(tmp_path / "run.txt"):
        (part,) = tmp_path.iterdir()  # on one disk: only there is a file renamed at once
        assert part.name.startswith(".run.txt.") and part.name.endswith(".part")


def test_a_folder_beside_is_hidden_named_for_what_it_becomes_and_gone_at_the_end(tmp_path):
    with folder_beside(tmp_path / "cache") as part:
        (part / "images").mkdir()
        assert part.parent == tmp_path and part.is_dir()
        assert part.name.startswith(".cache.") and part.name.endswith(".part")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_beside_that_was_put_in_place_stays(tmp_path):
    path = tmp_path / "cache"
    for content in ("old", "new"):
        with folder_beside(path) as part:
            (part / content).touch()
            put_in_place(part, path)
        assert [one.name for one in tmp_path.iterdir()] == ["cache"]
        assert [one.name for one in path.iterdir()] == [content]


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_is_as_old_as_itself_and_what_it_leads_to_stays(tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    old, new = tmp_path / ".run.pt.old.part", tmp_path / ".run.pt.new.part"
    old.symlink_to(kept, target_is_directory=True)
    new.symlink_to(kept, target_is_directory=True)
    os.utime(old, (time.time() - DAY - 60,) * 2, follow_symlinks=False)
    with write_whole(tmp_path / "run.pt"):
        pass
    assert not os.path.lexists(old) and os.path.lexists(new) and kept.is_dir()
