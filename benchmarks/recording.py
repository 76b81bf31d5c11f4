"""What ``record`` costs, in time and in memory.

    python benchmarks/recording.py

Time: SmallCNN and Adam, batches of 128, two threads; without recording, with ``every=10`` and with ``every=1``, in
turns, so that what else the machine does falls on all of them. Memory: of a trace that is full.
"""

import statistics
import time
import tracemalloc

import torch

from lrcourse import SmallCNN, fit, load_data, record
from lrcourse.steps.traces import COLUMNS, MOST_ROWS, Trace

TURNS = 15

torch.set_num_threads(2)
data = load_data()


def train(every: int | None) -> float:
    """Return the seconds that two epochs took."""
    torch.manual_seed(0)
    model = SmallCNN()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    started = time.perf_counter()
    if every is None:
        fit(model, optimizer, data, epochs=2, progress=False)
    else:
        with record(model, optimizer, every=every):
            fit(model, optimizer, data, epochs=2, progress=False)
    return time.perf_counter() - started


ways = {"no recording": None, "every=10": 10, "every=1": 1}
seconds = {way: [] for way in ways}
train(1)
for _ in range(TURNS):
    for way, every in ways.items():
        seconds[way].append(train(every))
plain = statistics.median(seconds["no recording"])
print(f"{'':14}{'seconds':>9}{'ratio':>8}   (medians of {TURNS} turns)")
for way, measured in seconds.items():
    # Of ratios within a turn, since a turn is short and the machine is never quite the same for long.
    ratio = statistics.median(a / b for a, b in zip(measured, seconds["no recording"], strict=True))
    print(f"{way:14}{statistics.median(measured):9.3f}{ratio:8.3f}")

tracemalloc.start()
trace = Trace()
layers = len(list(SmallCNN().parameters())) + 1
for step in range(MOST_ROWS // layers):
    for series in [*(trace.layer(f"layer {i}") for i in range(layers - 1)), trace.everything]:
        series.append([step + 0.5 + i for i in range(len(COLUMNS))])
    trace.close_step(step, [0.1])
print(f"a full trace: {len(trace.step):,} steps x {layers} rows, {tracemalloc.get_traced_memory()[0] / 1e6:.0f} MB")
