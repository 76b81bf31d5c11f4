"""What is kept of decoded images is believed only after a look."""

import errno
import os
import shutil
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrcourse import load_data
from lrcourse.images import cache
from lrcourse.images.cache import entries_not_whole, kept

NAMES = [f"{key}.npy" for key in cache.ARRAYS] + [cache.SUMS]
IMAGES = np.arange(2 * 3 * 32 * 32, dtype=np.uint8).reshape(2, 3, 32, 32)
ARRAYS = (IMAGES, np.array([1, 0]), IMAGES[:1], np.array([7]))


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("LRCOURSE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "decoded"


def equal(arrays):
    pairs = list(zip(arrays, ARRAYS, strict=True))
    return all(np.array_equal(a, b) and a.dtype == b.dtype for a, b in pairs)


def whole(place):
    """Tell whether what is kept is right, and nothing else lies there."""
    return equal(kept("entry", never)) and [path.name for path in place.iterdir()] == ["entry"]


def never():
    raise AssertionError("made anew")


def is_a_folder(path):
    path.unlink()
    path.mkdir()


def is_garbage(path):
    path.write_bytes(os.urandom(path.stat().st_size))


def is_another_array(path):
    np.save(path, np.zeros((2, 3, 32, 32)))


def is_a_pickle(path):
    np.save(path, np.array([{}]), allow_pickle=True)


def leads_nowhere(path):
    path.unlink()
    path.symlink_to(path.parent / "nowhere")


def is_longer(path):
    path.write_bytes(path.read_bytes() + b"\0")


DAMAGES = {
    "is gone": lambda path: path.unlink(),
    "is empty": lambda path: os.truncate(path, 0),
    "is cut": lambda path: os.truncate(path, path.stat().st_size // 2),
    "is longer": is_longer,
    "is garbage": is_garbage,
    "is a folder": is_a_folder,
    "is another array": is_another_array,
    "is a pickle": is_a_pickle,
    "leads nowhere": leads_nowhere,
    "was cleared with its folder": lambda path: [other.unlink() for other in path.parent.iterdir()],
}


OF_ARRAYS = ("is another array", "is a pickle")
PAIRS = [(damage, name) for damage in DAMAGES for name in NAMES[: 4 if damage in OF_ARRAYS else 5]]


@pytest.mark.parametrize("damage, name", PAIRS)
def test_an_entry_that_is_not_whole_is_named_and_made_anew(damage, name, place):
    kept("entry", lambda: ARRAYS)
    assert whole(place) and entries_not_whole() == []
    DAMAGES[damage](place / "entry" / name)
    (fault,) = entries_not_whole()
    assert fault.startswith(f"{place / 'entry'} is not whole: ") and fault[-1] != " "
    assert equal(kept("entry", lambda: ARRAYS))
    assert whole(place) and entries_not_whole() == []


@given(name=st.sampled_from(NAMES), at=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255))
def test_any_byte_that_changed_is_seen(tmp_path_factory, name, at, byte):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LRCOURSE_CACHE", str(tmp_path_factory.mktemp("cache")))
        kept("entry", lambda: ARRAYS)
        path = cache.cache_dir() / "decoded" / "entry" / name
        content = bytearray(path.read_bytes())
        place = int(at * len(content))
        same = content[place] == byte
        content[place] = byte
        path.write_bytes(content)
        assert entries_not_whole() == [] if same else len(entries_not_whole()) == 1
        assert equal(kept("entry", lambda: ARRAYS)) and entries_not_whole() == []
        shutil.rmtree(cache.cache_dir())


@pytest.mark.parametrize("kind", ["a file", "a link that leads nowhere", "an empty folder", "a link to a folder"])
def test_what_stands_in_the_place_of_an_entry_is_moved_away(kind, place):
    place.mkdir(parents=True)
    elsewhere = place.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine.txt").write_text("mine")
    match kind:
        case "a file":
            (place / "entry").write_text("")
        case "a link that leads nowhere":
            (place / "entry").symlink_to("nowhere")
        case "an empty folder":
            (place / "entry").mkdir()
        case "a link to a folder":
            (place / "entry").symlink_to(elsewhere)
    assert equal(kept("entry", lambda: ARRAYS)) and whole(place)
    assert (elsewhere / "mine.txt").read_text() == "mine"


def test_an_entry_that_one_may_not_read_is_made_anew(place, as_nobody):
    kept("entry", lambda: ARRAYS)
    (place / "entry").chmod(0)
    assert [fault.rpartition(": ")[2] for fault in entries_not_whole()] == ["Permission denied"]
    assert equal(kept("entry", lambda: ARRAYS)) and equal(kept("entry", never))


def test_what_is_kept_may_be_read_by_whom_the_folder_lets_in(place):
    kept("entry", lambda: ARRAYS)
    assert (place / "entry").stat().st_mode == place.stat().st_mode


def test_of_many_that_make_an_entry_anew_at_once_each_gets_it_and_one_stays(place):
    kept("entry", lambda: ARRAYS)
    os.truncate(place / "entry" / NAMES[0], 100)
    together, got = threading.Barrier(8), []

    def make():
        together.wait()
        return ARRAYS

    threads = [threading.Thread(target=lambda: got.append(equal(kept("entry", make)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [True] * 8 and whole(place)


def file_in_the_way(place):
    place.parent.write_text("mine")


def link_to_nowhere(place):
    place.parent.symlink_to(place.parent.with_name("nowhere") / "deeper")


def file_for_decoded(place):
    place.parent.mkdir()
    place.write_text("mine")


@pytest.mark.parametrize("obstacle", [file_in_the_way, link_to_nowhere, file_for_decoded])
def test_a_cache_that_cannot_be_written_costs_a_warning_only(obstacle, place):
    obstacle(place)
    with pytest.warns(UserWarning, match="not kept, so the next load is slow too: .* or set LRCOURSE_CACHE") as warned:
        assert len(load_data(train=20, val=10, test=20).train.labels) == 20
    assert warned[0].filename == __file__  # where the person called it
    assert entries_not_whole() == []


def test_a_cache_that_one_may_not_write_costs_a_warning_only(place, as_nobody):
    place.parent.mkdir()
    place.parent.chmod(0o555)
    with pytest.warns(UserWarning, match="not kept.*Permission denied"):
        assert equal(kept("entry", lambda: ARRAYS))


@pytest.mark.parametrize("written", [0, 1, 3])
def test_a_full_disk_costs_a_warning_only_and_leaves_no_half_entry(written, place, monkeypatch):
    def save(path, array, save=np.save, done=[]):  # noqa: B006
        if len(done) == written:
            path.write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")
        done.append(path)
        save(path, array)

    monkeypatch.setattr(np, "save", save)
    with pytest.warns(UserWarning, match="not kept.*No space left on device"):
        assert equal(kept("entry", lambda: ARRAYS))
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("given", ['"{}"', "'{}'", " {} "])
def test_quotes_around_the_folder_are_not_part_of_it(given, tmp_path, monkeypatch):
    monkeypatch.setenv("LRCOURSE_CACHE", given.format(tmp_path / "with space"))
    assert cache.cache_dir() == tmp_path / "with space"


def test_the_home_folder_may_be_written_short(monkeypatch):
    monkeypatch.setenv("LRCOURSE_CACHE", "~/images")
    assert cache.cache_dir() == type(cache.cache_dir()).home() / "images"
    monkeypatch.setenv("LRCOURSE_CACHE", "")
    assert cache.cache_dir().name == "lrcourse" or "lrcourse" in cache.cache_dir().parts
