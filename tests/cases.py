"""Optimizers and schedulers that the laws are tested on."""

import inspect

import numpy as np
import torch
from hypothesis import strategies as st
from torch import nn
from torch.optim import lr_scheduler as schedulers
from torch.optim.swa_utils import SWALR

# A factory for every scheduler of torch, that acts within a few steps.
MAKE_SCHEDULER = {
    "LambdaLR": lambda o: schedulers.LambdaLR(o, lambda step: 0.9**step),
    "MultiplicativeLR": lambda o: schedulers.MultiplicativeLR(o, lambda step: 0.8),
    "StepLR": lambda o: schedulers.StepLR(o, 2, 0.5),
    "MultiStepLR": lambda o: schedulers.MultiStepLR(o, [1, 4], 0.3),
    "ConstantLR": lambda o: schedulers.ConstantLR(o, 0.5, total_iters=2),
    "LinearLR": lambda o: schedulers.LinearLR(o, 0.1, total_iters=3),
    "ExponentialLR": lambda o: schedulers.ExponentialLR(o, 0.7),
    "PolynomialLR": lambda o: schedulers.PolynomialLR(o, total_iters=9, power=2),
    "CosineAnnealingLR": lambda o: schedulers.CosineAnnealingLR(o, T_max=5),
    "CosineAnnealingWarmRestarts": lambda o: schedulers.CosineAnnealingWarmRestarts(o, T_0=2, T_mult=2),
    "CyclicLR": lambda o: schedulers.CyclicLR(o, 0.001, 0.1, step_size_up=2, cycle_momentum=False),
    "OneCycleLR": lambda o: schedulers.OneCycleLR(
        o, 0.1, total_steps=30, cycle_momentum="momentum" in o.defaults or "betas" in o.defaults
    ),
    "ReduceLROnPlateau": lambda o: schedulers.ReduceLROnPlateau(o, factor=0.5, patience=0),
    "SequentialLR": lambda o: schedulers.SequentialLR(
        o, [schedulers.LinearLR(o, 0.1, total_iters=2), schedulers.CosineAnnealingLR(o, 5)], milestones=[2]
    ),
    "ChainedScheduler": lambda o: schedulers.ChainedScheduler(
        [schedulers.ConstantLR(o, 0.5, total_iters=2), schedulers.ExponentialLR(o, 0.9)]
    ),
    "SWALR": lambda o: SWALR(o, swa_lr=0.05, anneal_epochs=3),
}

# Every optimizer of torch, with what it needs to be made.
OPTIMIZERS = {
    name: cls
    for name, cls in vars(torch.optim).items()
    if isinstance(cls, type) and issubclass(cls, torch.optim.Optimizer) and cls is not torch.optim.Optimizer
}


