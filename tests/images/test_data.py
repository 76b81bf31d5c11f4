import os
import pickle

import numpy as np
import pytest
import torch
from pictures import write_folders

from lrcourse import load_data
from lrcourse.images import folders as folders_module
from lrcourse.images import sources
from lrcourse.images.layouts import CIFAR10_CLASSES


@pytest.fixture
def folders(tmp_path, monkeypatch):
    monkeypatch.setenv("LRCOURSE_CIFAR10", str(tmp_path / "given"))
    monkeypatch.setenv("LRCOURSE_CACHE", str(tmp_path / "cache"))
    return write_folders(tmp_path / "given")


def test_the_three_splits_are_disjoint_and_what_was_asked_for():
    data = load_data(train=6000, val=2000, test=1500)
    assert [len(split.labels) for split in (data.train, data.val, data.test)] == [6000, 2000, 1500]
    every = torch.cat([split.images.flatten(1) for split in (data.train, data.val, data.test)])
    assert len(torch.unique(every[:, :200], dim=0)) == 9500


def test_images_are_normalised_float32_in_channels_last():
    data = load_data(train=2000)
    images = data.train.images
    assert images.shape == (2000, 3, 32, 32) and images.dtype == torch.float32
    assert images.is_contiguous(memory_format=torch.channels_last)
    assert torch.allclose(images.mean((0, 2, 3)), torch.zeros(3), atol=1e-4)
    assert torch.allclose(images.std((0, 2, 3)), torch.ones(3), atol=1e-3)
    assert data.train.labels.dtype == torch.int64 and data.train.labels.shape == (2000,)


def test_two_sets_are_compared_without_an_error():
    data = load_data(train=20, val=10, test=10)
    assert data == data and data != load_data(train=20, val=10, test=10)


def test_one_seed_gives_one_split_and_another_seed_another():
    first, again, other = load_data(), load_data(), load_data(seed=1)
    assert torch.equal(first.train.images, again.train.images)
    assert not torch.equal(first.val.labels, other.val.labels)


def test_loading_leaves_the_global_generators_alone():
    state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()
    load_data()
    assert torch.equal(torch.get_rng_state(), state)
    assert np.array_equal(np.random.get_state()[1], numpy_state)


def test_none_takes_all_there_is():
    data = load_data(train=None, val=500, test=None)
    assert [len(split.labels) for split in (data.train, data.val, data.test)] == [9500, 500, 2000]


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_folders_of_images_are_read_with_the_right_labels(tmp_path, monkeypatch, suffix):
    monkeypatch.setenv("LRCOURSE_CIFAR10", str(write_folders(tmp_path / "given", suffix=suffix)))
    monkeypatch.setenv("LRCOURSE_CACHE", str(tmp_path / "cache"))
    pool = sources.load_pool()
    assert pool.source == "CIFAR-10, 50 images from image folders"
    assert pool.train_images.shape == (30, 3, 32, 32) and pool.test_images.shape == (20, 3, 32, 32)
    # JPEG is lossy, so the marked pixel may be a little off.
    assert np.abs(pool.train_images[:, 0, 0, 0].astype(int) - pool.train_labels * 20).max() <= 2
    data = load_data(train=20, val=10, test=20)
    assert data.classes == CIFAR10_CLASSES
    assert sorted(torch.cat([data.train.labels, data.val.labels]).tolist()) == sorted([*range(10)] * 3)


def test_batches_of_torchvision_are_read(batches):
    data = load_data(train=40, val=10, test=10)
    assert data.source == "CIFAR-10, 60 images from cifar-10-batches-py"
    assert sorted(data.test.labels.tolist()) == list(range(10))
    pool = sources.load_pool()
    with open(batches / "test_batch", "rb") as file:
        raw = pickle.load(file)
    assert np.array_equal(pool.test_images.reshape(10, 3072), raw["data"])


NAMES = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch", "batches.meta"]


@pytest.mark.parametrize(
    "name, anew", [*((name, True) for name in NAMES), ("readme.html", False), ("old_batch", False)]
)
def test_batches_are_decoded_anew_when_one_of_their_files_is_another(name, anew, batches, tmp_path):
    for other in ("readme.html", "old_batch"):
        (batches / other).touch()
    sources.load_pool()
    os.utime(batches / name, (1, 1))
    sources.load_pool()
    assert len(list((tmp_path / "cache" / "decoded").iterdir())) == 1 + anew


@pytest.mark.parametrize("place", ["given", "given/cifar10"])
def test_the_variable_may_name_the_folder_or_the_one_above(folders, tmp_path, monkeypatch, place):
    monkeypatch.setenv("LRCOURSE_CIFAR10", str(tmp_path / place))
    assert sources.find_cifar10() == (folders / "cifar10").resolve()


