"""Law 8: interrupted at any point and resumed, a run ends as if nothing had happened."""

from types import SimpleNamespace

import numpy as np
import pytest
import strangers
import torch
from cases import MAKE_SCHEDULER, OPTIMIZERS, options_of, same
from hypothesis import given, settings
from hypothesis import strategies as st
from test_laws import PLATEAU, TRAINABLE, tiny_data, tiny_model

from lrcourse import fit
from lrcourse.training import checkpoints

EVERY_OPTIMIZER = {name: OPTIMIZERS[name] for name in TRAINABLE} | strangers.OPTIMIZERS
EVERY_SCHEDULER = MAKE_SCHEDULER | strangers.MAKE_SCHEDULER
PER_BATCH = sorted(set(EVERY_SCHEDULER) - {PLATEAU, "Greedy"})
FROM_ANYWHERE = {"torch": torch.tensor, "numpy": np.float64, "numpy, 32 bits": np.float32, "Python": float}


def make(name="Adam", options=None, which=None, lr=0.03):
    """Return model, optimizer and schedulers, new ones."""
    model = tiny_model()  # with dropout, which draws from the global generator
    options = {"lr": lr, **(options or {})}
    optimizer = EVERY_OPTIMIZER[name](model.parameters(), **{} if name == "OwnLr" else options)
    return model, optimizer, schedule(optimizer, which or {})


def schedule(optimizer, which):
    """Return new schedulers of the optimizer."""
    optimizer = getattr(optimizer, "base", optimizer)  # torch's take none that is no Optimizer by class
    return {when: EVERY_SCHEDULER[scheduler](optimizer) for when, scheduler in which.items()}


def train(objects, path, *, stop_after=None, epochs=4, seed=0):
    """Train, perhaps until an interruption, and return all that the run left; None where it was interrupted."""
    model, optimizer, schedulers = objects
    steps = 0

    def count(module, _):
        nonlocal steps
        steps += module.training
        if steps == stop_after and module.training:
            steps -= 1
            raise KeyboardInterrupt

    hook = model.register_forward_pre_hook(count)
    try:
        history = fit(
            model, optimizer, tiny_data(), epochs=epochs, batch_size=9, seed=seed, checkpoint=path, **schedulers
        )
    except KeyboardInterrupt:
        return None
    finally:
        hook.remove()
    states = [part.state_dict() for part in (model, optimizer, *schedulers.values())]
    return [*states, vars(history), torch.get_rng_state(), steps]


def run(name="Adam", options=None, which=None, path=None, *, lr=0.03, **call):
    """Train new objects."""
    return train(make(name, options, which, lr), path, **call)


@st.composite
def runs(draw):
    """Draw an optimizer with its options, schedulers, and an lr: of torch and of others, in each kind of number."""
    name = draw(st.sampled_from(sorted(EVERY_OPTIMIZER)))
    options = draw(options_of(name)) if name in OPTIMIZERS else {}
    which = {"per_batch": draw(st.sampled_from([None, *PER_BATCH]))}
    which["per_epoch"] = draw(st.sampled_from([None, *sorted(EVERY_SCHEDULER)]))
    which = {when: scheduler for when, scheduler in which.items() if scheduler is not None}
    if name == "OwnLr":  # there is no lr to schedule
        which = {}
    plain = name in ("SGD", "Adam", "RMSprop") and not {"foreach", "fused"} & set(options)
    kinds = sorted(set(FROM_ANYWHERE) - ({"torch"} if not plain or "Greedy" in which.values() else set()))
    return name, options, which, draw(st.sampled_from(kinds))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    mine=runs(),
    stops=st.lists(st.integers(1, 12), max_size=3),
    seconds=st.sampled_from([0.0, 1e9]),  # kept after every step, or after every epoch only
    anew=st.sampled_from(["nothing", "schedulers", "everything"]),
)
def test_an_interrupted_run_ends_bitwise_equal(mine, stops, seconds, anew, tmp_path_factory):
    name, options, which, kind = mine

    def new():
        return make(name, options, which, FROM_ANYWHERE[kind](0.03))

    path = tmp_path_factory.mktemp("run") / "run.pt"
    *whole, steps = train(new(), None)
    assert steps == 12
    done, objects = 0, new()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoints, "SECONDS", seconds)
        for stop in stops:
            train(objects, path, stop_after=stop)
            done = min(12, done + stop - 1)
            done = done if seconds == 0 else done - done % 3
            # The objects of a run that was not kept have been trained, and are no beginning of the same run.
            objects = new() if anew == "everything" or not path.exists() else objects
            if anew == "schedulers" and path.exists():
                objects = *objects[:2], schedule(objects[1], which)
            if path.exists():
                torch.manual_seed(99)  # the state of the global generator is part of the run
        *resumed, steps = train(objects, path)
        assert same(resumed, whole) and steps == 12 - done
        for once_more in (objects, new()):
            torch.manual_seed(99)
            *again, steps = train(once_more, path)
            assert steps == 0 and same(again, whole)
            assert not once_more[0].training
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
    assert note.startswith("Stopped in epoch 3 of 4, after 7 steps.")
    assert note.endswith(f" The same call again goes on from {path}." if kept else "history = sys.last_value.history.")
    if kept:
        assert vars(fit(model, optimizer, tiny_data(), **call)) == whole


