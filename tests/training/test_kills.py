"""SIGKILL at random moments: what is on disk stays whole, and the next call goes on and ends as if nothing had been.

    LRCOURSE_KILLS=50 python -m pytest tests/test_kills.py

kills more often, and under more schedules, than a usual run of the tests can wait for. On Windows it is
TerminateProcess.
"""

import math
import os
import random
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from cases import same

SCHEDULES = ["OneCycleLR", "StepLR", "ReduceLROnPlateau"] if "LRCOURSE_KILLS" in os.environ else ["OneCycleLR"]
KILLS = math.ceil(int(os.environ.get("LRCOURSE_KILLS", 1)) / 4)  # for each of the tests
TRAIN = """
import sys, torch
from lrcourse import SmallCNN, fit, load_data
from lrcourse.training import checkpoints
from torch.optim.lr_scheduler import OneCycleLR, ReduceLROnPlateau, StepLR
when, path = sys.argv[1:]
checkpoints.SECONDS = 0  # kept after every step, so that many kills fall into the writing
data = load_data(train=256, val=64, test=1)
torch.manual_seed(0)
model = SmallCNN()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
scheduler = {
    "StepLR": lambda: {"per_epoch": StepLR(optimizer, 2, 0.5)},
    "OneCycleLR": lambda: {"per_batch": OneCycleLR(optimizer, 0.01, total_steps=96)},
    "ReduceLROnPlateau": lambda: {"per_epoch": ReduceLROnPlateau(optimizer, factor=0.5, patience=0)},
}[when]()
print("begins", flush=True)
fit(model, optimizer, data, epochs=6, batch_size=16, checkpoint=path, progress=False, **scheduler)
"""
BUILD = """
import numpy as np
from lrcourse.images import shapes10
from lrcourse.images import sources
def draw(n):  # Shapes-10 takes longer to draw than to write, and the writing is what can go wrong
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (n, 3, 32, 32), dtype=np.uint8), rng.integers(0, 10, n)
shapes10.draw = draw
print("begins", flush=True)
sources.load_pool()
"""


def start(code, *arguments):
    """Start a process and return it when it begins to work."""
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen([sys.executable, "-c", code, *arguments], env=env, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "begins\n"
    return process


def finish(process):
    process.communicate()
    assert process.returncode == 0


def time_of(code, *arguments):
    process = start(code, *arguments)
    started = time.perf_counter()
    finish(process)
    return time.perf_counter() - started


def was_killed(process, after):
    """Kill a process after some seconds; tell whether it was still at work."""
    time.sleep(after)
    process.kill()
    process.communicate()
    return process.returncode != 0


@pytest.mark.parametrize("when", SCHEDULES)
def test_a_training_run_that_was_killed_goes_on_and_ends_bitwise_equal(when, tmp_path):
    whole, path = tmp_path / "whole.pt", tmp_path / "killed.pt"
    seconds = time_of(TRAIN, when, str(whole))
    expected = torch.load(whole, weights_only=True)
    rng, kills = random.Random(when), 0
    while kills < KILLS:
        for _ in range(min(3, KILLS - kills)):  # in one run
            if not was_killed(start(TRAIN, when, str(path)), rng.uniform(0, 0.7 * seconds)):
                break
            kills += 1
        finish(start(TRAIN, when, str(path)))
        ended = torch.load(path, weights_only=True)
        assert len(ended["progress"]["history"]["lr"]) == 96 and same(ended, expected)
        path.unlink()
    print(f"{when}: {kills} kills")


def test_a_build_of_the_cache_that_was_killed_is_made_again(tmp_path, monkeypatch):
    def arrays(folder):
        return {file.name: np.load(file) for file in folder.glob("decoded/shapes10-*/*.npy")}

    monkeypatch.setenv("LRCOURSE_CACHE", str(tmp_path / "whole"))
    seconds = time_of(BUILD)
    expected = arrays(tmp_path / "whole")
    assert len(expected) == 4
    rng, kills, turn = random.Random(0), 0, 0
    while kills < KILLS:
        folder = tmp_path / f"killed {turn}"
        monkeypatch.setenv("LRCOURSE_CACHE", str(folder))
        kills += was_killed(start(BUILD), rng.uniform(0, seconds))
        turn += 1
        if list(folder.glob("decoded/shapes10-*")):
            assert len(arrays(folder)) == 4
        finish(start(BUILD))
        found = arrays(folder)
        assert found.keys() == expected.keys() and all(np.array_equal(found[name], expected[name]) for name in found)
    print(f"build of the cache: {kills} kills")
