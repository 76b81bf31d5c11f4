"""Where a rule needs whole tensors, looking takes no more than a share of the time; elsewhere ``every`` stays."""

import pytest
import torch

import lrcourse.steps.pacing
import lrcourse.steps.recording
from lrcourse import record

LARGE = (200, 300)


class Clock:
    """A clock on which looking takes ``looking`` seconds a recorded step, and the rest of a step one second."""

    def __init__(self, monkeypatch, looking):
        self.now, self.looking = 0.0, looking
        for module in (lrcourse.steps.pacing, lrcourse.steps.recording):
            monkeypatch.setattr(module, "perf_counter", lambda: self.now)
        rows = lrcourse.steps.recording.Layers.rows
        monkeypatch.setattr(lrcourse.steps.recording.Layers, "rows", lambda *given: self.look() or rows(*given))

    def look(self):
        self.now += self.looking


def steps_recorded(clock, make_optimizer, shape=LARGE, steps=200, **options):
    param = torch.nn.Parameter(torch.zeros(shape))
    optimizer = make_optimizer([param], lr=0.01)
    with record(torch.nn.ParameterList([param]), optimizer, **options) as trace:
        for _ in range(steps):
            param.grad = torch.ones(shape)
            optimizer.step()
            clock.now += 1.0
    return trace.step


def test_every_doubles_until_looking_takes_its_share(monkeypatch):
    # Of one recorded step in 8, looking takes 0.7 seconds of 8.7: 8 %. In 4 it would be 15 %.
    steps = steps_recorded(Clock(monkeypatch, 0.7), torch.optim.Muon)
    assert steps[:8] == [1, 2, 3, 5, 9, 13, 17, 25]
    assert {later - earlier for earlier, later in zip(steps[6:], steps[7:], strict=False)} == {8}


@pytest.mark.parametrize("share, gap", [(0.05, 16), (0.5, 1), (None, 1)])
def test_the_share_is_the_users(share, gap, monkeypatch):
    steps = steps_recorded(Clock(monkeypatch, 0.7), torch.optim.Adafactor, share=share)
    assert steps[-1] - steps[-2] == gap


def test_every_is_where_it_begins(monkeypatch):
    steps = steps_recorded(Clock(monkeypatch, 0.7), torch.optim.Muon, every=10)
    assert steps[:3] == [1, 11, 21]


@pytest.mark.parametrize("make_optimizer, shape", [(torch.optim.Adam, LARGE), (torch.optim.Muon, (20, 30))])
def test_what_is_looked_at_in_part_or_is_small_is_recorded_as_asked_however_long_it_takes(
    make_optimizer, shape, monkeypatch
):
    assert steps_recorded(Clock(monkeypatch, 100.0), make_optimizer, shape, steps=20) == list(range(1, 21))


def test_the_time_of_a_log_is_not_that_of_looking(monkeypatch):
    clock = Clock(monkeypatch, 0.01)

    def log(row):
        clock.now += 5.0

    assert steps_recorded(clock, torch.optim.Muon, steps=20, log=log) == list(range(1, 21))


@pytest.mark.parametrize("share", [-0.1, "much", float("nan")])
def test_a_share_that_is_none_is_refused(share):
    layer = torch.nn.Linear(1, 1)
    with pytest.raises(ValueError, match="share must be a finite number from 0"):
        with record(layer, torch.optim.SGD(layer.parameters()), share=share):
            pass
