"""What ``record`` costs, in time and in memory, from the course's small network to an encoder of GPT-2's size.

    python benchmarks/recording.py                       all networks, with Adam
    python benchmarks/recording.py resnet18 --optimizers SGD Adam Adafactor Muon

Time: ten steps without recording, with ``every=10`` and with ``every=1``, in turns, so that what else the machine does
falls on all of them; the ratio is the median of those within a turn. Memory: the most that a process of its own held
while it made three steps. Sample: of large layers some elements are looked at; how far the median of their factor is
from that of all elements, on average and at most, as a ratio.
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

from lrcourse import SmallCNN, effective_lr, record
from lrcourse.steps.looking import WHOLE
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
    wanted = torch.randn_like(model(batch))  # never reached, so gradients do not vanish
    # Muon takes matrices only.
    params = [param for param in model.parameters() if kind != "Muon" or param.dim() == 2]
    optimizer = getattr(torch.optim, kind)(params, lr=RATES[kind], **({"momentum": 0.9} if kind == "SGD" else {}))

    def step() -> None:
        optimizer.zero_grad()
        (model(batch) - wanted).square().mean().backward()
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
                for _ in range(STEPS):  # the first one recorded also finds the names and chooses the places
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


def off(network: str, kind: str) -> tuple[float, float]:
    """Return how far the median factor of a large layer is from that of all its elements, on average and at most."""
    model, optimizer, step = training(network, kind)
    with record(model, optimizer, share=None) as trace:
        for _ in range(5):
            step()
    ratios = []
    for name, param in model.named_parameters():
        if param.numel() > WHOLE and name in trace.layers:
            some = trace.layers[name].factor[-1][2]
            all_of = effective_lr(optimizer, param).median().item() / trace.base_lr[-1]
            ratios.append(max(some / all_of, all_of / some))
    return (statistics.mean(ratios), max(ratios)) if ratios else (1.0, 1.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", default=list(NETWORKS), choices=[*NETWORKS, []])
    parser.add_argument("--optimizers", nargs="+", default=["Adam"], choices=list(RATES))
    parser.add_argument("--turns", type=int, default=7)
    arguments = parser.parse_args()
    print(f"{'network':14}{'weights':>9}{'optimizer':>11}{'step':>9}{'every=10':>10}{'every=1':>9}{'MB':>7}", end="")
    print(f"{'recorded':>10}{'sample':>8}{'at most':>9}")
    for network in arguments.networks:
        for kind in arguments.optimizers:
            model, optimizer, _ = training(network, kind)
            weights = sum(param.numel() for group in optimizer.param_groups for param in group["params"])
            del model, optimizer
            took, held = cost(network, kind, arguments.turns), [memory(network, kind, one) for one in (False, True)]
            print(
                f"{network:14}{weights / 1e6:8.1f}M{kind:>11}{1000 * took['step']:6.0f} ms{took['every=10']:10.3f}"
                f"{took['every=1']:9.3f}{held[0]:7.0f}{held[1] / held[0]:10.3f}"
                + "{:8.3f}{:9.3f}".format(*off(network, kind)),
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
