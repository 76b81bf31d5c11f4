"""How long the learner waits before anything is trained: the import, and the images.

    LRCOURSE_CIFAR10=... python benchmarks/loading.py

Each row is measured in fresh processes, with a fresh cache for the first load.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

TURNS = 7
LOAD = """
import time
from lrcourse import load_data
import torch, lrcourse.data
started = time.perf_counter()
data = load_data(train=None, val=1000, test=None)
seconds = time.perf_counter() - started
print(sum(len(split.labels) for split in (data.train, data.val, data.test)), seconds, data.source, sep="|")
"""


def seconds(code: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - started


imports = {"import torch": [], "import torch, lrcourse": [], "import torch; from lrcourse import fit, record": []}
for _ in range(TURNS):
    for code, measured in imports.items():
        measured.append(seconds(code))
for code, measured in imports.items():
    more = statistics.median(a - b for a, b in zip(measured, imports["import torch"], strict=True))
    print(f"{code:48}{statistics.median(measured):6.2f} s{more:+7.2f} s")

with tempfile.TemporaryDirectory() as cache:
    for turn in ("first", "second", "third"):
        environment = {**os.environ, "LRCOURSE_CACHE": cache}
        done = subprocess.run([sys.executable, "-c", LOAD], env=environment, check=True, capture_output=True, text=True)
        count, taken, source = done.stdout.strip().split("|")
        print(f"{turn} load of {int(count):,} images{'':20}{float(taken):6.2f} s   {source}")
