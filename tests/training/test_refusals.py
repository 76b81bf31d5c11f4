"""Law 8: what could not be read back is refused before the first step, and what is another run's is left alone."""

import collections
import copy
import dataclasses
import enum
import math
import os
import pathlib
import pickle
import re
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import strangers
import torch
from cases import same
from test_checkpoints import make, run, train
from test_laws import tiny_data, tiny_model
from torch.optim import lr_scheduler as schedulers

from lrcourse import FlipAndCrop, fit
from lrcourse.images.data import Split
from lrcourse.training import checkpoint_files


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
    for part in ("train", "val"):
        images, labels = getattr(data, part)
        others = dataclasses.replace(data, **{part: Split(images, labels.flip(0))})
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


class Holds(strangers.Plain):
    """A scheduler of one's own that keeps something, as torch's would: in a state of all its attributes."""

    def __init__(self, optimizer, thing):
        super().__init__(optimizer)
        self.thing = thing

    def state_dict(self):
        return {name: value for name, value in vars(self).items() if name != "opt"}

    def load_state_dict(self, state):
        vars(self).update(state)


class Inherits(schedulers._LRScheduler):
    def __init__(self, optimizer, thing):
        self.thing = thing
        super().__init__(optimizer)

    def get_lr(self):
        return [0.5 * base for base in self.base_lrs]


class Slotted:
    __slots__ = ("factor",)

    def __init__(self):
        self.factor = 0.9

    def __call__(self, step):
        return self.factor**step


class Half(float):
    pass


class Mode(enum.Enum):
    MIN = "min"


@dataclasses.dataclass
class Settings:
    warmup: int = 3


class Remembers(torch.nn.Module):
    """A layer with a state of its own, which may be anything."""

    def __init__(self, thing):
        super().__init__()
        self.thing = thing

    def forward(self, images):
        return images

    def get_extra_state(self):
        return self.thing

    def set_extra_state(self, thing):
        self.thing = thing


class TakesNothing(torch.nn.Sequential):
    """Its ``state_dict`` takes no arguments, as people write it."""

    def state_dict(self):
        return super().state_dict()


class DropsSome(torch.nn.Sequential):
    def state_dict(self, *args, **kwargs):
        return {key: value for key, value in super().state_dict(*args, **kwargs).items() if "bias" not in key}


class CannotLoad(strangers.Lookahead):
    """By class it has ``load_state_dict``, which needs what ``Optimizer.__init__`` makes."""

    load_state_dict = torch.optim.Optimizer.load_state_dict


def with_option(value):
    def change(model, optimizer):
        optimizer.param_groups[0]["option"] = {"is": [value]}
        return {}

    return change


def per_epoch(make_one):
    return lambda model, optimizer: {"per_epoch": make_one(optimizer)}


