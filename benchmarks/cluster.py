"""A sweep on a local Ray cluster of two nodes gives what it gives here, bit for bit.

    python -m pip install 'lrcourse[cluster]'
    python benchmarks/cluster.py

Not a line of the sweep changes; only joblib's backend does.
"""

import time

import joblib
import ray
import torch
from ray.cluster_utils import Cluster
from ray.util.joblib import register_ray

from lrcourse import SmallCNN, fit, grid, load_data, sweep


def run(lr: float, seed: int) -> dict:
    """Train for eight epochs, and return the loss, the sum of all weights, and where it ran."""
    torch.manual_seed(seed)
    model = SmallCNN()
    data = load_data(train=2000, val=500, test=1)
    history = fit(model, torch.optim.Adam(model.parameters(), lr=lr), data, epochs=8, seed=seed, progress=False)
    node = ray.get_runtime_context().get_node_id() if ray.is_initialized() else "here"
    return {"val_loss": history.val_loss[-1], "weights": sum(p.sum().item() for p in model.parameters()), "node": node}


configs = grid(lr=[0.01, 0.001], seed=[0, 1, 2, 3])
seconds = {}
for workers in (1, 2):
    started = time.perf_counter()
    here = sweep(run, configs, jobs=workers)
    seconds[f"{workers} worker(s)"] = time.perf_counter() - started

cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
cluster.add_node(num_cpus=1)
ray.init(address=cluster.address)
register_ray()
with joblib.parallel_config(backend="ray", n_jobs=2):
    started = time.perf_counter()
    there = sweep(run, configs)
    seconds["Ray, 2 nodes"] = time.perf_counter() - started

for name, value in seconds.items():
    print(f"{name:14} {value:6.1f} s  {seconds['1 worker(s)'] / value:5.2f} x")
equal = here.drop(columns="node").equals(there.drop(columns="node"))
print(f"{len(configs)} runs on {there.node.nunique()} nodes; equal to those here, bit for bit: {equal}")
