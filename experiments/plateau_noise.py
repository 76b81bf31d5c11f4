"""Where does the noise of a validation loss come from: too few images, or weights that move?

Adam at a constant lr. After each epoch the loss of each of 2,000 validation images is kept, so that the same network
is seen by sets of 20 to 2,000 images. Averaged weights (exponentially, over about two epochs) are looked at beside.
"""

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.optim import Adam
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from experiments.training import begin, images, train

EPOCHS, SKIPPED = 16, 4  # of 16 steps; the steep start is no noise
SIZES = (20, 50, 100, 200, 500, 1000, 2000)


def configs() -> list[dict]:
    """Return three seeds of three lrs."""
    return [{"lr": lr, "seed": seed} for seed in range(3) for lr in (0.01, 0.003, 0.001)]


class Watch:
    """A scheduler for ``fit`` that leaves the lr alone and keeps the loss of each validation image after each epoch."""

    def __init__(self, optimizer, models: dict, split) -> None:
        self.optimizer, self.models, self.split = optimizer, models, split
        self.losses: dict[str, list[Tensor]] = {name: [] for name in models}

    @torch.no_grad()
    def step(self) -> None:
        """Look at all networks."""
        for name, model in self.models.items():
            logits = torch.cat([model.eval()(images) for images in self.split.images.split(250)])
            self.losses[name].append(F.cross_entropy(logits, self.split.labels, reduction="none"))

    def state_dict(self) -> dict:
        """Return nothing: these runs are short."""
        return {}


def run(lr: float, seed: int) -> dict:
    """Train at a constant lr and return how far the loss jumps from epoch to epoch, by the number of images."""
    model, optimizer = begin(seed, lambda weights: Adam(weights, lr=lr))
    data = images(train=2000, val=2000)
    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.97), use_buffers=True)
    hook = optimizer.register_step_post_hook(lambda *_: averaged.update_parameters(model))
    watch = Watch(optimizer, {"": model, "averaged_": averaged}, data.val)
    row = train(model, optimizer, data, seed=seed, epochs=EPOCHS, per_epoch=watch)
    hook.remove()
    jumped = {}
    for name, losses in watch.losses.items():
        each = torch.stack(losses)
        jumped |= {f"{name}jump_{size}": jump(each, size) for size in SIZES}
        jumped |= {f"{name}losses_{size}": " ".join(f"{v:.4f}" for v in means(each, size)[:, 0]) for size in (50, 2000)}
    return row | jumped


def means(each: Tensor, size: int) -> Tensor:
    """Return the losses that sets of ``size`` images see: (epochs, images) becomes (epochs, sets)."""
    count = each.shape[1] // size
    return each[:, : count * size].view(len(each), count, size).mean(dim=2)


def jump(each: Tensor, size: int) -> float:
    """Return the RMS change from epoch to epoch after the steep start, less the steady progress of a set."""
    changes = means(each, size)[SKIPPED:].diff(dim=0)
    return (changes - changes.mean(dim=0)).square().mean().sqrt().item()
