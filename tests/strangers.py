"""Optimizers and schedulers that are none of torch's: each does in a few lines what one that people use does."""

import numpy as np
import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler


class ScheduleFree(Optimizer):
    """As those of schedulefree: the weights that are trained are not those that one keeps, and options count steps."""

    def __init__(self, params, lr=0.03):
        super().__init__(params, {"lr": lr, "k": 0, "weight_sum": 0.0, "lr_max": -1.0, "train_mode": False})

    @torch.no_grad()
    def _switch(self, train):
        for group in self.param_groups:
            for param in group["params"] if group["train_mode"] != train else ():
                if "z" in self.state[param]:
                    param.lerp_(self.state[param]["z"], 0.1 if train else 1 - 1 / 0.9)
            group["train_mode"] = train

    def train(self):
        self._switch(True)

    def eval(self):
        self._switch(False)

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            if not group["train_mode"]:
                raise RuntimeError("the optimizer was not in train mode")
            lr, group["k"] = group["lr"], group["k"] + 1
            group["lr_max"] = max(float(lr), group["lr_max"])
            group["weight_sum"] += group["lr_max"] ** 2
            for param in (param for param in group["params"] if param.grad is not None):
                z = self.state[param].setdefault("z", param.clone())
                param.lerp_(z, group["lr_max"] ** 2 / group["weight_sum"]).sub_(param.grad, alpha=0.1 * float(lr))
                z.sub_(param.grad, alpha=float(lr))


class Modes:
    """No ``Optimizer`` by class, around one; the mode is an attribute that no state knows of."""

    __hash__ = None  # as of a dataclass

    def __init__(self, params, lr=0.03):
        self.base, self.train_mode = torch.optim.SGD(params, lr=lr, momentum=0.5), False
        self.state_dict, self.load_state_dict = self.base.state_dict, self.base.load_state_dict
        self.zero_grad = self.base.zero_grad

    param_groups = property(lambda self: self.base.param_groups)
    state = property(lambda self: self.base.state)

    @torch.no_grad()
    def _switch(self, train):
        for group in self.param_groups if self.train_mode != train else ():
            for param in group["params"]:
                if "momentum_buffer" in self.state[param]:
                    param.add_(self.state[param]["momentum_buffer"], alpha=0.01 if train else -0.01)
        self.train_mode = train

    def train(self):
        self._switch(True)

    def eval(self):
        self._switch(False)

    def step(self):
        assert self.train_mode
        self.base.step()


class Guesses(torch.optim.SGD):
    """As Prodigy: an estimate among the options moves, from the second step on."""

    def __init__(self, params, lr=0.03):
        super().__init__(params, lr=lr)
        for group in self.param_groups:
            group.update(d=1e-2, d_max=1e-2, k=0)

    def step(self, closure=None):
        for group in self.param_groups:
            group["k"] += 1
            if group["k"] > 1:
                group["d"] = group["d_max"] = group["d"] * np.float64(1.5)
            for param in group["params"]:
                param.grad *= group["d"]
        super().step()


class Lookahead(Optimizer):
    """As timm's: around an optimizer, by class an ``Optimizer`` whose ``__init__`` was never called."""

    def __init__(self, params, lr=0.03):
        self.base_optimizer = torch.optim.Adam(params, lr=lr)
        self.param_groups, self.defaults = self.base_optimizer.param_groups, self.base_optimizer.defaults
        self.state = self.base_optimizer.state
        for group in self.param_groups:
            group["looks"] = 0

    @torch.no_grad()
    def step(self, closure=None):
        self.base_optimizer.step()
        for group in self.param_groups:
            group["looks"] += 1
            for param in group["params"]:
                slow = self.state[param].setdefault("slow", param.clone())
                if group["looks"] % 3 == 0:
                    param.copy_(slow.lerp_(param, 0.5))

    def zero_grad(self, set_to_none=True):
        self.base_optimizer.zero_grad(set_to_none)

    def state_dict(self):
        return self.base_optimizer.state_dict()

    def load_state_dict(self, state):
        self.base_optimizer.load_state_dict(state)


