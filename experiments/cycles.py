"""One cycle or several, in equally many steps?

``rise and fall`` is OneCycleLR, once, twice or four times in a row; ``fall`` is a cosine with warm restarts.
"""

from torch.optim.lr_scheduler import CosineAnnealingWarmRestarts, LambdaLR, OneCycleLR

from experiments.training import OPTIMIZERS, begin, images, train
from lrcourse import simulate

EPOCHS = 8
STEPS = EPOCHS * 32
OPTIMIZERS_AT = (("SGD", 0.03), ("Adam", 0.01), ("SGD", 0.1))


def configs() -> list[dict]:
    """Return three seeds of one, two and four cycles, first those that rise."""
    return [
        {"shape": shape, "optimizer": name, "lr": lr, "cycles": cycles, "seed": seed}
        for shape in ("rise and fall", "fall")
        for seed in range(3)
        for name, lr in OPTIMIZERS_AT
        for cycles in (1, 2, 4)
    ]


def cycle_after_cycle(optimizer, cycles: int):
    """Return a scheduler that goes through OneCycleLR's lrs several times."""
    length = STEPS // cycles
    once = simulate(lambda o: OneCycleLR(o, max_lr=1.0, total_steps=length, cycle_momentum=False), length)
    return LambdaLR(optimizer, lambda step: once[step % length])


def run(shape: str, optimizer: str, lr: float, cycles: int, seed: int) -> dict:
    """Train with so many cycles of the same height."""
    model, chosen = begin(seed, lambda weights: OPTIMIZERS[optimizer](weights, lr=lr))
    falls = shape == "fall"
    plan = CosineAnnealingWarmRestarts(chosen, STEPS // cycles) if falls else cycle_after_cycle(chosen, cycles)
    return train(model, chosen, images(), seed=seed, epochs=EPOCHS, per_batch=plan)
