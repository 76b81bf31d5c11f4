"""Each layout in which CIFAR-10 is handed out is read, or named with the one step that is missing."""

import os
import re
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import table
from PIL import Image

from lrcourse import load_data
from lrcourse.images import lacking, layouts, sources
from lrcourse.images.layouts import BATCHES, CIFAR10_CLASSES, class_of

TUTORIAL = ("plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    root = tmp_path / "given"
    root.mkdir()
    monkeypatch.setenv("LRCOURSE_CIFAR10", str(root))
    monkeypatch.setenv("LRCOURSE_CACHE", str(tmp_path / "cache"))
    return root


def image(path, label, number=0, size=32):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((size, size, 3), (label * 20, number * 50, 7), dtype=np.uint8)).save(path)


def classes(root, names=CIFAR10_CLASSES, parts=("train", "test"), suffix=".png", size=32):
    """Write two images of each class, in each part."""
    for part in parts:
        for label, name in enumerate(names):
            for number in range(2):
                image(root / part / name / f"{number}{suffix}", label, number, size)


def flat(root):
    for part in ("train", "test"):
        for number in range(20):
            image(root / part / f"{number}_{CIFAR10_CLASSES[number // 2]}.png", number // 2, number % 2)
    (root / "labels.txt").write_text("\n".join(CIFAR10_CLASSES))


def links(root):
    classes(root.parent / "elsewhere")
    (root / "train").symlink_to(root.parent / "elsewhere" / "train")
    (root / "test").mkdir()
    for name in CIFAR10_CLASSES:
        (root / "test" / name).symlink_to(root.parent / "elsewhere" / "test" / name)


def beside_others(root):
    classes(root / "mnist", [str(digit) for digit in range(10)], size=28)
    classes(root / "pictures of mine", ["aunt", "uncle"])
    classes(root / "zoo" / "cifar10")


READ = {
    "as above": lambda root: classes(root / "cifar10"),
    "the folder itself is named": classes,
    "one folder deeper, as Kaggle's data sets unpack": lambda root: classes(root / "cifar10" / "cifar10"),
    "three folders deeper": lambda root: classes(root / "a" / "b" / "c"),
    "names of classes as in PyTorch's tutorial": lambda root: classes(root, TUTORIAL),
    "numbers for classes": lambda root: classes(root, [str(label) for label in range(10)]),
    "numbers of two digits": lambda root: classes(root, [f"0{label}" for label in range(10)]),
    "numbers and names": lambda root: classes(root, [f"{label}_{name}" for label, name in enumerate(CIFAR10_CLASSES)]),
    "names of classes in capitals": lambda root: classes(root, [name.title() for name in CIFAR10_CLASSES]),
    "parts in capitals": lambda root: classes(root, parts=("Train", "TEST")),
    "val for test": lambda root: classes(root, parts=("train", "val")),
    "a part within a part": lambda root: classes(root, parts=("train/train", "test/test")),
    "files that end in capitals": lambda root: classes(root, suffix=".PNG"),
    "BMP": lambda root: classes(root, suffix=".bmp"),
    "the class in the name of the file": flat,
    "links to folders": links,
    "beside other data sets": beside_others,
}


@pytest.mark.parametrize("layout", READ)
def test_a_layout_is_read_with_the_right_labels(layout, root):
    READ[layout](root)
    pool = sources.load_pool()
    assert pool.source == "CIFAR-10, 40 images from image folders"
    for images, labels in (pool[:2], pool[2:4]):
        assert labels.tolist() == [label for label in range(10) for _ in range(2)]
        assert np.array_equal(images[:, 0, 0, 0], labels * 20)
        assert images[:, 1, 0, 0].tolist() == [0, 50] * 10


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".JPG", ".webp", ".tif"])
def test_an_image_of_another_kind_is_read(suffix, root):
    classes(root, suffix=suffix)
    pool = sources.load_pool()
    assert np.abs(pool.train_images[:, 0, 0, 0].astype(int) - pool.train_labels * 20).max() <= 8  # they lose a little


def files(*names):
    def write(root):
        for name in names:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).touch()

    return write


def competition(root):
    image(root / "train" / "1.png", 0)
    image(root / "test" / "1.png", 0)
    (root / "trainLabels.csv").write_text("id,label\n1,airplane\n")


