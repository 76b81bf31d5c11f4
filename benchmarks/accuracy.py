"""How well SmallCNN does, as a check that network, data and loop are sound.

    LRCOURSE_CIFAR10=... python benchmarks/accuracy.py            4,000 images, 20 epochs
    LRCOURSE_CIFAR10=... python benchmarks/accuracy.py --all     all training images but 1,000, 10 epochs

The schedule is fixed beforehand and the test images are looked at once, at the end of each run.
"""

import argparse
import statistics
import time

import torch
from torch.optim.lr_scheduler import OneCycleLR

from lrcourse import SmallCNN, evaluate, fit, load_data

parser = argparse.ArgumentParser()
parser.add_argument("--all", action="store_true", help="train on all there is")
parser.add_argument("--seeds", type=int, default=3, help="number of runs")
arguments = parser.parse_args()

data = load_data(train=None, test=None) if arguments.all else load_data()
epochs = 10 if arguments.all else 20
steps = epochs * -(-len(data.train.labels) // 128)
print(f"{data}\nAdamW, OneCycleLR to 0.01 per batch, {epochs} epochs, {torch.get_num_threads()} threads")

accuracies = []
for seed in range(arguments.seeds):
    torch.manual_seed(seed)
    model = SmallCNN()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.05)
    started = time.perf_counter()
    fit(model, optimizer, data, epochs=epochs, per_batch=OneCycleLR(optimizer, 0.01, total_steps=steps), seed=seed)
    seconds = time.perf_counter() - started
    accuracies.append(evaluate(model, data.test)[1])
    images = epochs * len(data.train.labels) / seconds
    print(f"seed {seed}: test accuracy {accuracies[-1]:.1%} in {seconds:.0f} s, {images:,.0f} images/s")
if len(accuracies) > 1:
    print(f"mean {statistics.mean(accuracies):.1%}, standard deviation {statistics.stdev(accuracies):.1%}")