THINGS = {
    "a StepLR": lambda o: schedulers.StepLR(o, 1),
    "an optimizer": lambda o: torch.optim.SGD([torch.ones(1)]),
    "a model": lambda o: tiny_model(),
    "a deque": lambda o: collections.deque(maxlen=3),
    "an enum": lambda o: Mode.MIN,
    "a dataclass": lambda o: Settings(),
    "a path": lambda o: pathlib.PurePosixPath("log"),
    "a lambda": lambda o: lambda step: 0.9**step,
    "a subclass of float": lambda o: Half(0.5),
    "80 bits": lambda o: np.longdouble(0.5),
}
UNREADABLE = {
    **{
        f"{cls.__name__} holds {what}": (
            per_epoch(lambda o, cls=cls, make_one=make_one: cls(o, make_one(o))),
            rf"per_epoch={cls.__name__} keeps a \w+ in its attribute 'thing', which cannot be read back from a file",
        )
        for cls in (Holds, Inherits)
        for what, make_one in THINGS.items()
    },
    "deep in a scheduler": (
        per_epoch(lambda o: Holds(o, {"a": [1, Settings()]})),
        r"per_epoch=Holds keeps a Settings in its attribute 'thing'\['a'\]\[1\]",
    ),
    "inside a SequentialLR": (
        per_epoch(
            lambda o: schedulers.SequentialLR(o, [schedulers.StepLR(o, 1), Inherits(o, Mode.MIN)], milestones=[1])
        ),
        r"per_epoch=SequentialLR keeps a Mode in its attribute '_schedulers'\[1\]\['thing'\]",
    ),
    "a callable with a state": (
        per_epoch(lambda o: schedulers.LambdaLR(o, type("F", (Settings,), {"__call__": lambda s, e: 1.0})(Mode.MIN))),
        r"per_epoch=LambdaLR keeps a Mode in its attribute 'lr_lambdas'\[0\]\['warmup'\]",
    ),
    "a function of C": (
        per_epoch(lambda o: schedulers.LambdaLR(o, math.exp)),
        r"per_epoch=LambdaLR.state_dict\(\) raised AttributeError \('builtin_function_or_method' object has no at",
    ),
    "a callable without attributes": (
        per_epoch(lambda o: schedulers.LambdaLR(o, Slotted())),
        r"per_epoch=LambdaLR.state_dict\(\) raised AttributeError \('Slotted' object has no attribute",
    ),
    "no state at all": (
        per_epoch(lambda o: type("Bare", (), {"step": lambda self: None})()),
        r"per_epoch=Bare has no state_dict\(\) and load_state_dict\(\) to keep it by: let its .* fit without checkp",
    ),
    "a state that nobody loads": (
        per_epoch(lambda o: type("Saves", (), {"step": lambda self: None, "state_dict": lambda self: {}})()),
        r"per_epoch=Saves has no state_dict\(\) and load_state_dict\(\)",
    ),
    "an optimizer's option": (
        with_option(Settings()),
        r"optimizer=Adam keeps a Settings in its attribute 'param_groups'\[0\]\['option'\]\['is'\]\[0\]",
    ),
    "a layer's own state": (
        lambda model, optimizer: model.append(Remembers(Settings())) and {},
        "model=Sequential keeps a Settings in its attribute '4._extra_state'",
    ),
    "a number too long": (
        with_option(2**3000),
        "the states of model, optimizer cannot be read back from a file: let its",
    ),
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_what_could_not_be_read_back_is_refused_before_the_first_step(what, tmp_path):
    change, said = UNREADABLE[what]
    model, optimizer, _ = make()
    chosen = change(model, optimizer)
    before = copy.deepcopy(dict(model.named_parameters()))
    with pytest.raises(ValueError, match=said) as refused:
        fit(model, optimizer, tiny_data(), epochs=1, checkpoint=tmp_path / "run.pt", **chosen)
    assert not re.search("damaged|delet|overwrit", str(refused.value))
    assert same(dict(model.named_parameters()), before) and not optimizer.state and not list(tmp_path.iterdir())
    fit(model, optimizer, tiny_data(), epochs=1, **chosen)  # nothing else stands in its way


def test_layers_without_weights_yet_get_the_line_that_helps(tmp_path):
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.LazyLinear(10))
    call = {"epochs": 1, "checkpoint": tmp_path / "run.pt"}
    with pytest.raises(ValueError, match="UninitializedParameter in its attribute '1.weight', .*: call the model once"):
        fit(model, torch.optim.SGD(model.parameters()), tiny_data(), **call)
    model(tiny_data().val.images)
    fit(model, torch.optim.SGD(model.parameters()), tiny_data(), **call)


def test_what_cannot_load_its_own_state_is_refused_before_the_first_step(tmp_path):
    call = {"epochs": 1, "checkpoint": tmp_path / "run.pt"}
    model = tiny_model()
    with pytest.raises(ValueError, match=r"optimizer=CannotLoad cannot load what its state_dict\(\) returned \(Attrib"):
        fit(model, CannotLoad(model.parameters()), tiny_data(), **call)
    model = DropsSome(*tiny_model())
    with pytest.raises(ValueError, match=r"model=DropsSome cannot load what its state_dict\(\) returned \(RuntimeErr"):
        fit(model, torch.optim.SGD(model.parameters()), tiny_data(), **call)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("thing", [{"seen": np.float32(0.5)}, np.arange(3), [1, (2.0, "a")], {"a": {1, 2}}, None])
def test_what_can_be_read_back_is_welcome_anywhere(thing, tmp_path):
    def new():
        model = tiny_model().append(Remembers(copy.deepcopy(thing)))
        optimizer = torch.optim.Adam(model.parameters())
        optimizer.param_groups[0]["option"] = copy.deepcopy(thing)
        return model, optimizer, {"per_epoch": Holds(optimizer, copy.deepcopy(thing))}

    path = tmp_path / "run.pt"
    *whole, _ = train(new(), path)
    objects = new()
    *again, steps = train(objects, path)
    assert steps == 0 and same(again, whole)
    for value in (objects[0][4].thing, objects[1].param_groups[0]["option"], objects[2]["per_epoch"].thing):
        assert type(value) is type(thing) and same(value, thing)


def test_a_state_dict_of_ones_own_need_not_take_arguments(tmp_path):
    def new():
        model = TakesNothing(*tiny_model())
        return model, torch.optim.Adam(model.parameters()), {}

    *whole, steps = train(new(), tmp_path / "run.pt")
    *again, none = train(new(), tmp_path / "run.pt")
    assert same(again, whole) and (steps, none) == (12, 0)


