"""TensorBoard: what is recorded can be read there, step by step, while the training runs or afterwards."""

import pytest
import torch
from small_training import make_net

from lrcourse import record
from lrcourse.integrations.tensorboard import log_to
from lrcourse.steps.series import COLUMNS

pytest.importorskip("tensorboard", exc_type=ModuleNotFoundError)


@pytest.mark.parametrize("live", [True, False])
def test_every_number_of_the_trace_is_in_the_file(live, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from torch.utils.tensorboard import SummaryWriter

    net = make_net()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 3, 0.5)
    with SummaryWriter(tmp_path) as writer:
        log = log_to(writer)
        with record(net, optimizer, log=log if live else None) as trace:
            for _ in range(8):
                optimizer.zero_grad()
                sum(param.square().sum() for param in net.parameters()).backward()
                optimizer.step()
                scheduler.step()
        for at in range(len(trace.step)) if not live else ():
            log(trace.row(at))
    read = EventAccumulator(str(tmp_path)).Reload()
    assert sorted(read.Tags()["scalars"]) == sorted(f"lrcourse/{name}" for name in ("base_lr", *COLUMNS))
    for name, numbers in (("base_lr", trace.base_lr), ("update_size", trace.everything.update_size)):
        scalars = read.Scalars(f"lrcourse/{name}")
        assert [scalar.step for scalar in scalars] == trace.step == list(range(1, 9))
        assert [scalar.value for scalar in scalars] == pytest.approx(numbers, rel=1e-6)  # kept in float32
