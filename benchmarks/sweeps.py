"""A sweep with one worker and with two, and one that is killed and started again.

    python benchmarks/sweeps.py

Eight runs of eight epochs each. The killed sweep is ended with SIGKILL, workers and all, at a random moment, again and
again until it is through. Each run notes in a file that it begins, so that one that was made twice shows.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import torch

from lrcourse import SmallCNN, fit, grid, load_data, sweep

CONFIGS = grid(lr=[0.01, 0.001], seed=[0, 1, 2, 3])


def run(lr: float, seed: int) -> dict:
    if "BEGUN" in os.environ:
        with open(os.environ["BEGUN"], "a") as file:
            file.write(f"{lr},{seed}\n")
    torch.manual_seed(seed)
    model = SmallCNN()
    data = load_data(train=2000, val=500, test=1)
    history = fit(model, torch.optim.Adam(model.parameters(), lr=lr), data, epochs=8, seed=seed, progress=False)
    return {"val_loss": history.val_loss[-1], "weights": sum(p.sum().item() for p in model.parameters())}


def kill_and_go_on(folder: Path) -> tuple[int, int]:
    """Return how often the sweep was killed until it was through, and how many runs were begun in all."""
    results, begun, kills, done = folder / "runs.csv", folder / "begun.csv", 0, set()
    begun.touch()
    while len(done) < len(CONFIGS):
        lines = len(begun.read_text().splitlines())
        command, environment = [sys.executable, __file__, str(results)], {**os.environ, "BEGUN": str(begun)}
        child = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, env=environment)
        try:
            child.wait(timeout=random.uniform(4, 12))
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            kills += 1
        now = begun.read_text().splitlines()
        assert not done & set(now[lines:]), "a finished run was made again"
        table = pd.read_csv(results) if results.exists() else pd.DataFrame(columns=["lr", "seed"])
        kept = {f"{row.lr},{row.seed}" for row in table.itertuples()}
        assert done <= kept, "a finished run was lost"
        done = kept
    return kills, len(now)


def main() -> None:
    seconds = {}
    for workers in (1, 2, 1, 2):
        started = time.perf_counter()
        table = sweep(run, CONFIGS, jobs=workers, progress=False)
        seconds.setdefault(workers, []).append(time.perf_counter() - started)
    for workers, (first, second) in seconds.items():
        print(f"{workers} worker(s): {first:5.1f} s, again {second:5.1f} s, ratio {seconds[1][1] / second:4.2f}")
    with tempfile.TemporaryDirectory() as folder:
        kills, begun = kill_and_go_on(Path(folder))
        again = sweep(run, CONFIGS, results=Path(folder) / "runs.csv", progress=False)
    print(f"killed {kills} times: {begun} runs begun for {len(CONFIGS)}; no finished one was lost or made again")
    print(f"equal to the sweep that was not killed, bit for bit: {again.equals(table)}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sweep(run, CONFIGS, results=sys.argv[1], progress=False)
    else:
        main()