def test_without_the_variable_the_cache_directory_is_looked_into(tmp_path, monkeypatch):
    monkeypatch.setenv("LRCOURSE_CACHE", str(write_folders(tmp_path)))
    assert sources.find_cifar10() == (tmp_path / "cifar10").resolve()


def test_the_second_load_reads_the_cache_and_a_change_makes_it_anew(folders, monkeypatch):
    first = sources.load_pool()
    with monkeypatch.context() as patch:
        patch.setattr(folders_module, "_read_image", None)  # to decode would fail
        again = sources.load_pool()
    assert all(np.array_equal(a, b) for a, b in zip(first[:4], again[:4], strict=True))
    (folders / "cifar10" / "train" / "cat" / "0.png").unlink()
    assert len(sources.load_pool().train_labels) == 29


def test_of_two_processes_that_decode_at_once_the_second_drops_its_copy(folders, tmp_path, monkeypatch):
    def read_slowly(folder, read=sources.read_folders):
        monkeypatch.setattr(sources, "read_folders", read)
        sources.load_pool()  # the other process, which is done first
        return read(folder)

    monkeypatch.setattr(sources, "read_folders", read_slowly)
    assert len(sources.load_pool().train_labels) == 30
    assert len(list((tmp_path / "cache" / "decoded").iterdir())) == 1


def test_a_broken_decode_leaves_nothing_in_the_cache(folders, tmp_path):
    (folders / "cifar10" / "test" / "truck" / "1.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match="1.png cannot be read as an image"):
        load_data(train=20, val=10, test=20)
    assert not list((tmp_path / "cache").rglob("*.npy"))


@pytest.mark.parametrize("name", ["nowhere", "file", "empty"])
def test_a_wrong_variable_is_an_error_that_says_what_to_do(tmp_path, monkeypatch, name):
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("LRCOURSE_CIFAR10", str(tmp_path / name))
    with pytest.raises(
        FileNotFoundError, match=rf"LRCOURSE_CIFAR10=.*{name} (is not a folder|holds no CIFAR-10).*unset"
    ):
        load_data()


def test_a_truncated_batch_is_refused_before_it_is_unpickled(batches, monkeypatch):
    whole = (batches / "data_batch_3").read_bytes()
    (batches / "data_batch_3").write_bytes(whole[:-7])
    monkeypatch.setattr(pickle, "load", None)
    with pytest.raises(ValueError, match=r"data_batch_3 is damaged \(its md5 differs\). Unpack"):
        load_data(train=40, val=10, test=10)


def test_a_missing_batch_is_refused(batches):
    (batches / "test_batch").unlink()
    with pytest.raises(ValueError, match="test_batch is missing. Unpack"):
        load_data(train=40, val=10, test=10)


def test_an_unknown_class_folder_is_refused(folders):
    (folders / "cifar10" / "train" / "cat").rename(folders / "cifar10" / "train" / "unicorn")
    with pytest.raises(ValueError, match="one folder for each class .* unknown or missing: unicorn, cat"):
        load_data(train=20, val=10, test=20)


def test_a_missing_class_folder_is_refused(folders):
    (folders / "cifar10" / "test" / "dog").rename(folders / "dog")
    with pytest.raises(ValueError, match="unknown or missing: dog"):
        load_data(train=20, val=10, test=20)


def test_an_image_of_another_size_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("LRCOURSE_CIFAR10", str(write_folders(tmp_path, size=28)))
    with pytest.raises(ValueError, match=r"0.png is 28x28 pixels; images of CIFAR-10 are 32x32"):
        load_data(train=20, val=10, test=20)


def test_folders_without_images_are_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("LRCOURSE_CIFAR10", str(write_folders(tmp_path, test=0)))
    with pytest.raises(ValueError, match="test holds no images"):
        load_data()


@pytest.mark.parametrize(
    "sizes, message",
    [
        ({"train": 9500}, "has 10,000 images for train=9500 and val=1000: ask for fewer"),
        ({"test": 2001}, "has 2,000 images for test=2001"),
        ({"train": 0}, "whole number from 1, or None"),
        ({"val": 2.5}, "whole number from 1, or None"),
        ({"train": None, "val": None}, "only one of train and val"),
        ({"train": None, "val": 10_000}, "ask for fewer"),
    ],
)
def test_an_impossible_number_of_images_is_refused(sizes, message):
    with pytest.raises(ValueError, match=message):
        load_data(**sizes)