def adam(model, **options):
    return torch.optim.Adam(model.parameters(), **{"lr": 0.03, **options})


def in_groups(model, *, lr, turned=False):
    halves = [{"params": model[0].parameters(), "lr": lr}, {"params": model[3].parameters()}]
    return torch.optim.SGD(halves[::-1] if turned else halves, lr=0.1)


def sequence(gamma=0.5, milestone=2, more=()):
    def make_one(o):
        inside = [schedulers.LinearLR(o, 0.1, total_iters=2), schedulers.ExponentialLR(o, gamma)]
        inside += [schedulers.ConstantLR(o, 0.5) for _ in more]
        return schedulers.SequentialLR(o, inside, milestones=[milestone, *more])

    return make_one


# What is changed from one run to the next: a part, how it was made and is made now, and what is said of it.
CHANGED = {
    "gamma": ("s", lambda o: schedulers.StepLR(o, 2, 0.5), lambda o: schedulers.StepLR(o, 2, 0.6), "gamma of"),
    "T_mult": (
        "s",
        lambda o: schedulers.CosineAnnealingWarmRestarts(o, 2, 2),
        lambda o: schedulers.CosineAnnealingWarmRestarts(o, 2, 3),
        "T_mult of per_batch was 2, is 3",
    ),
    "T_0": (
        "s",
        lambda o: schedulers.CosineAnnealingWarmRestarts(o, 2, 2),
        lambda o: schedulers.CosineAnnealingWarmRestarts(o, 3, 2),
        "T_0 of per_batch was 2, is 3",
    ),
    "inside a SequentialLR": ("s", sequence(), sequence(gamma=0.6), "_schedulers.1.gamma of per_batch was 0.5, is 0.6"),
    "when a SequentialLR switches": ("s", sequence(), sequence(milestone=3), r"_milestones of per_batch was \[2\], is"),
    "how many are in a SequentialLR": ("s", sequence(), sequence(more=[9]), "number of _schedulers of per_batch was 2"),
    "milestones": (
        "s",
        lambda o: schedulers.MultiStepLR(o, [3, 5]),
        lambda o: schedulers.MultiStepLR(o, [3, 6]),
        "milestones.5 of per_batch was 1, is without; milestones.6 of per_batch was without, is 1",
    ),
    "a number in an array": (
        "s",
        lambda o: Holds(o, np.array([0.5, 0.25])),
        lambda o: Holds(o, np.array([0.5, 0.125])),
        r"thing of per_batch was \(2,\) \[0.5, 0.25\], is \(2,\) \[0.5, 0.125\]",
    ),
    "a number in a long tensor": (
        "s",
        lambda o: Holds(o, torch.linspace(1, 0, 900)),
        lambda o: Holds(o, torch.linspace(1, 0, 900).sqrt()),
        r"thing of per_batch was \(900,\) \[1.0, .*\.\.\. \([0-9a-f]{8}\), is \(900,\)",
    ),
    "weight decay": ("o", adam, lambda m: adam(m, weight_decay=0.1), "weight_decay of optimizer was 0, is 0.1"),
    "a tensor lr": (
        "o",
        lambda m: adam(m, lr=torch.tensor(0.5)),
        lambda m: adam(m, lr=torch.tensor(0.25)),
        "lr of optimizer was 0.5, is 0.25",
    ),
    "the lr of one group": (
        "o",
        lambda m: in_groups(m, lr=0.01),
        lambda m: in_groups(m, lr=0.02),
        "param_groups.0.initial_lr of optimizer was 0.01, is 0.02",
    ),
    "which weights are in which group": (
        "o",
        lambda m: in_groups(m, lr=0.1),
        lambda m: in_groups(m, lr=0.1, turned=True),
        r"param_groups.0.params of optimizer was \['0.weight', '0.bias'\], is \['3.weight', '3.bias'\]",
    ),
    "an option that a stranger moves": (
        "o",
        lambda m: strangers.Guesses(m.parameters(), lr=0.1),
        lambda m: strangers.Guesses(m.parameters(), lr=0.2),
        "defaults.lr of optimizer was 0.1, is 0.2",
    ),
    "a frozen layer": (
        "m",
        tiny_model,
        lambda: tiny_model().requires_grad_(False).append(torch.nn.Linear(10, 10)),
        r"0.weight of model was \(2, 3, 3, 3\) torch.float32, is \(2, 3, 3, 3\) torch.float32 frozen",
    ),
    "how far images are moved": (
        "m",
        lambda: torch.nn.Sequential(FlipAndCrop(1), *tiny_model()),
        lambda: torch.nn.Sequential(FlipAndCrop(2), *tiny_model()),
        r"\(0\) of model was FlipAndCrop\(padding=1\), is FlipAndCrop\(padding=2\)",
    ),
    "a class of layer": (
        "m",
        lambda: tiny_model().append(torch.nn.ReLU()),
        lambda: tiny_model().append(torch.nn.Tanh()),
        r"\(4\) of model was ReLU\(\), is Tanh\(\)",
    ),
}


