"""The drawings that stand for a dataset where none has been opened yet."""

import io
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import ImageOps

from core.datasets.sample.faces import Species
from core.datasets.sample.sample import SPECIES, draw_image

SIDE = 192  # pixels, as a thumbnail
QUALITY = 85
DRAWN: tuple[tuple[Species, int], ...] = (
    ("cat", 20),
    ("dog", 1),
    ("cat", 10),
    ("dog", 16),
    ("cat", 13),
    ("dog", 7),
    ("cat", 9),
    ("dog", 13),
)
"""What is drawn, and a seed with which nothing hides the face."""


@dataclass(frozen=True)
class Drawing:
    """What is drawn, and a JPEG of 192 pixels a side."""

    species: Species
    content: bytes


@cache
def welcome_drawings() -> tuple[Drawing, ...]:
    """Eight of them, cats and dogs in turn; drawn once in each process, which takes a fraction of a second."""
    return tuple(_drawn(species, seed) for species, seed in DRAWN)


def _drawn(species: Species, seed: int) -> Drawing:
    image = draw_image(species, np.random.default_rng([seed, SPECIES.index(species)]))
    image = ImageOps.fit(image, (SIDE, SIDE))
    jpeg = io.BytesIO()
    image.save(jpeg, "JPEG", quality=QUALITY)
    return Drawing(species, jpeg.getvalue())
