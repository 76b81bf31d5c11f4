import matplotlib
import pytest
import torch
from hypothesis import Phase, settings

from lrcourse.images.data import Data, Split

matplotlib.rcdefaults()  # a matplotlibrc may lie where pytest was called
matplotlib.use("Agg")
# How long a test takes says nothing here: the machine may be busy.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
# For tools/mutants.py, which asks whether a test fails and not for the simplest example.
settings.register_profile("no shrinking", phases=(Phase.explicit, Phase.generate), deadline=None)


@pytest.fixture(scope="session")
def session_cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def no_cifar10(monkeypatch, session_cache):
    """Let no test depend on the data set or the cache of the person who runs it."""
    monkeypatch.delenv("LRCOURSE_CIFAR10", raising=False)
    monkeypatch.setenv("LRCOURSE_CACHE", str(session_cache))


@pytest.fixture
def data():
    """Random images, 5 batches of 8 and one of 2 a training epoch."""
    generator = torch.Generator().manual_seed(7)

    def split(n):
        return Split(torch.randn(n, 3, 32, 32, generator=generator), torch.randint(0, 10, (n,), generator=generator))

    return Data(split(42), split(16), split(16), tuple("abcdefghij"), "noise")
