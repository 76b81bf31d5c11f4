"""The scripts of docs/own_training.md run as they stand, and what is recorded in them is what was planned."""

import os
import re
import struct
import subprocess
import sys

import pytest
import torch
from test_docs import tool
from test_environment import ROOT

pictures = tool("own_training_pictures")
SCRIPTS = pictures.scripts()
STEPS = {
    "A loop of your own": 160,
    "Compiled": 12,
    "Several processes": 12,
    "Lightning": 20,
    "transformers": 20,
    "accelerate": 20,
    "An optimizer of somebody else": 12,
    "A schedule of timm": 20,
    "To where you look": 12,
}
OTHERS = {
    "lightning.pytorch",
    "transformers",
    "accelerate",
    "timm.scheduler",
    "lion_pytorch",
    "torch.utils.tensorboard",
}
LEAVES = {"Several processes": "run.npz", "To where you look": "runs/events*"}  # the others: a picture
WHOLE = """
assert trace.step == list(range(1, {steps} + 1)), trace.step
assert trace.base_lr == planned, (trace.base_lr, planned)
"""


def run(script, folder, *module):
    """Run a script as a learner would, in a folder of its own."""
    (folder / "train.py").write_text(script, encoding="utf-8")
    environment = {**os.environ, "MPLBACKEND": "Agg", "HF_HUB_OFFLINE": "1", "PYTHONUTF8": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, *module, "train.py"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8")


def test_each_script_of_the_page_is_run():
    assert set(SCRIPTS) == {*STEPS, "What to look for"}
    assert pictures.PAGE.read_text(encoding="utf-8").count("```python") == len(SCRIPTS)


@pytest.mark.parametrize("title", STEPS)
def test_a_script_records_what_was_planned(title, tmp_path):
    script = SCRIPTS[title]
    for name in sorted(OTHERS & set(re.findall(r"^from ([\w.]+) import", script, re.MULTILINE))):
        pytest.importorskip(name, exc_type=ImportError)
    launcher = []
    if "torch.distributed" in script:
        if os.name == "nt" or not torch.distributed.is_available():
            pytest.skip("torchrun needs libuv, which torch has not on Windows")
        launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    ran = run(script + WHOLE.format(steps=STEPS[title]), tmp_path, *launcher)
    if launcher and "terminate called without an active exception" in ran.stderr:
        # Seen once in twenty: a thread of gloo's that still runs when its process ends. The script has done its work.
        ran = run(script + WHOLE.format(steps=STEPS[title]), tmp_path, *launcher)
    assert ran.returncode == 0, ran.stderr
    (left,) = tmp_path.glob(LEAVES.get(title, "clocks.png"))
    assert left.stat().st_size > 1000


def test_the_layer_that_stands_still_comes_first_and_far_below(tmp_path):
    ran = run(SCRIPTS["What to look for"], tmp_path)
    assert ran.returncode == 0, ran.stderr
    rows = re.findall(r"^(\S+[.]weight) +(\S+)$", ran.stdout, re.MULTILINE)
    (first, low), (_, other), *_ = [(name, float(ratio)) for name, ratio in rows]
    assert first == "0.weight" and 300 < other / low < 3000


def test_the_pictures_are_small_and_can_be_drawn_again(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["own_training_pictures.py", "--to", str(tmp_path)])
    pictures.main()
    for name in ("own_training_clocks.png", "own_training_layers.png"):
        assert f"({name})" in pictures.PAGE.read_text(encoding="utf-8")
        drawn, committed = (folder / name for folder in (tmp_path, ROOT / "docs"))
        assert drawn.read_bytes()[:4] == b"\x89PNG" and committed.stat().st_size < 150_000
        assert struct.unpack(">I", committed.read_bytes()[16:20]) == (1000,)
