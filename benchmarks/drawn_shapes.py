"""Ten classes of drawn shapes for `benchmarks.quality`: hard enough for the frozen base to confuse some.

Each image has one large shape of its class, turned, stretched and of any colour, on a background of stripes and blobs,
with up to three smaller shapes of other kinds over it or beside it, blur and noise.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from core.datasets.sample.pen import Colour, Pen, Points, oval, smooth

SIDE = 224  # pixels of an image
SHAPES = ("arrow", "bean", "cross", "crescent", "disc", "drop", "gear", "ring", "square", "star")


def draw_shapes(folder: Path, train: int, held_out: int, shapes: Sequence[str] = SHAPES) -> None:
    """Writes `train` images per class under train/ and `held_out` under validation/, the same every time."""
    for split, count in (("train", train), ("validation", held_out)):
        for name in shapes:
            target = folder / split / name
            target.mkdir(parents=True)
            for number in range(count):
                rng = np.random.default_rng([*split.encode(), *name.encode(), number])
                draw_shape(name, rng).save(target / f"{number:04}.jpg", quality=85)


def draw_shape(name: str, rng: np.random.Generator) -> Image.Image:
    """One image, RGB, `SIDE` pixels square."""
    image = Image.new("RGB", (2 * SIDE, 2 * SIDE), _colour(rng))
    _background(image, rng)
    size = rng.uniform(0.22, 0.38) * image.width
    x, y = rng.uniform(0.3, 0.7, 2) * image.width
    others = [_other(name, rng) for _ in range(int(rng.integers(0, 4)))]
    behind = int(rng.integers(0, len(others) + 1))
    for other in others[:behind]:
        _stamp(image, other, rng.uniform(0.25, 0.5) * size, rng.uniform(0, 1, 2) * image.width, rng)
    _stamp(image, name, size, np.array((x, y)), rng)
    for other in others[behind:]:
        away = rng.uniform(0, 2 * np.pi)
        place = np.array((x, y)) + size * rng.uniform(0.7, 1.3) * np.array((np.cos(away), np.sin(away)))
        _stamp(image, other, rng.uniform(0.25, 0.5) * size, place, rng)
    image = image.reduce(2).filter(ImageFilter.GaussianBlur(rng.uniform(0, 1.5)))
    noise = rng.normal(0, rng.uniform(2, 14), (SIDE, SIDE, 3))
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


def _other(name: str, rng: np.random.Generator) -> str:
    return str(rng.choice([other for other in SHAPES if other != name]))


def _colour(rng: np.random.Generator) -> Colour:
    r, g, b = rng.integers(20, 236, 3)
    return int(r), int(g), int(b)


def _background(image: Image.Image, rng: np.random.Generator) -> None:
    pen = Pen(image)
    for _ in range(int(rng.integers(2, 6))):
        start, end = rng.uniform(0, image.width, (2, 2))
        pen.line([start, end], _colour(rng), rng.uniform(4, 24))
    for _ in range(int(rng.integers(0, 4))):
        (x, y), (width, height) = rng.uniform(0, image.width, 2), rng.uniform(8, 60, 2)
        pen.shape(oval(x, y, width, height), _colour(rng))


def _stamp(image: Image.Image, name: str, size: float, centre: Points, rng: np.random.Generator) -> None:
    pen = Pen(image, (float(centre[0]), float(centre[1])), size, float(rng.uniform(0, 360)))
    stretch = np.array((rng.uniform(0.75, 1.3), 1.0))
    colour = _colour(rng)
    pen.shape(_outline(name, rng) * stretch, colour)
    if name == "ring":
        pen.shape(oval(0, 0, 0.55, 0.55) * stretch, _colour(rng))


def _outline(name: str, rng: np.random.Generator) -> Points:
    match name:
        case "arrow":
            return np.array([(-1, -0.3), (0.1, -0.3), (0.1, -0.8), (1, 0), (0.1, 0.8), (0.1, 0.3), (-1, 0.3)])
        case "bean":
            return smooth([(-1, 0), (-0.6, -0.7), (0.6, -0.7), (1, 0), (0.6, 0.5), (0, 0), (-0.6, 0.5)])
        case "cross":
            arm = rng.uniform(0.25, 0.4)
            corner = [(-arm, -1), (arm, -1), (arm, -arm), (1, -arm)]
            quarter = np.array([(0, -1), (1, 0)])
            points = np.array(corner, np.float64)
            return np.concatenate([points @ np.linalg.matrix_power(-quarter, turn) for turn in range(4)])
        case "crescent":
            outer = np.linspace(-2.2, 2.2, 24)
            inner = outer[::-1] * 0.8
            return np.concatenate(
                [
                    np.stack([-np.cos(outer), np.sin(outer)], axis=1),
                    np.stack([0.35 - 0.85 * np.cos(inner), 0.85 * np.sin(inner)], axis=1),
                ]
            )
        case "disc" | "ring":
            return oval(0, 0, 1, 1)
        case "drop":
            return smooth([(0, -1), (0.25, -0.35), (0.6, 0.3), (0, 1), (-0.6, 0.3), (-0.25, -0.35)])
        case "gear" | "star":
            spikes = int(rng.integers(7, 11)) if name == "gear" else int(rng.integers(4, 7))
            notch = 0.75 if name == "gear" else 0.45
            angle = np.linspace(0, 2 * np.pi, 2 * spikes, endpoint=False)
            radius = np.tile([1.0, notch], spikes)
            return np.stack([radius * np.sin(angle), -radius * np.cos(angle)], axis=1)
        case _:
            return np.array([(-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)])
