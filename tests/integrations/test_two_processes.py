"""``DistributedDataParallel`` in two processes: each records, and both see the same steps."""

import pytest
import torch
from small_training import BATCHES, LR, assert_recorded, assert_same, halving, loss_of, make_images, make_net, weights
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler

from lrcourse import record
from lrcourse.steps import Trace

if not (torch.distributed.is_available() and torch.distributed.is_gloo_available()):
    pytest.skip("this torch has no gloo", allow_module_level=True)


def train(model):
    """Train on the batches of this process, and return the optimizer before the first step, and what goes on."""
    optimizer = torch.optim.Adam(model.parameters(), lr=LR)
    scheduler = halving(optimizer)
    images = make_images()
    loader = DataLoader(images, batch_size=2, sampler=DistributedSampler(images, shuffle=False))

    def loop():
        for batch in loader:
            optimizer.zero_grad()
            loss_of(model, batch).backward()
            optimizer.step()
            scheduler.step()

    return optimizer, loop


def run(rank, folder):
    """Be one of two processes: train with ``record`` and without, and save what came of it."""
    torch.set_num_threads(1)
    meet = torch.distributed.FileStore(str(folder / "meet"), 2)
    torch.distributed.init_process_group("gloo", store=meet, rank=rank, world_size=2)
    watched, free = (DistributedDataParallel(make_net()) for _ in range(2))
    optimizer, loop = train(watched)
    with record(watched.module, optimizer) as trace:
        loop()
    _, loop = train(free)
    loop()
    trace.save(folder / f"{rank}.npz")
    torch.save([weights(watched), weights(free)], folder / f"{rank}.pt")
    torch.distributed.destroy_process_group()


def test_both_processes_record_the_same_steps_and_change_nothing(tmp_path):
    torch.multiprocessing.spawn(run, args=(tmp_path,), nprocs=2)
    traces = [Trace.load(tmp_path / f"{rank}.npz") for rank in range(2)]
    assert_recorded(traces[0], BATCHES)
    assert list(traces[0].layers) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert traces[0] == traces[1]
    (ours, free), (theirs, _) = (torch.load(tmp_path / f"{rank}.pt") for rank in range(2))
    assert_same(ours, free)
    assert_same(ours, theirs)