@pytest.mark.parametrize("stop_after", [2, 5, None])
@pytest.mark.parametrize("what", CHANGED)
def test_whatever_was_changed_a_checkpoint_of_another_run_is_refused(what, stop_after, tmp_path, monkeypatch):
    monkeypatch.setattr("lrcourse.training.checkpoints.SECONDS", 0)
    part, was, now, said = CHANGED[what]

    def new(changed):
        made = {"m": tiny_model, "o": adam, "s": sequence()} | {part: changed}
        model = made["m"]()
        optimizer = made["o"](model)
        return model, optimizer, {"per_batch": made["s"](optimizer)}

    path = tmp_path / "run.pt"
    train(new(was), path, stop_after=stop_after)
    content = path.read_bytes()
    model, optimizer, which = new(now)
    before = copy.deepcopy([model.state_dict(), optimizer.state_dict(), which["per_batch"].state_dict()])
    with pytest.raises(ValueError, match=f"is the checkpoint of another run .*{said}.*. Name another file to begin an"):
        train((model, optimizer, which), path)
    assert same([model.state_dict(), optimizer.state_dict(), which["per_batch"].state_dict()], before)
    assert path.read_bytes() == content
    *_, steps = train(new(was), path)
    assert steps == 12 - (stop_after or 13) + 1


def test_objects_that_were_changed_by_hand_are_those_of_another_run(tmp_path):
    objects = make(which={"per_epoch": "StepLR"})
    train(objects, tmp_path / "run.pt")
    objects[1].param_groups[0]["weight_decay"] = 0.5
    with pytest.raises(ValueError, match="param_groups.0.weight_decay of optimizer was 0, is 0.5"):
        train(objects, tmp_path / "run.pt")


def test_a_run_that_objects_began_which_had_been_trained_goes_on_with_new_ones(tmp_path, monkeypatch):
    monkeypatch.setattr("lrcourse.training.checkpoints.SECONDS", 0)
    mine = {"name": "Guesses", "which": {"per_batch": "CosineAnnealingWarmRestarts", "per_epoch": "WritesOptions"}}
    used = make(**mine)
    train(used, None)
    path = tmp_path / "run.pt"
    assert train(used, path, stop_after=6) is None
    *_, steps = train(make(**mine), path)
    assert steps == 7


def test_a_description_is_the_same_in_every_process(capsys):
    code = """
import functools, torch
from lrcourse.training.fingerprints import describe
class Shows(torch.nn.Module):
    def extra_repr(self):
        return f"{torch.nn.functional.relu}, {object()}"
optimizer = torch.optim.SGD([torch.ones(1)])
optimizer.defaults["things"] = {"a", "b", "c", "d", "e"}, functools.partial(print), object, print, object()
print(describe(optimizer, Shows()), describe(Shows(), Shows()))
"""
    exec(code, {})
    here = capsys.readouterr().out
    env = {**os.environ, "PYTHONHASHSEED": "1"}  # texts stand in sets in another order
    assert subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True).stdout == here
    assert "'a', 'b', 'c', 'd', 'e'" in here and "0x" not in here


def test_a_state_that_does_not_fit_leaves_everything_as_it_was(tmp_path):
    path = tmp_path / "run.pt"
    run(which={"per_epoch": "StepLR"}, path=path)
    saved = torch.load(path, weights_only=True)
    saved["states"]["optimizer"]["param_groups"] = []
    torch.save(saved, path)
    objects = model, optimizer, which = make(which={"per_epoch": "StepLR"})
    before = copy.deepcopy([model.state_dict(), optimizer.state_dict(), which["per_epoch"].state_dict()])
    with pytest.raises(ValueError, match=r"run.pt does not fit: optimizer=Adam cannot load .*\. Name another file"):
        train(objects, path)
    assert same([model.state_dict(), optimizer.state_dict(), which["per_epoch"].state_dict()], before)


def test_a_folder_that_cannot_be_written_to_is_refused_before_the_first_step(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint_files.os, "access", lambda path, mode: False)
    with pytest.raises(PermissionError, match="run.pt: the folder .* cannot be written to, name another one"):
        run(path=tmp_path / "run.pt")
    assert not list(tmp_path.iterdir())
