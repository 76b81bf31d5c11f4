"""Law 6: interrupted at any point and resumed, a run ends as if nothing had happened."""

import copy
import dataclasses
import pickle
import re
import zipfile

import pytest
import torch
from cases import MAKE_SCHEDULER, OPTIMIZERS, options_of, same
from hypothesis import given, settings
from hypothesis import strategies as st
from test_laws import PLATEAU, TRAINABLE, tiny_data, tiny_model

from lrcourse import fit
from lrcourse.images.data import Split
from lrcourse.training import checkpoints


def make(name, options, which, lr=0.03):
    model = tiny_model()  # with dropout, which draws from the global generator
    optimizer = OPTIMIZERS[name](model.parameters(), lr=lr, **options)
    return model, optimizer, {when: MAKE_SCHEDULER[scheduler](optimizer) for when, scheduler in which.items()}


def run(name, options, which, path, *, stop_after=None, epochs=4, seed=0, lr=0.03):
    """Train, perhaps until an interruption, and return all that the run left; None where it was interrupted."""
    model, optimizer, schedulers = make(name, options, which, lr)
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
    seconds = data.draw(st.sampled_from([0.0, 1e9]))  # kept after every step, or after every epoch only
    path = tmp_path_factory.mktemp("run") / "run.pt"
    *whole, steps = run(name, options, which, None)
    assert steps == 12
    done = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoints, "SECONDS", seconds)
        for stop in stops:
            run(name, options, which, path, stop_after=stop)
            done = min(12, done + stop - 1)
            done = done if seconds == 0 else done - done % 3
        torch.manual_seed(99)  # the state of the global generator is part of the run
        *resumed, steps = run(name, options, which, path)
        assert same(resumed, whole) and steps == 12 - done
        *again, steps = run(name, options, which, path)
        assert steps == 0 and same(again, whole)
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("hook", ["register_step_pre_hook", "register_step_post_hook"])
@pytest.mark.parametrize("kept", [False, True])
def test_a_stopped_run_tells_what_it_saw_and_the_same_objects_go_on(hook, kept, tmp_path):
    mine = ("Adam", {}, {"per_batch": "OneCycleLR"})
    *_, whole, _, _ = run(*mine, None)
    model, optimizer, schedulers = make(*mine)
    once = iter([False] * 7 + [True] + [False] * 99)

    def stop(*_):
        if next(once):
            raise KeyboardInterrupt

    getattr(optimizer, hook)(stop)
    path = tmp_path / "run.pt" if kept else None
    call = {"epochs": 4, "batch_size": 9, "checkpoint": path, **schedulers}
    with pytest.raises(KeyboardInterrupt) as stopped:
        fit(model, optimizer, tiny_data(), **call)
    seen = stopped.value.history
    for name, count in {"lr": 7, "train_loss": 7, "val_loss": 2, "val_accuracy": 2}.items():
        assert getattr(seen, name) == whole[name][:count]
    assert seen.steps_per_epoch == 3
    (note,) = stopped.value.__notes__
    assert note.startswith("Stopped in epoch 3 of 4, after 7 steps.") and (str(path) in note) == kept
    if kept:
        assert vars(fit(model, optimizer, tiny_data(), **call)) == whole


