import hashlib

import numpy as np
import pytest
import torch
from torch.optim.lr_scheduler import StepLR

from lrcourse import SmallCNN, fit, load_data
from lrcourse.images.shapes10 import CLASSES, draw


def test_the_images_are_these_on_every_machine():
    images, labels = draw(12_000)
    assert images.shape == (12_000, 3, 32, 32) and images.dtype == np.uint8
    assert labels.shape == (12_000,) and labels.dtype == np.int64
    assert (
        hashlib.sha256(images.tobytes() + labels.astype("<i8").tobytes()).hexdigest()
        == "9ebe25f5c92f6acd44124780759eb84affbb3288c67ca59e40c379e6fa811851"
    )


def test_the_first_images_do_not_depend_on_how_many_are_drawn():
    few, many = draw(30, seed=5), draw(700, seed=5)
    assert all(np.array_equal(a, b[:30]) for a, b in zip(few, many, strict=True))
    assert not np.array_equal(few[0], draw(30, seed=6)[0])


def test_every_class_is_about_as_frequent():
    counts = np.bincount(draw(5000)[1], minlength=len(CLASSES))
    assert counts.min() > 400 and counts.max() < 600


def test_none_is_no_number_of_images():
    with pytest.raises(ValueError, match="at least 1, got 0"):
        draw(0)


def test_it_is_neither_solved_in_two_epochs_nor_left_at_chance_and_has_a_noise_floor():
    data = load_data()
    assert data.source.startswith("Shapes-10")
    torch.manual_seed(0)
    model = SmallCNN()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    history = fit(model, optimizer, data, epochs=9, per_epoch=StepLR(optimizer, 8, 0.1))
    assert 0.12 < history.val_accuracy[1] < 0.6
    assert 0.4 < history.val_accuracy[-1] < 0.9
    # The floor: at one lr the loss no longer falls as fast as it does at once when the lr drops.
    last, after = (np.mean(history.train_loss[32 * e : 32 * e + 32]) for e in (7, 8))
    previous = np.mean(history.train_loss[32 * 6 : 32 * 7])
    assert previous - last < last - after
