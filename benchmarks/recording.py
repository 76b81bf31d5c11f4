"""What ``record`` costs, in time and in memory, from the course's small network to an encoder of GPT-2's size.

    python benchmarks/recording.py                       all networks, with Adam
    python benchmarks/recording.py resnet18 --optimizers SGD Adam Adafactor Muon

Time: ten steps without recording, with ``every=10`` and with ``every=1``, in turns, so that what else the machine does
falls on all of them; the ratio is the median of those within a turn. Memory: the most that a process of its own held
while it made three steps. Sample: how far the median and the 5 % and 95 % quantiles of the factor of large layers,
of which some elements are looked at, are from those of all their elements, at most, as a ratio.
"""

import argparse
import multiprocessing
import resource
import statistics
import time
import tracemalloc
import warnings
from collections.abc import Callable
from contextlib import nullcontext

import torch
from torch import nn
from torchvision.models import resnet18

import lrcourse.steps.looking
from lrcourse import SmallCNN, record
from lrcourse.steps.series import COLUMNS
from lrcourse.steps.traces import MOST_ROWS, Trace

THREADS = 2
STEPS = 10
RATES = {"SGD": 0.01, "Adam": 0.0001, "Adafactor": 0.001, "Muon": 0.001}


def encoder(width: int, layers: int) -> nn.Module:
    layer = nn.TransformerEncoderLayer(width, width // 64, 4 * width, dropout=0.0, batch_first=True)
    return nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)


# The network, and a batch for it.
NETWORKS = {
    "smallcnn": (SmallCNN, (128, 3, 32, 32)),
    "resnet18": (lambda: resnet18(num_classes=10), (32, 3, 32, 32)),
    "encoder-50m": (lambda: encoder(768, 7), (4, 64, 768)),
    "encoder-124m": (lambda: encoder(1024, 10), (4, 64, 1024)),
}


def training(network: str, kind: str) -> tuple[nn.Module, torch.optim.Optimizer, Callable[[], None]]:
    """Return a model, its optimizer, and what makes a step."""
    torch.manual_seed(0)
    torch.set_num_threads(THREADS)
    make, shape = NETWORKS[network]
    model, batch = make(), torch.randn(shape)
    # Muon takes matrices only.
    params = [param for param in model.parameters() if kind != "Muon" or param.dim() == 2]
    optimizer = getattr(torch.optim, kind)(params, lr=RATES[kind], **({"momentum": 0.9} if kind == "SGD" else {}))

    def step() -> None:
        optimizer.zero_grad()
        model(batch).square().mean().backward()
        optimizer.step()

    return model, optimizer, step


def cost(network: str, kind: str, turns: int) -> dict[str, float]:
    """Return the seconds of a step without recording, and the ratios with it."""
    model, optimizer, step = training(network, kind)
    seconds = {None: [], 10: [], 1: []}
    for turn in range(turns + 1):
        for every, measured in seconds.items():
            watching = nullcontext() if every is None else record(model, optimizer, every=every, share=None)
            with watching:
                if every is not None:  # the first step also finds the names and chooses the places
                    for _ in range(every):
                        step()
                started = time.perf_counter()
                for _ in range(STEPS):
                    step()
                measured.append((time.perf_counter() - started) / STEPS)
        if turn == 0:
            for measured in seconds.values():
                measured.clear()
    ratios = {
        every: statistics.median(a / b for a, b in zip(seconds[every], seconds[None], strict=True)) for every in (10, 1)
    }
    return {"step": statistics.median(seconds[None]), "every=10": ratios[10], "every=1": ratios[1]}


def most_memory(network: str, kind: str, recorded: bool, answer: multiprocessing.Queue) -> None:
    model, optimizer, step = training(network, kind)
    with record(model, optimizer, share=None) if recorded else nullcontext():
        for _ in range(3):
            step()
    answer.put(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def memory(network: str, kind: str, recorded: bool) -> float:
    """Return the MB that a process of its own held at most."""
    context = multiprocessing.get_context("spawn")
    answer = context.Queue()
    process = context.Process(target=most_memory, args=(network, kind, recorded, answer))
    process.start()
    megabytes = answer.get()
    process.join()
    return megabytes


def off(network: str, kind: str) -> float:
    """Return how far a quantile of the factor of a large layer is from that of all elements, at most."""
    found = []
    for whole in (lrcourse.steps.looking.WHOLE, 10**12):
        lrcourse.steps.looking.WHOLE, kept = whole, lrcourse.steps.looking.WHOLE
        model, optimizer, step = training(network, kind)
        with record(model, optimizer, share=None) as trace:
            for _ in range(5):
                step()
        lrcourse.steps.looking.WHOLE = kept
        found.append([trace.layers[name].factor[-1] for name in trace.layers])
    pairs = [(a, b) for some, all_of in zip(*found, strict=True) for a, b in zip(some, all_of, strict=True)]
    return max((max(a / b, b / a) for a, b in pairs if a > 0 and b > 0), default=float("nan"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", default=list(NETWORKS), choices=[*NETWORKS, []])
    parser.add_argument("--optimizers", nargs="+", default=["Adam"], choices=list(RATES))
    parser.add_argument("--turns", type=int, default=7)
    arguments = parser.parse_args()
    print(f"{'network':14}{'weights':>9}{'optimizer':>11}{'step':>9}{'every=10':>10}{'every=1':>9}{'MB':>7}", end="")
    print(f"{'recorded':>10}{'sample':>8}")
    for network in arguments.networks:
        for kind in arguments.optimizers:
            model, optimizer, _ = training(network, kind)
            weights = sum(param.numel() for group in optimizer.param_groups for param in group["params"])
            del model, optimizer
            took, held = cost(network, kind, arguments.turns), [memory(network, kind, one) for one in (False, True)]
            print(
                f"{network:14}{weights / 1e6:8.1f}M{kind:>11}{1000 * took['step']:6.0f} ms{took['every=10']:10.3f}"
                f"{took['every=1']:9.3f}{held[0]:7.0f}{held[1] / held[0]:10.3f}{off(network, kind):8.3f}",
                flush=True,
            )
    tracemalloc.start()
    trace, rows = Trace(), len(list(SmallCNN().parameters())) + 1
    for step in range(MOST_ROWS // rows):
        for series in [*(trace.layer(f"layer {i}") for i in range(rows - 1)), trace.everything]:
            series.append([step + 0.5 + i for i in range(len(COLUMNS))])
        trace.close_step(step, [0.1])
    print(f"a full trace: {len(trace.step):,} steps x {rows} rows, {tracemalloc.get_traced_memory()[0] / 1e6:.0f} MB")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
