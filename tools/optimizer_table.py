"""Write docs/optimizers.md: what each optimizer of torch makes of the lr, and how exactly lrcourse takes it apart.

The words are kept here, the residuals are measured: 200 steps of SmallCNN on Shapes-10, batches of 32.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
import torch.nn.functional as F

from lrcourse import SmallCNN, decompose, load_data
from lrcourse.steps import look_before
from lrcourse.steps.summaries import last_place

PAGE = Path(__file__).resolve().parent.parent / "docs" / "optimizers.md"
STEPS = 200
TARGET = {torch.float32: 1e-5, torch.float64: 1e-12}

# name: factor, direction, what the base lr means, whether a scheduler acts on it
WORDS = {
    "SGD": ("1", "g, or the velocity with momentum", "step per unit of gradient", "yes"),
    "ASGD": ("1", "g + λw", "where η starts; η decays by itself", "one step late: η is computed a step ahead"),
    "RMSprop": ("1 / (√v + ε)", "g", "step per unit of normalised gradient", "yes"),
    "Adagrad": ("1 / ((1 + (t−1)·lr_decay) (√Σg² + ε))", "g", "step of the first gradient", "yes"),
    "Adadelta": ("√(u + ε) / √(v + ε), u the average of squared updates", "g", "a plain multiplier", "yes"),
    "Rprop": ("the step size, for base lr 1", "sign of g, 0 after it turned", "where the step sizes start", "no"),
    "Adam": ("1 / (√v̂ + ε)", "m̂", "about the size of a step", "yes"),
    "AdamW": ("1 / (√v̂ + ε)", "m̂", "about the size of a step, and times λ the decay", "yes, on the decay too"),
    "SparseAdam": ("√(1−β₂ᵗ) / (√v + ε)", "m̂ in rows with a gradient, else 0", "about the size of a step", "yes"),
    "Adamax": ("1 / u, the decaying maximum of abs(g)", "m̂", "about the size of a step", "yes"),
    "NAdam": ("1 / (√v̂ + ε)", "m̂ one step of momentum ahead", "about the size of a step", "yes"),
    "RAdam": ("1 at first, then rectified 1 / (√v̂ + ε)", "m̂", "first as in SGD, then as in Adam", "yes"),
    "Adafactor": (
        "RMS(w) · min(1, 1 / (lr √t)) / (clip · √v), v from rows and columns",
        "g",
        "step relative to the weights, capped at 1/√t",
        "below the cap",
    ),
    "Muon": ("one number for a matrix, from its shape", "averaged g, made orthogonal", "size of the step", "yes"),
    "LBFGS": ("1; curvature goes into the direction", "sum of up to 20 inner steps", "length of an inner step", "yes"),
}


def measure(name: str, dtype: torch.dtype) -> float:
    """Return the largest residual beyond 2 units in the last place of the weight, relative to the change."""
    torch.manual_seed(0)
    data = load_data()
    images, labels = data.train.images.to(dtype), data.train.labels
    model = SmallCNN().to(dtype)
    if name == "LBFGS":  # it cannot read gradients in channels_last
        model = model.to(memory_format=torch.contiguous_format)
    if name == "SparseAdam":  # its gradients come from an embedding: one of 64 words, drawn by the label
        model = torch.nn.Sequential(torch.nn.Embedding(64, 10, sparse=True, dtype=dtype))
        images = (labels * 6 + torch.arange(len(labels)) % 6).view(-1)
    params = [p for p in model.parameters() if name != "Muon" or p.ndim == 2]  # Muon takes matrices only
    lr = {"SGD": 0.01, "ASGD": 0.01, "LBFGS": 0.01, "Adadelta": 1.0, "Muon": 0.01}.get(name, 0.001)
    optimizer = getattr(torch.optim, name)(params, lr=lr)
    generator = torch.Generator().manual_seed(0)
    worst = 0.0
    for _ in range(STEPS):
        batch = torch.randint(0, len(labels), (32,), generator=generator)

        def closure(batch: torch.Tensor = batch) -> torch.Tensor:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(images[batch]), labels[batch])
            loss.backward()
            return loss

        before = {param: look_before(optimizer, param) for param in params}
        optimizer.step(closure)
        worst = max(worst, *(residual(optimizer, param, before[param]) for param in params))
    return worst


def residual(optimizer: torch.optim.Optimizer, param: torch.Tensor, before: object) -> float:
    was, now = before.weight, param.detach()
    change = now - was
    off = (change - decompose(optimizer, param, before=before).change).abs() - 2 * last_place(was, now)
    return (off.clamp(min=0) / change.abs().clamp(min=torch.finfo(change.dtype).tiny)).max().item()


def main() -> int:
    rows, missed = [], []
    for name, words in WORDS.items():
        figures = []
        for dtype, target in TARGET.items():
            figure = measure(name, dtype)
            figures.append("0" if figure == 0 else f"{figure:.0e}")
            if figure > target:
                missed.append(f"{name} in {dtype}: {figure:.0e}")
        rows.append(f"| {name} | {' | '.join(words)} | {' | '.join(figures)} |")
        print(rows[-1], flush=True)
    print("beyond the target:", missed or "none")
    head, tail = PAGE.read_text(encoding="utf-8").split("<!-- table -->")[::2]
    table = "\n".join(
        ["| optimizer | factor | direction | base lr | scheduler acts | float32 | float64 |", "|---" * 7 + "|", *rows]
    )
    PAGE.write_text(f"{head}<!-- table -->\n{table}\n<!-- table -->{tail}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
