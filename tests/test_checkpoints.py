"""Law 6: interrupted at any point and resumed, a run ends as if nothing had happened."""

import pickle

import pytest
import torch
from cases import MAKE_SCHEDULER, OPTIMIZERS, options_of, same
from hypothesis import given, settings
from hypothesis import strategies as st
from test_laws import PLATEAU, TRAINABLE, tiny_data, tiny_model

from lrcourse import fit


def run(name, options, which, path, *, stop_after=None, epochs=4, seed=0, lr=0.03):
    """Train, perhaps until an interruption, and return all that the run left; None where it was interrupted."""
    model = tiny_model()  # with dropout, which draws from the global generator
    optimizer = OPTIMIZERS[name](model.parameters(), lr=lr, **options)
    schedulers = {when: MAKE_SCHEDULER[scheduler](optimizer) for when, scheduler in which.items()}
    steps = 0

    def count(*_):
        nonlocal steps
        steps += 1
        if steps == stop_after:
            raise KeyboardInterrupt

    optimizer.register_step_pre_hook(count)
    try:
        history = fit(
            model, optimizer, tiny_data(), epochs=epochs, batch_size=9, seed=seed, checkpoint=path, **schedulers
        )
    except KeyboardInterrupt:
        return None
    states = [part.state_dict() for part in (model, optimizer, *schedulers.values())]
    return [*states, vars(history), torch.get_rng_state(), steps]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_an_interrupted_run_ends_bitwise_equal(data, tmp_path_factory):
    name = data.draw(st.sampled_from(TRAINABLE))
    options = data.draw(options_of(name))
    which = {
        "per_batch": data.draw(st.sampled_from([None, *sorted(set(MAKE_SCHEDULER) - {PLATEAU})])),
        "per_epoch": data.draw(st.sampled_from([None, *sorted(MAKE_SCHEDULER)])),
    }
    which = {when: scheduler for when, scheduler in which.items() if scheduler is not None}
    stops = data.draw(st.lists(st.integers(1, 12), max_size=3))
    path = tmp_path_factory.mktemp("run") / "run.pt"
    *whole, steps = run(name, options, which, None)
    assert steps == 12
    for stop in stops:
        run(name, options, which, path, stop_after=stop)
    torch.manual_seed(99)  # the state of the global generator is part of the run
    *resumed, _ = run(name, options, which, path)
    assert same(resumed, whole)
    *again, steps = run(name, options, which, path)
    assert steps == 0 and same(again, whole)
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    "other, difference",
    [
        ({"epochs": 5}, "epochs was 4, is 5"),
        ({"seed": 1}, "seed was 0, is 1"),
        ({"lr": 0.1}, "optimizer was Adam .*'lr': 0.03.*, is Adam .*'lr': 0.1"),
        ({"name": "SGD"}, "optimizer was Adam .*, is SGD"),
        ({"which": {"per_epoch": "StepLR"}}, "per_batch was StepLR .*, is None; per_epoch was None, is StepLR"),
        ({"which": {"per_batch": "ExponentialLR"}}, "per_batch was StepLR .*, is ExponentialLR"),
        ({"options": {"amsgrad": True}}, "optimizer was Adam .*'amsgrad': False.*, is Adam .*'amsgrad': True"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused_and_kept(other, difference, tmp_path):
    mine = {"name": "Adam", "options": {}, "which": {"per_batch": "StepLR"}, "path": tmp_path / "run.pt"}
    run(**mine)
    content = mine["path"].read_bytes()
    with pytest.raises(ValueError, match=f"is the checkpoint of another run .*{difference}"):
        run(**{**mine, **other})
    assert mine["path"].read_bytes() == content


@pytest.mark.parametrize("damage", ["short", "text", "pickle", "model"])
def test_what_is_no_checkpoint_is_refused(damage, tmp_path):
    path = tmp_path / "run.pt"
    run("Adam", {}, {}, path)
    if damage == "short":
        path.write_bytes(path.read_bytes()[:-500])
    elif damage == "text":
        path.write_text("epoch 3")
    elif damage == "pickle":
        path.write_bytes(pickle.dumps(print))
    else:
        torch.save(tiny_model().state_dict(), path)
    with pytest.raises(ValueError, match="run.pt is not a whole checkpoint: name another file, or delete it"):
        run("Adam", {}, {}, path)