@pytest.mark.parametrize(
    "other, difference",
    [
        ({"epochs": 5}, "epochs of run was 4, is 5"),
        ({"seed": 1}, "seed of run was 0, is 1"),
        ({"lr": 0.1}, "defaults.lr of optimizer was 0.03, is 0.1; .*initial_lr of optimizer was 0.03, is 0.1"),
        ({"name": "SGD"}, "optimizer was Adam, is SGD"),
        ({"which": {"per_epoch": "StepLR"}}, "per_batch was StepLR, is None; per_epoch was None, is StepLR"),
        ({"which": {"per_batch": "ExponentialLR"}}, "per_batch was StepLR, is ExponentialLR"),
        ({"options": {"amsgrad": True}}, "amsgrad of optimizer was False, is True"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused_and_kept(other, difference, tmp_path):
    mine = {"name": "Adam", "options": {}, "which": {"per_batch": "StepLR"}, "path": tmp_path / "run.pt"}
    run(**mine)
    content = mine["path"].read_bytes()
    with pytest.raises(ValueError, match=f"is the checkpoint of another run .*{difference}"):
        run(**{**mine, **other})
    assert mine["path"].read_bytes() == content


def test_a_checkpoint_of_another_model_or_other_images_is_refused(tmp_path):
    call = {"epochs": 1, "batch_size": 9, "checkpoint": tmp_path / "run.pt"}
    model, optimizer, _ = make("Adam", {}, {})
    data = tiny_data()
    fit(model, optimizer, data, **call)
    model[2].p = 0.25
    with pytest.raises(ValueError, match=r"\(2\) of model was Dropout\(p=0.5, .*\), is Dropout\(p=0.25"):
        fit(model, optimizer, data, **call)
    model[2].p = 0.5
    others = dataclasses.replace(data, train=Split(data.train.images, data.train.labels.flip(0)))
    with pytest.raises(ValueError, match="labels of run was .*, is "):
        fit(model, optimizer, others, **call)


def spoil(path, damage):
    """Put something else where a checkpoint is."""
    content = bytearray(path.read_bytes())
    if damage == "bit":
        with zipfile.ZipFile(path) as archive:
            weights = archive.read("archive/data/0")
        content[content.index(weights) + 1] ^= 1
    if damage == "later version":
        torch.save({**torch.load(path, weights_only=True), "format": 3}, path)
    elif damage == "first version":
        torch.save({"config": {}, "states": {}, "progress": {}, "rng": {}}, path)
    elif damage == "a model":
        torch.save(tiny_model().state_dict(), path)
    elif damage == "a tensor":
        torch.save(torch.ones(3), path)
    elif damage == "objects":
        torch.save(tiny_model(), path)
    elif damage == "another archive":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("word/document.xml", "<p/>")
    else:
        path.write_bytes(
            {
                "empty": b"",
                "short": content[:-500],
                "very short": content[:20],
                "bit": content,
                "text": b"epoch 3",
                "pickle": pickle.dumps(print),
            }[damage]
        )


@pytest.mark.parametrize(
    "damage, said",
    {
        "empty": "is empty: an interruption or a full disk may have left it so",
        "short": r"is damaged, most likely cut short \(File is not a zip file\)",
        "very short": "is damaged, most likely cut short",
        "bit": "is damaged: archive/data/0 in it is not what was written",
        "text": "was not written by fit: it does not begin like a file of torch.save",
        "pickle": "was not written by fit: it does not begin like a file of torch.save",
        "another archive": "was not written by fit: it is another zip archive",
        "objects": "was not written by fit: it holds objects that fit does not write",
        "a model": "was not written by fit: it holds a dict of 0.weight, 0.bias, 3.weight",
        "a tensor": "was not written by fit: it holds a Tensor",
        "first version": "is a checkpoint of another version of lrcourse, in format 1 instead of 2. Go on with that",
        "later version": "is a checkpoint of another version of lrcourse, in format 3 instead of 2. Go on with that",
    }.items(),
)
def test_what_is_no_checkpoint_is_refused_in_words_of_its_own_and_kept(damage, said, tmp_path):
    path = tmp_path / "run.pt"
    run("Adam", {}, {}, path)
    spoil(path, damage)
    content = path.read_bytes()
    model, optimizer, _ = make("Adam", {}, {})
    before = copy.deepcopy([model.state_dict(), optimizer.state_dict()])
    with pytest.raises(ValueError, match=f"run.pt {said}.*ame another file to begin anew") as error:
        fit(model, optimizer, tiny_data(), epochs=4, batch_size=9, checkpoint=path)
    assert same([model.state_dict(), optimizer.state_dict()], before) and path.read_bytes() == content
    assert ("damaged" in str(error.value)) == (damage in {"short", "very short", "bit"})
    assert not re.search("delet|remov|overwrit", str(error.value))
