"""The picture that grows while a model trains: in one place, not too often, and never in the training's way."""

import nbformat
import pytest
import torch
from cases import same, train_a_little
from nbclient import NotebookClient

import lrcourse.explorers.live as live
from lrcourse import record_live

CELL = """
import torch
from lrcourse import record_live

model = torch.nn.Linear(2, 1)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
with record_live(model, optimizer, every=2) as trace:
    for _ in range(200):
        optimizer.zero_grad()
        model(torch.ones(1, 2)).sum().backward()
        optimizer.step()
print(trace.step[-1])
"""


class Screen:
    """Stands where a notebook's output is, beside a clock of its own."""

    def __init__(self, monkeypatch, drawing=0.0):
        self.shown, self.now, self.drawing = [], 0.0, drawing
        monkeypatch.setattr(live, "get_ipython", lambda: type("Shell", (), {"kernel": True}))
        monkeypatch.setattr(live, "display", lambda image, display_id: self.update(image) or self)
        monkeypatch.setattr(live, "perf_counter", lambda: self.now)
        drawn = live.plot_two_clocks
        monkeypatch.setattr(live, "plot_two_clocks", lambda trace, *a, **k: self.paint(drawn, trace, *a, **k))

    def paint(self, drawn, trace, *args, **kwargs):
        self.now += self.drawing
        self.steps = len(trace.step)
        return drawn(trace, *args, **kwargs)

    def update(self, image):
        assert image.data[:4] == b"\x89PNG" and "effective lr" in image.alt
        self.shown.append(self.steps)


def train(screen=None, steps=10, seconds=0.3, **options):
    def around(model, optimizer):
        if screen:
            optimizer.register_step_post_hook(lambda *_: setattr(screen, "now", screen.now + seconds))
        return record_live(model, optimizer, **options)

    return train_a_little(torch.optim.Adam, steps=steps, around=around)


def test_in_a_notebook_one_picture_is_replaced_in_its_place():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    NotebookClient(notebook, kernel_name="python3").execute()
    outputs = notebook.cells[0].outputs
    assert [output.output_type for output in outputs] == ["display_data", "stream"]
    assert outputs[0].data["image/png"] and outputs[1].text == "199\n"


def test_it_is_painted_at_most_twice_a_second_and_at_the_end_with_all_steps(monkeypatch):
    screen = Screen(monkeypatch)
    train(screen, steps=10, seconds=0.3)
    assert screen.shown == [1, 3, 5, 7, 9, 10]


def test_drawing_takes_a_tenth_of_the_time(monkeypatch):
    screen = Screen(monkeypatch, drawing=0.2)
    train(screen, steps=100, seconds=0.1)
    assert 4 <= len(screen.shown) <= 7  # of the 10 seconds, and the last


@pytest.mark.parametrize("fails", ["display", "plot_two_clocks", "get_ipython", None])
def test_it_changes_nothing_and_whatever_fails_the_training_goes_on(fails, monkeypatch):
    plain = train_a_little(torch.optim.Adam, steps=10)
    Screen(monkeypatch)
    if fails:
        monkeypatch.setattr(live, fails, lambda *_, **__: 1 / 0)
        with pytest.warns(RuntimeWarning, match="the log that record was given failed"):
            trained = train()
    else:
        trained = train()
    assert same([one.state_dict() for one in plain], [one.state_dict() for one in trained])


def test_outside_of_a_notebook_nothing_is_drawn(capsys):
    train()
    assert capsys.readouterr().out == ""


def test_an_exception_of_the_training_is_passed_on_and_what_there_is_is_shown(monkeypatch):
    screen, model = Screen(monkeypatch), torch.nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(KeyboardInterrupt):
        with record_live(model, optimizer):
            for _ in range(2):
                model(torch.ones(1, 1)).sum().backward()
                optimizer.step()
            raise KeyboardInterrupt
    assert screen.shown == [1, 2]
