"""Drawing with Pillow in an image's own coordinates: colours, curves and the pen.

Colours are RGB, 0..255. `Pen` turns a shape's coordinates, in which one unit is the pen's size, into pixels.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
Points = NDArray[np.float64]  # (n, 2): x, y
Item = TypeVar("Item")

BLACK, WHITE, PINK = (38, 32, 34), (255, 255, 255), (232, 150, 152)


def pick(rng: np.random.Generator, items: Sequence[Item]) -> Item:
    return items[int(rng.integers(len(items)))]


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """`first` with `share` (0..1) of `second`."""
    r, g, b = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return r, g, b


def darker(colour: Colour, share: float = 0.25) -> Colour:
    return mix(colour, (24, 14, 20), share)


def smooth(points: ArrayLike, *, closed: bool = True, steps: int = 8) -> Points:
    """A Catmull-Rom curve through `points` (n, 2), `steps` points a piece."""
    p = np.asarray(points, dtype=np.float64)
    ring = np.concatenate([p[-1:], p, p[:2]]) if closed else np.concatenate([p[:1], p, p[-1:]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    a, b, c, d = (ring[i : len(ring) - 3 + i, None] for i in range(4))
    curve = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    return curve.reshape(-1, 2) if closed else np.concatenate([curve.reshape(-1, 2), p[-1:]])


def mirrored(right_half: ArrayLike) -> Points:
    """A smooth outline from its right half, top to bottom; the first and the last point lie on the middle line."""
    half = np.asarray(right_half, dtype=np.float64)
    return smooth(np.concatenate([half, (half * (-1, 1))[-2:0:-1]]))


def oval(x: float, y: float, width: float, height: float) -> Points:
    """An ellipse of half axes `width` and `height` as a polygon (28, 2)."""
    angle = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    return np.stack([x + width * np.cos(angle), y + height * np.sin(angle)], axis=1)


def bow(start: tuple[float, float], tip: tuple[float, float], end: tuple[float, float], bulge: float) -> Points:
    """A pointed shape: two edges from `start` and `end` to a sharp `tip`, each bent outwards by `bulge`."""
    s, p, e = (np.array(point) for point in (start, tip, end))
    t = np.linspace(0, 1, 10)[:, None]
    middle = (s + e) / 2
    near, far = (s + p) / 2 + bulge * (s - middle), (e + p) / 2 + bulge * (e - middle)
    rising = (1 - t) ** 2 * s + 2 * t * (1 - t) * near + t**2 * p
    falling = (1 - t) ** 2 * p + 2 * t * (1 - t) * far + t**2 * e
    return np.concatenate([rising, falling])


@dataclass
class Pen:
    """Draws on `image` in coordinates of its own: turned by `roll`, made `size` pixels a unit, moved to `centre`.

    Args:
        turn: Where the face looks: a shape of depth d moves by d times this, so a muzzle moves more than an eye.
        roll: Degrees, clockwise.
        ink: Width of the outlines in units; 0 draws none.
    """

    image: Image.Image
    centre: tuple[float, float] = (0.0, 0.0)
    size: float = 1.0
    roll: float = 0.0
    turn: tuple[float, float] = (0.0, 0.0)
    ink: float = 0.0

    def place(self, points: ArrayLike, depth: float = 0.0) -> list[tuple[float, float]]:
        """Pixels of `points` (n, 2)."""
        angle = np.radians(self.roll)
        rotation = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        moved = np.asarray(points, dtype=np.float64) + depth * np.array(self.turn)
        return [(x, y) for x, y in (moved @ rotation * self.size + self.centre).tolist()]

    def shape(self, points: ArrayLike, fill: Colour, depth: float = 0.0) -> None:
        pixels = self.place(points, depth)
        draw = ImageDraw.Draw(self.image)
        draw.polygon(pixels, fill=fill)
        width = round(self.ink * self.size)
        if width:
            draw.line([*pixels, *pixels[:2]], fill=darker(fill, 0.45), width=width, joint="curve")

    def line(self, points: ArrayLike, colour: Colour, width: float, depth: float = 0.0) -> None:
        """A line with round ends, `width` units wide."""
        pixels, radius = self.place(points, depth), max(width * self.size / 2, 0.8)
        draw = ImageDraw.Draw(self.image)
        draw.line(pixels, fill=colour, width=round(2 * radius), joint="curve")
        for x, y in (pixels[0], pixels[-1]):
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)

    @contextmanager
    def inside(self, outline: ArrayLike, depth: float = 0.0) -> Iterator["Pen"]:
        """A pen without ink whose marks stay within `outline`."""
        mask = Image.new("1", self.image.size)
        ImageDraw.Draw(mask).polygon(self.place(outline, depth), fill=1)
        layer = self.image.copy()
        yield Pen(layer, self.centre, self.size, self.roll, self.turn)
        self.image.paste(layer, mask=mask)
