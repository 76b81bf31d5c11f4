"""Seed i has the same first weights, the same order of images and the same random crops in every cell of a table."""

import hashlib

import pandas as pd
import pytest
import torch
from small_experiments import MODULES, modules, shrink

from experiments import training
from lrcourse import fit


class Enough(Exception):
    """Two batches were seen."""


def digest(*tensors):
    return hashlib.sha256(b"".join(tensor.contiguous().numpy().tobytes() for tensor in tensors)).hexdigest()


def cells(name):
    """Return all runs of one seed, and one of another."""
    configs = modules[name].configs()
    if name == "budgets":  # the runs that count come after those that find the lr
        found = pd.DataFrame(configs)
        configs += modules[name].configs(found.assign(val_loss=range(len(found))))[len(configs) :]
    first, second = [config for config in configs if config["seed"] == 0], [c for c in configs if c["seed"] != 0]
    return first + second[:1]


@pytest.fixture
def begun(monkeypatch, tmp_path):
    """Return a list of what each training began with: its weights, its random numbers, its first two batches."""
    shrink(monkeypatch, tmp_path)
    seen = []

    def begin(model, *arguments, **options):
        start = digest(*model.state_dict().values(), torch.get_rng_state())
        batches = []

        def look(_, inputs):
            batches.append(digest(*inputs))
            if len(batches) == 2:
                raise Enough

        model.register_forward_pre_hook(look)
        try:
            return fit(model, *arguments, **options)
        finally:
            seen.append((start, *batches))

    monkeypatch.setattr(training, "fit", begin)
    return seen


@pytest.mark.parametrize("name", MODULES)
def test_a_seed_is_the_same_start_and_the_same_order_in_every_cell(name, begun):
    by_seed = {}
    for config in cells(name):
        with pytest.raises(Enough):
            modules[name].run(**config)
        by_seed.setdefault(config["seed"], set()).add(begun[-1])
        begun.clear()
    assert all(len(starts) == 1 for starts in by_seed.values())
    first, second = (starts.pop() for starts in by_seed.values())
    assert first[0] != second[0] and first[1] != second[1] and len(first) == 3