class OwnLr(Optimizer):
    """As Adafactor of transformers: it chooses its lr itself, and its groups hold none."""

    def __init__(self, params):
        super().__init__(params, {"lr": None})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for param in group["params"]:
                made = self.state[param].get("step", 0) + 1
                self.state[param]["step"] = made
                param.sub_(param.grad, alpha=0.1 / made)


class Table(LRScheduler):
    """Written before torch 2: factors in an array, numbers of NumPy all over its state."""

    def __init__(self, optimizer):
        self.factors, self.seen = np.linspace(1, 0.2, 9, dtype=np.float32), {np.int64(0): np.float64(1.0)}
        super().__init__(optimizer)

    def get_lr(self):
        factor = self.factors[min(self.last_epoch, 8)]
        self.seen[np.int64(self.last_epoch)] = factor
        return [base * factor for base in self.base_lrs]


class Plain:
    """A class with ``step()``, and nothing of torch's."""

    def __init__(self, optimizer):
        self.opt, self.t = optimizer, 0

    def step(self):
        self.t += 1
        for group in self.opt.param_groups:
            group["lr"] = group["lr"] * 0.8

    def state_dict(self):
        return {"t": self.t}

    def load_state_dict(self, state):
        self.t = state["t"]


class HoldsGroup(Plain):
    """It keeps the group at hand, not the optimizer."""

    def __init__(self, optimizer):
        self.group, self.t = optimizer.param_groups[0], 0

    def step(self):
        self.t += 1
        self.group["lr"] = self.group["lr"] * 0.8


class WritesOptions(Plain):
    """It changes options of the group and the optimizer's defaults, and one of them late."""

    def step(self):
        super().step()
        for group in self.opt.param_groups:
            group["note"] = self.t
            if self.t >= 5:
                group["weight_decay"] = 0.01 * self.t
        getattr(self.opt, "defaults", {})["note"] = self.t


class Greedy(Plain):
    """As GreedyLR of transformers: no ``LRScheduler``, moved by a metric, and it writes the lr when it is loaded."""

    def __init__(self, optimizer):
        super().__init__(optimizer)
        self.best, self._last_lr = float("inf"), [group["lr"] for group in optimizer.param_groups]

    def step(self, metrics, epoch=None):
        self.t += 1
        factor, self.best = (1.1, metrics) if metrics < self.best else (0.5, self.best)
        for group in self.opt.param_groups:
            group["lr"] = group["lr"] * factor
        self._last_lr = [group["lr"] for group in self.opt.param_groups]

    def state_dict(self):
        return {"t": self.t, "best": self.best, "_last_lr": [float(lr) for lr in self._last_lr]}

    def load_state_dict(self, state):
        vars(self).update(state)
        for group, lr in zip(self.opt.param_groups, self._last_lr, strict=True):
            group["lr"] = lr


class HandsOn:
    """As the scheduler of Accelerate: around one of torch's, it hands all on."""

    def __init__(self, optimizer, make=None):
        self.scheduler = (make or (lambda o: torch.optim.lr_scheduler.StepLR(o, 2, 0.5)))(optimizer)
        self.optimizers = [optimizer]

    def step(self, *args, **kwargs):
        self.scheduler.step(*args, **kwargs)

    def state_dict(self):
        return self.scheduler.state_dict()

    def load_state_dict(self, state):
        self.scheduler.load_state_dict(state)


class ByEpoch:
    """As timm's: it is told the epoch."""

    def __init__(self, optimizer, lasts=5):
        self.optimizer, self.lasts = optimizer, lasts
        self.base_values = [group["lr"] for group in optimizer.param_groups]

    def _get_lr(self, t):
        return [base * max(0, 1 - t / self.lasts) for base in self.base_values]

    def step(self, epoch, metric=None):
        for group, lr in zip(self.optimizer.param_groups, self._get_lr(epoch), strict=True):
            group["lr"] = lr


OPTIMIZERS = {cls.__name__: cls for cls in (ScheduleFree, Modes, Guesses, Lookahead, OwnLr)}
MAKE_SCHEDULER = {cls.__name__: cls for cls in (Table, Plain, HoldsGroup, WritesOptions, Greedy, HandsOn)}
