"""The experiments' modules, cut down to a size for tests."""

import functools
import importlib

from lrcourse import load_data

MODULES = ("reset", "warm_up", "why_up", "plateau_noise", "cycles", "budgets", "capstone")
modules = {name: importlib.import_module(f"experiments.{name}") for name in MODULES}
few = functools.cache(lambda **sizes: load_data(train=300, val=2000 if sizes.get("val") == 2000 else 20, test=20))


def planned_in(name, table, data):
    """Return the runs that a module plans, given the table that it has on a data set."""
    module = modules[name]
    if name != "budgets":
        return module.configs()
    found = module.data_name
    module.data_name = lambda: data
    try:
        return module.configs(table)
    finally:
        module.data_name = found


def shrink(monkeypatch, tmp_path):
    """Let all modules train on few images, and keep what they reach in a folder of the test."""
    monkeypatch.setattr("experiments.training.KEPT", tmp_path)
    monkeypatch.setattr("experiments.training.images", few)
    for module in modules.values():
        monkeypatch.setattr(module, "images", few)
