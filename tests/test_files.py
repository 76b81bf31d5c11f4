import pytest

from lrcourse.files import write_whole


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


def test_a_folder_that_is_not_there_is_an_error_that_names_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"), write_whole(tmp_path / "nowhere" / "run.txt"):
        pass
