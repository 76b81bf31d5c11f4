import os
import pickle

import numpy as np
import pytest
import torchvision

from lrcourse.images.layouts import CIFAR10_CLASSES


@pytest.fixture
def as_nobody(tmp_path):
    """Be somebody whom permissions hold off; the administrator, whom none do, becomes another for the test."""
    if os.name == "nt":
        pytest.skip("Windows has other permissions")
    if os.geteuid() != 0:
        yield
        return
    for folder in [tmp_path, *tmp_path.parents]:
        if folder.stat().st_mode & 0o005 != 0o005 and "pytest-" in str(folder):
            folder.chmod(0o755)
    tmp_path.chmod(0o777)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def batches(tmp_path, monkeypatch):
    """Write batches of torchvision's layout, ten images each, and tell torchvision their md5."""
    folder = tmp_path / "given" / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    rng = np.random.RandomState(0)

    def write(name, content):
        (folder / name).write_bytes(pickle.dumps(content))
        return [name, torchvision.datasets.utils.calculate_md5(folder / name)]

    def batch(name):
        return write(name, {"data": rng.randint(0, 256, (10, 3072), dtype=np.uint8), "labels": list(range(10))})

    cifar = torchvision.datasets.CIFAR10
    monkeypatch.setattr(cifar, "train_list", [batch(f"data_batch_{i}") for i in range(1, 6)])
    monkeypatch.setattr(cifar, "test_list", [batch("test_batch")])
    name, md5 = write("batches.meta", {"label_names": list(CIFAR10_CLASSES)})
    monkeypatch.setattr(cifar, "meta", {"filename": name, "key": "label_names", "md5": md5})
    monkeypatch.setenv("LRCOURSE_CIFAR10", str(tmp_path / "given"))
    monkeypatch.setenv("LRCOURSE_CACHE", str(tmp_path / "cache"))
    return folder