# The values of every option that changes the maths, by optimizer; the first is the default.
OPTIONS = {
    "SGD": {"momentum": [0, 0.9], "dampening": [0, 0.3], "nesterov": [False, True], "weight_decay": [0, 0.1]},
    "ASGD": {"lambd": [1e-4, 0.1], "alpha": [0.75, 0.5], "t0": [1e6, 2], "weight_decay": [0, 0.1]},
    "Adadelta": {"rho": [0.9, 0.5], "eps": [1e-6, 1e-2], "weight_decay": [0, 0.1]},
    "Adafactor": {
        "beta2_decay": [-0.8, -0.5],
        "eps": [(None, 1e-3), (1e-3, 0.5)],
        "d": [1.0, 2.0],
        "weight_decay": [0, 0.1],
    },
    "Adagrad": {
        "lr_decay": [0, 0.1],
        "initial_accumulator_value": [0, 0.5],
        "eps": [1e-10, 1e-2],
        "weight_decay": [0, 0.1],
    },
    "Adam": {
        "betas": [(0.9, 0.999), (0.5, 0.8)],
        "eps": [1e-8, 1e-2],
        "amsgrad": [False, True],
        "weight_decay": [0, 0.1],
        "decoupled_weight_decay": [False, True],
    },
    "AdamW": {"betas": [(0.9, 0.999), (0.5, 0.8)], "amsgrad": [False, True], "weight_decay": [0.01, 0.5, 0]},
    "Adamax": {"betas": [(0.9, 0.999), (0.5, 0.8)], "eps": [1e-8, 1e-2], "weight_decay": [0, 0.1]},
    "LBFGS": {"max_iter": [20, 1], "line_search_fn": [None, "strong_wolfe"]},
    "Muon": {
        "weight_decay": [0.1, 0],
        "momentum": [0.95, 0.5],
        "nesterov": [True, False],
        "adjust_lr_fn": [None, "match_rms_adamw"],
    },
    "NAdam": {
        "betas": [(0.9, 0.999), (0.5, 0.8)],
        "momentum_decay": [4e-3, 0.1],
        "weight_decay": [0, 0.1],
        "decoupled_weight_decay": [False, True],
    },
    "RAdam": {
        "betas": [(0.9, 0.999), (0.5, 0.8)],
        "weight_decay": [0, 0.1],
        "decoupled_weight_decay": [False, True],
    },
    "RMSprop": {
        "alpha": [0.99, 0.5],
        "eps": [1e-8, 1e-2],
        "centered": [False, True],
        "momentum": [0, 0.9],
        "weight_decay": [0, 0.1],
    },
    "Rprop": {"etas": [(0.5, 1.2), (0.1, 3.0)], "step_sizes": [(1e-6, 50), (0.01, 0.05)]},
    "SparseAdam": {"betas": [(0.9, 0.999), (0.5, 0.8)], "eps": [1e-8, 1e-2]},
}
if torch.__version__ >= "2.14":  # older ones do not know it
    OPTIONS["Muon"]["adjust_lr_fn"].append("spectral_unclamped")
# How the same maths can be computed, or turned around; each optimizer takes some of them.
VARIANTS = ["maximize", "foreach", "fused"]


def takes(cls, option):
    return option in inspect.signature(cls).parameters


@st.composite
def options_of(draw, name):
    """Draw options of an optimizer that go together."""
    cls = OPTIMIZERS[name]
    options = {option: draw(st.sampled_from(values)) for option, values in OPTIONS[name].items()}
    variant = draw(st.sampled_from([None, *(v for v in VARIANTS if takes(cls, v))]))
    if variant is not None:
        options[variant] = True
    if name == "SGD" and options["nesterov"]:
        options.update(momentum=0.9, dampening=0)
    if name == "Muon" and draw(st.booleans()):
        options["ns_steps"] = 3
    return options


def train_a_little(make_optimizer, *, sparse=False, steps=4, around=None):
    """Train a tiny model and return model and optimizer; ``around(model, optimizer)`` is a context."""
    torch.manual_seed(0)
    # No bias, because Muon takes matrices only; only an embedding can have the sparse gradients of SparseAdam.
    model = nn.Sequential(nn.Embedding(5, 4, sparse=sparse), nn.Linear(4, 3, bias=False))
    optimizer = make_optimizer([model[0].weight] if sparse else model.parameters())
    generator = torch.Generator().manual_seed(1)

    def closure():
        optimizer.zero_grad()
        loss = (model(torch.randint(0, 5, (3,), generator=generator)) ** 2).sum()
        loss.backward()
        return loss

    def loop():
        for _ in range(steps):
            optimizer.step(closure)

    if around is None:
        loop()
    else:
        with around(model, optimizer):
            loop()
    return model, optimizer


def same(first, second):
    """Tell whether two nests of dicts, lists, tensors, arrays and numbers are equal to the last bit."""
    if isinstance(first, torch.Tensor):
        return isinstance(second, torch.Tensor) and torch.equal(first, second)
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)
    if isinstance(first, (list, tuple)):
        return len(first) == len(second) and all(map(same, first, second))
    if isinstance(first, np.ndarray):
        return isinstance(second, np.ndarray) and first.dtype == second.dtype and np.array_equal(first, second)
    return first == second or (first != first and second != second)  # NaN is no other number than NaN


def said(capsys, start):
    """Tell whether what was printed since the last look begins so."""
    return capsys.readouterr().out.startswith(start)