NAMED = {
    "Kaggle's competition": competition,
    "Kaggle's competition, packed": files("train.7z", "test.7z", "sampleSubmission.csv"),
    "Hugging Face's hub": files("plain_text/train-00000-of-00001.parquet"),
    "Hugging Face's cache": files("uoft-cs___cifar10/plain_text/0.0.0/0b2714/cifar10-train.arrow"),
    "TensorFlow's data sets": files("cifar10/3.0.2/cifar10-train.tfrecord-00000-of-00001"),
    "a file of NumPy": files("cifar10.npz"),
    "a file of HDF5": files("cifar10/train.h5"),
    "the binary version": files("cifar-10-batches-bin/data_batch_1.bin"),
    "the version for MATLAB": files("cifar-10-batches-mat/data_batch_1.mat"),
    "CIFAR-100": files("cifar-100-python/train", "cifar-100-python/test", "cifar-100-python/meta"),
    "CIFAR-100 as images": lambda root: classes(root, ["apple", "aquarium_fish", "baby", "bear"]),
    "the archive": files("cifar-10-python.tar.gz"),
    "the archive, downloaded twice": files("cifar-10-python (1).tar.gz"),
    "the archive, in a folder": files("x/cifar-10-python.tgz"),
    "the archive as Safari leaves it": files("cifar-10-python.tar"),
    "a download of lrcourse that was interrupted": files("cifar-10-python.tar.gz.part"),
    "a download of a browser that goes on": files("cifar-10-python.tar.gz.crdownload"),
    "the archive of the binary version": files("cifar-10-binary.tar.gz"),
    "the archive for MATLAB": files("cifar-10-matlab.tar.gz"),
    "the archive of CIFAR-100": files("cifar-100-python.tar.gz"),
    "fastai's archive": files("cifar10.tgz"),
    "Kaggle's archive": files("archive.zip"),
    "images to train on only": lambda root: classes(root, parts=["train"]),
    "classes that are not divided": lambda root: classes(root, parts=["."]),
    "something else": files("notes.txt"),
}


def test_the_docs_list_what_is_tried():
    assert {row[0] for row in table("read")} == set(READ)
    assert [row[0] for row in table("not read")] == list(NAMED)


def refused():
    with pytest.raises(FileNotFoundError) as caught:
        load_data()
    message = str(caught.value)
    assert message.startswith("LRCOURSE_CIFAR10=") and message.endswith("; or unset it to use Shapes-10.")
    return message


@pytest.mark.parametrize("layout, told", table("not read"), ids=list(NAMED))
def test_a_layout_that_is_not_read_is_named_with_the_step_that_is_missing(layout, told, root):
    NAMED[layout](root)
    wanted = ".*".join(map(re.escape, told.strip("`").replace("FOLDER", str(root)).split("...")))
    assert re.search(wanted, refused().replace("`", ""))
    before = sorted(root.rglob("*"))
    assert "delete" not in refused() and sorted(root.rglob("*")) == before


@pytest.mark.parametrize("name", ["apple", "aquarium_fish"])
@pytest.mark.parametrize("above", ["", "train"])
def test_one_class_of_cifar100_is_enough_to_name_it(above, name, tmp_path):
    (tmp_path / above / name).mkdir(parents=True)
    (tmp_path / above / "cat").mkdir()
    assert lacking.hint(tmp_path).startswith("holds CIFAR-100, in ")
    (tmp_path / above / name).rename(tmp_path / above / "unicorn")
    assert "CIFAR-100" not in lacking.hint(tmp_path)


def test_the_archive_itself_may_be_named_and_what_was_unpacked_beside_it_is_found(root, monkeypatch, batches):
    archive = root / "cifar-10-python.tar.gz"
    archive.touch()
    monkeypatch.setenv("LRCOURSE_CIFAR10", str(archive))
    assert sources.find_cifar10() == batches.resolve()
    shutil.rmtree(batches)
    assert f'is the archive {archive}; that is not read as it is: call `lrcourse fetch --from "{archive}"' in refused()


def test_beside_a_file_only_what_is_there_or_one_folder_below_is_taken(root, monkeypatch):
    (root / "readme.html").touch()
    monkeypatch.setenv("LRCOURSE_CIFAR10", str(root / "readme.html"))
    classes(root / "a" / "b")
    refused()
    classes(root / "a")
    assert sources.find_cifar10() == root / "a"
    classes(root)
    assert sources.find_cifar10() == root


