"""Shapes-10: ten classes of drawn 32x32 colour images, made by NumPy in seconds.

It stands in for CIFAR-10 where that is not on the machine, so it has to be about as hard: each image
shows one shape of its class, turned, scaled and placed at random, in low contrast, over a cluttered
background with a smaller shape of another class and noise. See ``docs/data.md`` for how the two compare.

The images are equal on every machine. That needs two things. The random numbers come from
``RandomState``, the one NumPy generator whose stream is frozen for good (NEP 19). And the drawing uses
only ``+ - * /``, comparisons and ``clip``, which IEEE 754 defines to the last bit; ``sin`` or ``exp`` or a
reduction such as ``sum`` may differ between processors.
"""

from __future__ import annotations

import numpy as np

CLASSES = (
    "disc",
    "ring",
    "square",
    "frame",
    "triangle",
    "cross",
    "star",
    "crescent",
    "bars",
    "half disc",
)
# A colour (red, green, blue) that each class leans to, as ships lean to blue and frogs to green in CIFAR-10:
# something that a network finds in its first epochs, long before it knows the shapes.
LEANING = np.array(
    [
        [0.9, 0.2, 0.2],
        [0.2, 0.8, 0.3],
        [0.2, 0.3, 0.9],
        [0.9, 0.8, 0.2],
        [0.8, 0.3, 0.8],
        [0.2, 0.8, 0.8],
        [0.9, 0.5, 0.2],
        [0.5, 0.3, 0.2],
        [0.3, 0.3, 0.3],
        [0.8, 0.8, 0.8],
    ]
)
SIZE = 32
CHUNK = 500  # images drawn at once: bounds the memory, and fixes which random numbers an image gets


def draw(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draw ``n`` images of Shapes-10 and their labels.

    Args:
        n: number of images.
        seed: seed of the generator. The first images of two calls with one seed are equal, whatever ``n``.

    Returns:
        Images, uint8 ``(n, 3, 32, 32)``, and labels, int64 ``(n,)`` in 0..9, the index into ``CLASSES``.

    Raises:
        ValueError: ``n`` is less than 1.

    >>> images, labels = draw(20)
    >>> images.shape, images.dtype, labels.shape
    ((20, 3, 32, 32), dtype('uint8'), (20,))
    """
    if n < 1:
        raise ValueError(f"n is the number of images to draw and must be at least 1, got {n}")
    chunks = [_draw_chunk(np.random.RandomState([seed, i])) for i in range(-(-n // CHUNK))]
    images, labels = (np.concatenate(parts)[:n] for parts in zip(*chunks, strict=True))
    return images, labels


def _draw_chunk(rng: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
    labels = rng.randint(0, len(CLASSES), CHUNK)
    others = rng.randint(0, len(CLASSES), CHUNK)
    image = _background(rng)
    image = _paint(image, rng, others, size=(0.2, 0.35), reach=0.8)
    image = _paint(image, rng, labels, size=(0.5, 0.85), reach=0.3)
    image = image + (rng.random_sample(image.shape) - 0.5) * 0.2
    return (image.clip(0, 1) * 255).astype(np.uint8), labels.astype(np.int64)


def _background(rng: np.random.RandomState) -> np.ndarray:
    """Return smooth clutter, ``(CHUNK, 3, 32, 32)`` in 0..1: a coarse random grid, blended bilinearly."""
    cells = 4
    knots = rng.random_sample((CHUNK, 3, cells + 1, cells + 1)) * 0.6 + 0.2
    at = np.arange(SIZE) * cells / SIZE
    low = at.astype(np.int64)
    part = at - low
    rows = knots[:, :, low] * (1 - part)[:, None] + knots[:, :, low + 1] * part[:, None]
    return rows[..., low] * (1 - part) + rows[..., low + 1] * part


def _paint(
    image: np.ndarray,
    rng: np.random.RandomState,
    labels: np.ndarray,
    size: tuple[float, float],
    reach: float,
) -> np.ndarray:
    """Paint the shape ``labels[i]`` over ``image[i]``, in a colour not far from what lies below it."""

    def uniform(low: float, high: float, *shape: int) -> np.ndarray:
        return rng.random_sample((CHUNK, *shape)) * (high - low) + low

    radius, x0, y0 = uniform(*size), uniform(-reach, reach), uniform(-reach, reach)
    # A turn without sin and cos: t in -1..1 gives every direction of a half circle, a sign the other half.
    t = uniform(-1, 1)
    sign = np.where(rng.random_sample(CHUNK) < 0.5, -1.0, 1.0)
    cos, sin = sign * (1 - t * t) / (1 + t * t), sign * 2 * t / (1 + t * t)
    axis = (np.arange(SIZE) + 0.5) / (SIZE / 2) - 1
    dx = axis[None, None, :] - x0[:, None, None]
    dy = axis[None, :, None] - y0[:, None, None]
    u = (cos[:, None, None] * dx + sin[:, None, None] * dy) / radius[:, None, None]
    v = (cos[:, None, None] * dy - sin[:, None, None] * dx) / radius[:, None, None]
    inside = np.empty_like(u)
    for label in range(len(CLASSES)):
        which = labels == label
        inside[which] = _inside(label, u[which], v[which])
    edge = radius[:, None, None] * (SIZE / 2)  # pixels in one unit of u and v, so that edges are a pixel wide
    cover = (inside * edge + 0.5).clip(0, 1)[:, None] * uniform(0.6, 1.0)[:, None, None, None]
    lean = uniform(0, 0.8, 1)
    colour = LEANING[labels] * lean + uniform(0, 1, 3) * (1 - lean)
    return image * (1 - cover) + colour[:, :, None, None] * cover


def _inside(label: int, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Return about how far inside the unit shape ``label`` the points are; negative is outside."""
    minimum, maximum = np.minimum, np.maximum
    disc = (1 - u * u - v * v) / 2
    square = 0.85 - maximum(abs(u), abs(v))
    return {
        "disc": lambda: disc,
        "ring": lambda: minimum(disc, (u * u + v * v - 0.3) / 1.2),
        "square": lambda: square,
        "frame": lambda: minimum(square, maximum(abs(u), abs(v)) - 0.5),
        "triangle": lambda: minimum(v + 0.5, (1 - v) / 2 - abs(u)),
        "cross": lambda: minimum(0.3 - minimum(abs(u), abs(v)), 1 - maximum(abs(u), abs(v))),
        "star": lambda: minimum(0.3 - abs(u) * abs(v) * 4, 1.1 - maximum(abs(u), abs(v))),
        "crescent": lambda: minimum(disc, ((u - 0.5) * (u - 0.5) + v * v - 0.5) / 1.4),
        "bars": lambda: minimum(0.9 - maximum(abs(u), abs(v)), abs(v) - 0.3),
        "half disc": lambda: minimum(disc, v + 0.05),
    }[CLASSES[label]]()
