"""How long should a warm-up be, and who needs one?

The lr rises from a twentieth to all of it in so many steps, and stays there. Adam, SGD with momentum and RAdam, each
at a high lr; and Adam and SGD at a moderate one, where there may be nothing to cure.
"""

from torch.optim.lr_scheduler import LinearLR

from experiments.training import OPTIMIZERS, begin, images, train

EPOCHS = 8  # of 32 steps
LENGTHS = (0, 2, 5, 20, 60, 200)
HIGH = (("Adam", 0.01), ("SGD", 0.3), ("RAdam", 0.01), ("Adam", 0.003), ("SGD", 0.1))
MODERATE = (("Adam", 0.001), ("SGD", 0.03))


def configs() -> list[dict]:
    """Return three seeds of each length at the high lrs, and of three lengths at the moderate ones."""
    cells = [(name, lr, steps) for name, lr in HIGH for steps in LENGTHS]
    cells += [(name, lr, steps) for name, lr in MODERATE for steps in LENGTHS[::3] + LENGTHS[-1:]]
    names = ("optimizer", "lr", "warm_up", "seed")
    return [dict(zip(names, (*cell, seed), strict=True)) for seed in range(3) for cell in cells]


def run(optimizer: str, lr: float, warm_up: int, seed: int) -> dict:
    """Train with a warm-up of so many steps, and without for 0."""
    model, chosen = begin(seed, lambda weights: OPTIMIZERS[optimizer](weights, lr=lr))
    rise = LinearLR(chosen, start_factor=0.05, total_iters=warm_up) if warm_up else None
    return train(model, chosen, images(), seed=seed, epochs=EPOCHS, per_batch=rise)