def test_a_run_that_is_stopped_before_anything_was_kept_says_so(tmp_path):
    objects, path = make(), tmp_path / "run.pt"
    objects[0].register_forward_pre_hook(lambda module, _: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt) as stopped:
        fit(*objects[:2], tiny_data(), epochs=4, checkpoint=path)
    assert stopped.value.__notes__[0].endswith(
        f"Nothing is in {path} yet: to begin anew, make model, optimizer and schedulers again."
    )
    assert stopped.value.history.steps_per_epoch == 1 and not stopped.value.history.lr


@pytest.mark.parametrize("seconds, kept_after", [(0.0, [1, 2, 3, 4, 5, 6, 7, 8]), (6.0, [3, 4, 7, 8]), (1e9, [4, 8])])
def test_a_run_is_kept_every_so_often_counted_from_when_it_was_kept_last(seconds, kept_after, tmp_path, monkeypatch):
    steps, kept, whole = 0, [], checkpoints.write_whole
    monkeypatch.setattr(checkpoints, "SECONDS", seconds)
    monkeypatch.setattr(checkpoints, "time", SimpleNamespace(monotonic=lambda: 2.0 * steps))  # a step takes two
    monkeypatch.setattr(checkpoints, "write_whole", lambda path: kept.append(steps) or whole(path))

    def count(module, _):
        nonlocal steps
        steps += module.training

    model, optimizer, _ = make()
    model.register_forward_pre_hook(count)
    fit(model, optimizer, tiny_data(), epochs=2, batch_size=6, checkpoint=tmp_path / "run.pt")
    assert kept == kept_after if seconds else sorted(set(kept)) == kept_after


def test_who_holds_a_group_the_state_or_the_lr_still_does_after_loading(tmp_path):
    """An optimizer around another, a scheduler that keeps a group at hand, defaults that share a tensor."""
    path = tmp_path / "run.pt"
    for _ in range(2):  # begins, goes on
        model = tiny_model()
        optimizer = strangers.Lookahead(model.parameters(), lr=torch.tensor(0.03))
        inner, lr = optimizer.base_optimizer, optimizer.param_groups[0]["lr"]
        groups, group, state = inner.param_groups, inner.param_groups[0], inner.state
        scheduler = torch.optim.lr_scheduler.ExponentialLR(inner, 0.5)
        fit(model, optimizer, tiny_data(), epochs=2, batch_size=9, per_epoch=scheduler, checkpoint=path)
        for one in (optimizer, inner):
            assert one.param_groups is groups and groups[0] is group and one.state is state and state
            assert group["lr"] is lr is one.defaults["lr"] and lr.item() == pytest.approx(0.0075)
        assert group["looks"] == 6


def test_what_comes_with_the_steps_and_cannot_be_kept_is_said_once_and_training_goes_on(tmp_path):
    class Turns(strangers.Plain):
        def state_dict(self):
            return {"t": self.t if self.t < 2 else object()}

    path = tmp_path / "run.pt"
    model, optimizer, _ = make()
    call = {"epochs": 4, "batch_size": 9, "per_epoch": Turns(optimizer), "checkpoint": path}
    with pytest.warns(
        UserWarning, match="Turns keeps a object in its attribute 't', .*is not kept from here on"
    ) as said:
        history = fit(model, optimizer, tiny_data(), **call)
    assert len(said) == 1 and len(history.lr) == 12 and said[0].filename == __file__
    assert len(torch.load(path, weights_only=True)["progress"]["history"]["lr"]) == 3
