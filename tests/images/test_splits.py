"""The three sets: which images they hold, with which labels, and by whose mean and spread they are normalised."""

import numpy as np
import pytest
import torch

from lrcourse import load_data
from lrcourse.images import load_pool

SIZES = {"train": 1200, "val": 30, "test": 40}


def raw(split, statistics):
    """Return the images as they were before they were normalised."""
    mean, std = statistics
    return (split.images.double() * std + mean).round().to(torch.uint8).numpy()


@pytest.fixture
def pool():
    return load_pool()


@pytest.fixture
def data(pool):
    return load_data(**SIZES, seed=4)


@pytest.fixture
def statistics(pool):
    """Mean and standard deviation of each channel of the training images, found from the permutation of the seed."""
    order = torch.randperm(len(pool.train_labels), generator=torch.Generator().manual_seed(4))[: SIZES["train"]]
    images = torch.from_numpy(pool.train_images[order.numpy()]).double()
    return images.mean((0, 2, 3)).view(3, 1, 1), images.std((0, 2, 3), correction=0).view(3, 1, 1)


@pytest.mark.parametrize("name", SIZES)
def test_each_image_is_one_of_the_pool_with_its_label(name, data, pool, statistics):
    images, labels = (pool.test_images, pool.test_labels) if name == "test" else (pool.train_images, pool.train_labels)
    known = {image.tobytes(): label for image, label in zip(images, labels, strict=True)}
    split = getattr(data, name)
    assert split.images.shape == (SIZES[name], 3, 32, 32)
    found = [known[image.tobytes()] for image in raw(split, statistics)]
    assert found == split.labels.tolist()


@pytest.mark.parametrize("name", SIZES)
def test_all_three_are_normalised_by_the_training_images(name, data, statistics):
    mean, std = statistics
    split = getattr(data, name)
    whole = torch.from_numpy(raw(split, statistics)).double()
    torch.testing.assert_close(split.images.double(), (whole - mean) / std, rtol=0, atol=1e-5)
    assert split.images.dtype == torch.float32 and split.images.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("sizes", [{"train": 1200, "val": 7}, {"train": 50, "val": 30}, {"train": None, "val": 1}])
def test_the_images_that_are_kept_for_the_end_do_not_depend_on_how_many_are_learned_from(sizes, data, statistics, pool):
    other = load_data(**sizes, test=40, seed=4)
    assert torch.equal(other.test.labels, data.test.labels)
    if sizes["train"] == 1200:
        assert torch.equal(other.train.images, data.train.images) and torch.equal(other.test.images, data.test.images)
        assert torch.equal(other.val.images, data.val.images[:7])


@pytest.mark.parametrize("number", [np.int64, np.uint16, torch.tensor])
def test_numbers_of_numpy_and_torch_are_numbers_of_images(number, data):
    again = load_data(**{name: number(size) for name, size in SIZES.items()}, seed=number(4))
    assert torch.equal(again.val.images, data.val.images) and torch.equal(again.test.labels, data.test.labels)


def test_everything_is_put_on_the_device():
    data = load_data(train=4, val=2, test=2, device="meta")
    tensors = [tensor for split in (data.train, data.val, data.test) for tensor in split]
    assert [tensor.device.type for tensor in tensors] == ["meta"] * 6


def test_the_data_say_in_one_line_what_they_are(data, pool):
    assert repr(data) == f"Data({pool.source}: train 1,200, val 30, test 40)"
    assert data.classes == pool.classes and len(data.classes) == 10


def test_what_is_asked_for_may_be_all_there_is_and_no_more(pool):
    there = len(pool.train_labels)
    data = load_data(train=there - 1, val=1, test=len(pool.test_labels))
    assert [len(split.labels) for split in (data.train, data.val, data.test)] == [there - 1, 1, len(pool.test_labels)]
    with pytest.raises(ValueError, match=f"has {there:,} images for train={there} and val=1: ask for fewer"):
        load_data(train=there, val=1)
    with pytest.raises(ValueError, match=f"train=None and val={there}: ask for fewer"):
        load_data(train=None, val=there)
    for wrong in (0, -1, 1.0, True, "1", [1]):
        with pytest.raises(ValueError, match="a number of images is a whole number from 1, or None for all there is"):
            load_data(test=wrong)
