"""Folders of images: a damaged one is named, and a change is noticed."""

import os
import shutil
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import write_folders
from PIL import Image

from lrcourse.images import folders, sources


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("LRCOURSE_CIFAR10", str(tmp_path))
    monkeypatch.setenv("LRCOURSE_CACHE", str(tmp_path / "cache"))
    return write_folders(tmp_path) / "cifar10"


def picture(red):
    return Image.fromarray(np.full((32, 32, 3), (red, 0, 7), dtype=np.uint8))


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".bmp"])
@given(cut=st.floats(0, 1), at=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255))
def test_a_damaged_image_is_read_or_named(suffix, tmp_path_factory, cut, at, byte):
    path = tmp_path_factory.mktemp("images") / f"0{suffix}"
    picture(200).save(path)
    content = bytearray(path.read_bytes())
    content[int(at * len(content))] = byte
    path.write_bytes(content[: int(cut * len(content)) or None])
    try:
        assert folders._read_image(str(path)).shape == (3, 32, 32)
    except ValueError as error:
        assert str(error).startswith(str(path))
    shutil.rmtree(path.parent)


@pytest.mark.parametrize(
    "content", [b"", b"no image", b"\x89PNG\r\n\x1a\n", b"version https://git-lfs.github.com/spec/v1\n"]
)
def test_what_is_no_image_is_named(content, root):
    (root / "test" / "dog" / "1.png").write_bytes(content)
    with pytest.raises(ValueError, match=r"dog.1\.png cannot be read as an image \(.*\)\. Copy it again"):
        sources.load_pool()


def test_a_link_that_leads_nowhere_is_named(root):
    (root / "test" / "dog" / "1.png").unlink()
    (root / "test" / "dog" / "1.png").symlink_to("nowhere.png")
    with pytest.raises(ValueError, match=r"dog.1\.png cannot be read as an image"):
        sources.load_pool()


def test_an_image_that_one_may_not_read_is_named(tmp_path, as_nobody):
    picture(0).save(tmp_path / "0.png")
    (tmp_path / "0.png").chmod(0)
    with pytest.raises(ValueError, match=r"0\.png may not be read by you .* Change its permissions"):
        folders._read_image(str(tmp_path / "0.png"))


def test_a_class_without_images_is_named(root):
    for path in (root / "train" / "ship").iterdir():
        path.unlink()
    with pytest.raises(ValueError, match="ship holds no images, or none that you may see"):
        sources.load_pool()


def test_two_folders_of_one_class_are_named(root):
    shutil.copytree(root / "train" / "automobile", root / "train" / "car")
    with pytest.raises(ValueError, match="automobile and .*car are folders of one class. Move one"):
        sources.load_pool()


def test_more_images_than_there_are_is_another_data_set(root, monkeypatch):
    monkeypatch.setattr(folders, "THERE_ARE", {"train": 29, "test": 20})
    with pytest.raises(ValueError, match="train holds 30 images, and CIFAR-10 has 29 there. Is this another"):
        sources.load_pool()


def paint_over(root, made):
    picture(250).save(root / "train" / "dog" / "2.png")


def copy_over(root, made):
    shutil.copytree(made, root, dirs_exist_ok=True)  # as `cp -r`


def copy_over_with_times(root, made):
    shutil.copytree(made, root, dirs_exist_ok=True, copy_function=shutil.copy2)  # as `cp -a`, `tar`, `unzip`
    for folder in root.rglob("*"):
        if folder.is_dir():
            os.utime(folder, (0, 0))


def unzip_over(root, made):
    with zipfile.ZipFile(made.parent / "images.zip", "w") as archive:
        for path in made.rglob("*.png"):
            archive.write(path, path.relative_to(made))
    with zipfile.ZipFile(made.parent / "images.zip") as archive:
        archive.extractall(root)


def move_in(root, made):
    shutil.rmtree(root)
    made.rename(root)


def move_one(root, made):
    (root / "train" / "dog" / "2.png").rename(root / "train" / "cat" / "3.png")


def link_elsewhere(root, made):
    shutil.rmtree(root / "train" / "dog")
    (root / "train" / "dog").symlink_to(made / "train" / "dog")


CHANGES = [paint_over, copy_over, copy_over_with_times, unzip_over, move_in, move_one, link_elsewhere]


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_the_images_is_noticed(change, root, tmp_path):
    made = write_folders(tmp_path / "made") / "cifar10"
    for path in made.rglob("*.png"):
        picture(250).save(path)
    for folder in [root, *root.rglob("*")]:  # all of one age, as an archive leaves them
        os.utime(folder, (0, 0))
    before = sources.load_pool()
    change(root, made)
    after = sources.load_pool()
    assert not np.array_equal(before.train_images, after.train_images) or change is move_one
    assert change is not move_one or not np.array_equal(before.train_labels, after.train_labels)


def test_what_is_not_changed_is_not_decoded_again(root, monkeypatch):
    before = sources.load_pool()
    (root / "train" / "dog" / ".DS_Store").touch()
    (root / ".ipynb_checkpoints").mkdir()
    monkeypatch.setattr(folders, "_read_image", None)
    assert np.array_equal(sources.load_pool().train_images, before.train_images)


def test_a_look_at_many_files_takes_sizes_and_times_of_few(tmp_path, monkeypatch):
    root = write_folders(tmp_path, train=0, test=0) / "cifar10"
    for number in range(2000):
        (root / "train" / "cat" / f"{number}.png").touch()
    looked_at = []
    monkeypatch.setattr(folders, "mark", lambda path: looked_at.append(path) or "")
    assert len("".join(folders.marks(root))) > 2000 * len("0.png")
    assert 100 <= len(looked_at) <= folders.LOOKED_AT
