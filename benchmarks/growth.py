"""How time and memory grow with epochs, with parameters and with recorded steps.

    python benchmarks/growth.py

Each row is a fresh process. Memory is the peak of the process, less what it held before the training.
"""

import json
import subprocess
import sys

CODE = """
import json, resource, sys, time
import torch
from torch import nn
from lrcourse import SmallCNN, fit, load_data, record
epochs, width, every = json.loads(sys.argv[1])
torch.set_num_threads(2)
torch.manual_seed(0)
data = load_data(train=1024, val=128, test=1)
layers = [SmallCNN()] if width == 0 else [nn.Flatten(), nn.Linear(3072, width), nn.ReLU(), nn.Linear(width, 10)]
model = nn.Sequential(*layers)
optimizer = torch.optim.Adam(model.parameters(), lr=0.0003)
def run(epochs):
    if every:
        with record(model, optimizer, every=every):
            fit(model, optimizer, data, epochs=epochs, batch_size=16, progress=False)
    else:
        fit(model, optimizer, data, epochs=epochs, batch_size=16, progress=False)
run(1)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
started = time.perf_counter()
run(epochs)
seconds = time.perf_counter() - started
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(json.dumps([seconds, peak / 1024, sum(p.numel() for p in model.parameters())]))
"""


def measure(epochs: int, width: int, every: int) -> tuple[float, float, int]:
    """Return seconds, MB and the number of parameters."""
    command = [sys.executable, "-c", CODE, json.dumps([epochs, width, every])]
    return tuple(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def row(what: str, epochs: int, width: int = 0, every: int = 0) -> None:
    seconds, memory, parameters = measure(epochs, width, every)
    each = seconds / (epochs * 64) * 1000
    print(f"{what:44}{parameters:>11,}{seconds:9.1f} s{each:9.2f} ms{memory:8.0f} MB")


print(f"{'':44}{'parameters':>11}{'in all':>11}{'a step':>12}{'more':>11}")
for epochs in (2, 8, 32):
    row(f"{epochs * 64:,} steps", epochs)
for epochs in (2, 8, 32):
    row(f"{epochs * 64:,} steps, every one recorded", epochs, every=1)
for width in (64, 256, 1024):
    row(f"512 steps, a hidden layer of {width:,}", 8, width)
for width in (64, 256, 1024):
    row(f"512 steps, a hidden layer of {width:,}, recorded", 8, width, every=1)
