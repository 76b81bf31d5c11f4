"""Why should a lr go up? Peaks with and without a rise, in the setting of the lesson on cycles.

SGD with momentum, four epochs of 32 batches of 64. Each shape is tried at five peaks, with five seeds.
"""

from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, OneCycleLR

from experiments.training import OPTIMIZERS, begin, images, train

EPOCHS, BATCH = 4, 64
STEPS = EPOCHS * 32
SHAPES = {
    "constant": lambda optimizer, peak: None,
    "fall": lambda optimizer, peak: CosineAnnealingLR(optimizer, STEPS),
    "constant, then fall": lambda optimizer, peak: LambdaLR(optimizer, lambda step: min(1, 4 * (1 - step / STEPS))),
    "rise and fall": lambda optimizer, peak: OneCycleLR(optimizer, peak, STEPS, cycle_momentum=False),
    "rise and fall, momentum too": lambda optimizer, peak: OneCycleLR(optimizer, peak, STEPS),
}
PEAKS = (0.03, 0.01, 0.1, 0.003, 0.3)


def configs() -> list[dict]:
    """Return five seeds of each shape at each peak."""
    return [{"shape": s, "peak": peak, "seed": seed} for seed in range(5) for peak in PEAKS for s in SHAPES]


def run(shape: str, peak: float, seed: int) -> dict:
    """Train with the shape at its peak."""
    model, optimizer = begin(seed, lambda weights: OPTIMIZERS["SGD"](weights, lr=peak))
    data = images(train=2000, val=2000)
    plan = SHAPES[shape](optimizer, peak)
    return train(model, optimizer, data, seed=seed, epochs=EPOCHS, batch_size=BATCH, per_batch=plan)
