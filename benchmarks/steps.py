"""Where the time of a training step goes, and what settings change it on this CPU.

    python benchmarks/steps.py

The first table is a profile of one epoch of ``fit``. The second trains in turns: each row changes one thing.
"""

import statistics
import time
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch.profiler import profile

from lrcourse import FlipAndCrop, SmallCNN, fit, load_data

TURNS = 7
IMAGES = 4000

torch.set_num_threads(2)
data = load_data(train=IMAGES, val=1, test=1)


def parts_of_a_step() -> dict[str, float]:
    """Return the seconds of each part, over one epoch."""
    model = SmallCNN()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    seconds = dict.fromkeys(("take the batch", "forward", "backward", "optimizer.step"), 0.0)
    model.train()
    images, labels = data.train
    for batch in torch.randperm(IMAGES).split(128):
        times = [time.perf_counter()]
        x, y = images[batch], labels[batch]
        times.append(time.perf_counter())
        loss = F.cross_entropy(model(x), y)
        times.append(time.perf_counter())
        optimizer.zero_grad()
        loss.backward()
        times.append(time.perf_counter())
        optimizer.step()
        times.append(time.perf_counter())
        for name, start, end in zip(seconds, times, times[1:], strict=False):
            seconds[name] += end - start
    return seconds


def epoch(*, batch_size=128, threads=2, layout=torch.channels_last, bf16=False, augmented=False) -> float:
    """Return the images/s of one epoch."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = SmallCNN().to(memory_format=layout)
    if augmented:
        model = torch.nn.Sequential(FlipAndCrop(), model)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    images = data.train.images.to(memory_format=layout)
    ready = replace(data, train=data.train._replace(images=images))
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
        started = time.perf_counter()
        fit(model, optimizer, ready, epochs=1, batch_size=batch_size, progress=False)
        seconds = time.perf_counter() - started
    torch.set_num_threads(2)
    return IMAGES / seconds


parts_of_a_step()
measured = [parts_of_a_step() for _ in range(TURNS)]
whole = statistics.median(sum(turn.values()) for turn in measured)
print(f"one epoch of {IMAGES:,} images: {whole:.2f} s")
for name in measured[0]:
    share = statistics.median(turn[name] / sum(turn.values()) for turn in measured)
    print(f"  {name:20}{share:6.0%}")
with profile() as profiled:
    parts_of_a_step()
print("the five costliest operations")
total = sum(event.self_cpu_time_total for event in profiled.key_averages())
for event in sorted(profiled.key_averages(), key=lambda event: -event.self_cpu_time_total)[:5]:
    print(f"  {event.key:45}{event.self_cpu_time_total / total:6.0%}")

settings = {
    "as it is": {},
    "contiguous, not channels_last": {"layout": torch.contiguous_format},
    "batches of 32": {"batch_size": 32},
    "batches of 512": {"batch_size": 512},
    "one thread": {"threads": 1},
    "bf16 autocast": {"bf16": True},
    "flip and crop": {"augmented": True},
}
rates = {name: [] for name in settings}
for turn in range(TURNS + 1):
    for name, options in settings.items():
        rate = epoch(**options)
        if turn:  # the first warms up
            rates[name].append(rate)
print(f"{'':32}{'images/s':>9}{'ratio':>8}")
for name, measured in rates.items():
    ratio = statistics.median(a / b for a, b in zip(measured, rates["as it is"], strict=True))
    print(f"{name:32}{statistics.median(measured):9,.0f}{ratio:8.2f}")