def test_folders_below_are_searched_four_deep(root):
    classes(root / "1" / "2" / "3" / "4" / "5")
    refused()
    classes(root / "1" / "2" / "3" / "4")
    assert sources.find_cifar10() == root / "1" / "2" / "3" / "4"


def test_a_folder_within_the_data_set_is_told_the_one_to_name(root, monkeypatch):
    classes(root / "cifar10")
    for inside in ("train", "test/cat"):
        monkeypatch.setenv("LRCOURSE_CIFAR10", str(root / "cifar10" / inside))
        assert f"lies inside of CIFAR-10: set LRCOURSE_CIFAR10={root / 'cifar10'};" in refused()


def test_batches_are_read_whatever_their_folder_is_called(batches, root):
    first = sources.load_pool()
    batches.rename(root / "CIFAR (Kopie)")
    again = sources.load_pool()
    assert all(np.array_equal(a, b) for a, b in zip(first[:4], again[:4], strict=True))
    assert sources.find_cifar10() == root / "CIFAR (Kopie)"


def test_a_folder_within_one_of_the_same_name_is_found(batches, root):
    shutil.move(batches, root / "moved")
    batches.mkdir()
    (root / "moved").rename(batches / BATCHES)
    assert sources.find_cifar10() == batches / BATCHES


# What Jupyter, macOS, Windows, a NAS, git and people leave in folders.
DIRS = [
    ".ipynb_checkpoints",
    "__MACOSX",
    "@eaDir",
    "#recycle",
    "$RECYCLE.BIN",
    ".git",
    "__pycache__",
    "lost+found",
    "old",
]
FILES = [".DS_Store", "._0.png", "Thumbs.db", "desktop.ini", "README.md", "labels.txt", "0.png.part", ".0.png.swp"]
PLACES = [".", "cifar10", "cifar10/train", "cifar10/test", "cifar10/train/cat", "cifar10/test/dog"]


@given(st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(DIRS + FILES)), max_size=6, unique=True))
def test_what_does_not_belong_to_the_data_set_is_skipped(tmp_path_factory, strays):
    root = tmp_path_factory.mktemp("given")
    classes(root / "cifar10")
    for place, name in strays:
        if name in DIRS:
            (root / place / name).mkdir()
            if name in DIRS[:5]:
                image(root / place / name / "0.png", 3)
        else:
            (root / place / name).write_bytes(b"\0\5\26\7\0\2\0\0Mac OS X")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LRCOURSE_CIFAR10", str(root))
        patch.setenv("LRCOURSE_CACHE", str(tmp_path_factory.mktemp("cache")))
        pool = sources.load_pool()
    assert len(pool.train_labels) == len(pool.test_labels) == 20
    assert np.array_equal(pool.train_images[:, 0, 0, 0], pool.train_labels * 20)
    shutil.rmtree(root)


@pytest.mark.parametrize("name", ["with space", "Größe", "日本", "a'b", "{x}", "%d", "c" * 100])
def test_the_path_may_hold_anything(name, root, monkeypatch):
    monkeypatch.setenv("LRCOURSE_CIFAR10", str(root / name))
    refused()
    classes(root / name)
    assert len(sources.load_pool().train_labels) == 20


def test_files_that_differ_in_case_only_are_two(root):
    classes(root)
    image(root / "train" / "cat" / "A.png", 3)
    image(root / "train" / "cat" / "a.PNG", 3)
    if len(os.listdir(root / "train" / "cat")) < 4:
        pytest.skip("this file system takes them for one")
    assert len(sources.load_pool().train_labels) == 22


@pytest.mark.parametrize("given", ['"{}"', "'{}'", ' "{}" ', "{}/", "$HERE/given"])
def test_a_path_is_read_as_it_was_meant(given, root, monkeypatch):
    classes(root)
    monkeypatch.setenv("HERE", str(root.parent))
    monkeypatch.setenv("LRCOURSE_CIFAR10", given.format(root))
    assert sources.find_cifar10() == root.resolve()


@pytest.mark.parametrize("given", ["", "  ", '""'])
def test_a_variable_that_is_empty_is_not_set(given, monkeypatch):
    monkeypatch.setenv("LRCOURSE_CIFAR10", given)
    assert sources.find_cifar10() is None


@pytest.mark.parametrize("given", ["given", "./given", "../tests/../given"])
def test_a_relative_path_counts_from_the_kernel_or_from_where_jupyter_was_started(given, root, monkeypatch, tmp_path):
    classes(root)
    notebooks = tmp_path / "notebooks"
    notebooks.mkdir()
    (tmp_path / "tests").mkdir()
    monkeypatch.setenv("LRCOURSE_CIFAR10", given)
    monkeypatch.delenv("PWD", raising=False)
    monkeypatch.chdir(notebooks if given.startswith("..") else tmp_path)
    assert sources.find_cifar10() == root.resolve()
    monkeypatch.chdir("/")
    refused()
    monkeypatch.setenv("PWD", os.path.join(tmp_path, "tests") if given.startswith("..") else str(tmp_path))
    assert sources.find_cifar10() == root.resolve()


def test_a_relative_path_counts_from_the_clone_where_nothing_nearer_is_there(root, monkeypatch, tmp_path):
    classes(root)
    monkeypatch.setenv("LRCOURSE_CIFAR10", "given")
    monkeypatch.delenv("PWD", raising=False)
    monkeypatch.chdir("/")
    monkeypatch.setattr(sources, "__file__", str(tmp_path / "lrcourse" / "images" / "sources.py"))
    assert sources.find_cifar10() == root.resolve()


def test_a_relative_path_that_leads_nowhere_is_told_in_full(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LRCOURSE_CIFAR10", "data/cifar")
    assert f"there is no {tmp_path / 'data' / 'cifar'}" in refused()


def test_a_link_that_leads_nowhere_is_told_with_where_it_leads(root, monkeypatch, tmp_path):
    (root / "link").symlink_to(tmp_path / "unplugged")
    monkeypatch.setenv("LRCOURSE_CIFAR10", str(root / "link"))
    assert f"it is a link to {tmp_path / 'unplugged'}). Mend that" in refused()


def test_a_folder_that_one_may_not_look_into_is_told(monkeypatch, tmp_path, as_nobody):
    closed = tmp_path / "closed"
    closed.mkdir()
    closed.chmod(0)
    monkeypatch.setenv("LRCOURSE_CIFAR10", str(closed))
    assert "is not a folder that you may look into (Permission denied). Mend that" in refused()


def test_a_disk_full_of_folders_is_not_searched_for_ever(root, monkeypatch):
    monkeypatch.setattr(layouts, "FOLDERS", 30)
    for number in range(100):
        (root / f"{number:03}" / "deeper").mkdir(parents=True)
    assert sum(1 for _ in layouts.walk(root)) <= 30


def test_links_in_a_circle_come_to_an_end(root):
    (root / "again").symlink_to(root)
    assert "holds no CIFAR-10" in refused()


def test_of_several_the_likeliest_is_taken(root):
    for name in ("a", "b", "z"):
        classes(root / name)
    assert sources.find_cifar10() == root / "a"
    (root / "b").rename(root / "cifar10")
    assert sources.find_cifar10() == root / "cifar10"
    (root / BATCHES).mkdir()
    (root / BATCHES / "data_batch_5").touch()
    assert sources.find_cifar10() == root / BATCHES
    classes(root)
    assert sources.find_cifar10() == root


@pytest.mark.parametrize(
    "name, label",
    [
        ("airplane", 0),
        ("Plane", 0),
        ("aeroplane", 0),
        ("car", 1),
        ("AUTOMOBILE", 1),
        (" truck ", 9),
        ("3", 3),
        ("003", 3),
    ]
    + [
        ("3_cat", 3),
        ("1. dog", 5),
        ("07-horse", 7),
        ("10", None),
        ("cats", None),
        ("3cat", None),
        ("", None),
        ("²", None),
    ],
)
def test_a_name_of_a_class(name, label):
    assert class_of(name) == label


@given(st.text(max_size=12))
def test_any_name_has_a_class_or_none(name):
    label = class_of(name)
    assert label is None or label in range(10)


def test_without_the_variable_what_lies_in_the_cache_is_hinted_at(tmp_path, monkeypatch):
    monkeypatch.delenv("LRCOURSE_CIFAR10")
    load_data(train=20, val=10, test=10)
    for entry in (tmp_path / "cache" / "decoded").iterdir():
        shutil.copytree(entry, entry.with_name("cifar10-0123456789abcdef"))  # one of lrcourse's own
    assert lacking.hint(tmp_path / "cache") == ""
    (tmp_path / "cache" / "cifar-10-python.tar.gz").touch()
    assert sources.find_cifar10() is None
    assert "call `lrcourse fetch --from" in lacking.hint(tmp_path / "cache")
