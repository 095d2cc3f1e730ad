"""What is drawn for one copy, and how: the same picture, seed and copy number always give the same change."""

import hashlib
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from core.augmentation.parameters import Pair
from core.augmentation.settings import AugmentationConfig

NUM_DRAWS = 10
Box: TypeAlias = tuple[float, float, float, float]
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True)
class Drawn:
    """The parameters of one copy, as in Keras' `apply_transform`; the defaults change nothing.

    Steps happen to the picture in this order. Keras' numbers say where an output pixel comes from, hence the signs.

    Args:
        size: (height, width) in pixels that the shifts were drawn for.
        theta: Rotation in degrees; above 0 turns anticlockwise.
        tx: Shift along the width in pixels; above 0 moves left.
        ty: Shift along the height in pixels; above 0 moves up.
        shear: Slant in degrees; above 0 leans the top to the left.
        zx: Zoom factor of the width; below 1 widens.
        zy: Zoom factor of the height; below 1 heightens.
        channel_shift_intensity: Added to every colour value, -255..255, kept within the picture's own range.
        flip_horizontal: Mirror left to right.
        flip_vertical: Mirror top to bottom.
        brightness: Factor on every colour value, 0..3.
        crop: (left, top, width, height) of the part that is shown at full size, as shares of the sides, 0..1.
        contrast: Factor on each colour value's distance from its channel's mean, 0..3.
        saturation: Factor on the saturation of hue, saturation and value, 0..3.
        hue: Turn of the colour wheel in degrees, -180..180.
        grayscale: Without colour.
        blur: Standard deviation of the Gaussian in pixels.
        noise: Standard deviation of the noise in grey levels.
        noise_seed: Of the generator that draws the noise, 0..2**53.
        jpeg_quality: 1..100; 0 where it is not saved as a JPEG.
        erased: (left, top, width, height) of the rectangle that is covered, as shares of the sides; None for none.
    """

    size: tuple[int, int]
    theta: float = 0.0
    tx: float = 0.0
    ty: float = 0.0
    shear: float = 0.0
    zx: float = 1.0
    zy: float = 1.0
    channel_shift_intensity: float = 0.0
    flip_horizontal: bool = False
    flip_vertical: bool = False
    brightness: float = 1.0
    crop: Box = WHOLE
    contrast: float = 1.0
    saturation: float = 1.0
    hue: float = 0.0
    grayscale: bool = False
    blur: float = 0.0
    noise: float = 0.0
    noise_seed: int = 0
    jpeg_quality: int = 0
    erased: Box | None = None

    @property
    def moves(self) -> bool:
        """True when pixels have to be resampled; flips alone do not need it."""
        return (self.theta, self.tx, self.ty, self.shear, self.zx, self.zy) != (0, 0, 0, 0, 1, 1)

    def as_keras(self) -> dict[str, Any]:
        """The dictionary that Keras' `ImageDataGenerator.apply_transform` takes."""
        return {
            "theta": self.theta,
            "tx": self.tx,
            "ty": self.ty,
            "shear": self.shear,
            "zx": self.zx,
            "zy": self.zy,
            "flip_horizontal": self.flip_horizontal,
            "flip_vertical": self.flip_vertical,
            "channel_shift_intensity": self.channel_shift_intensity or None,
            "brightness": None if self.brightness == 1 else self.brightness,
        }


def generator_for(seed: int, digest: str, copy: int) -> np.random.Generator:
    """A random generator that depends on these three only, so order, threads and other images change nothing.

    Args:
        seed: The run's seed.
        digest: The image file's SHA-256 in hexadecimal.
        copy: Number of the copy, from 0.
    """
    key = hashlib.sha256(f"augmentation {seed} {digest} {copy}".encode()).digest()
    # PCG64 by name: numpy may change what default_rng means.
    return np.random.Generator(np.random.PCG64(int.from_bytes(key)))


def draw(config: AugmentationConfig, generator: np.random.Generator, size: tuple[int, int]) -> Drawn:
    """Draw one copy's parameters, with the distributions of Keras' `get_random_transform`.

    Always the same ten numbers in the same order, scaled by the ranges: moving one slider changes only its own effect.

    `width_shift_range` moves along the width, as Keras documents. Keras' own code has the two shift ranges swapped
    (keras-team/keras issue 17398), which no one sees while they are equal and the picture is square.

    Args:
        config: The ranges.
        generator: Advanced by ten uniform draws.
        size: (height, width) of the picture in pixels.
    """
    theta, tx, ty, shear, zx, zy, horizontal, vertical, channel, brightness = generator.random(NUM_DRAWS).tolist()
    height, width = size
    return Drawn(
        size=size,
        theta=_either_way(config.rotation_range, theta),
        tx=_either_way(config.width_shift_range, tx) * width,
        ty=_either_way(config.height_shift_range, ty) * height,
        shear=_either_way(config.shear_range, shear),
        zx=_between(config.zoom_limits, zx),
        zy=_between(config.zoom_limits, zy),
        channel_shift_intensity=_either_way(config.channel_shift_range, channel),
        flip_horizontal=config.horizontal_flip and horizontal < 0.5,
        flip_vertical=config.vertical_flip and vertical < 0.5,
        brightness=_between(config.brightness_range or (1.0, 1.0), brightness),
    )


def describe(drawn: Drawn) -> str:
    """One line for a caption: the steps in their order, in the viewer's directions, e.g. "shifted 5 % left".

    Amounts that round to nothing are left out; "unchanged" when nothing is left.
    """
    height, width = drawn.size
    wider, taller = 1 / drawn.zx - 1, 1 / drawn.zy - 1
    steps = [
        _step("rotated {} degrees", drawn.theta, "anticlockwise", "clockwise"),
        _step("shifted {} %", 100 * drawn.tx / width, "left", "right"),
        _step("shifted {} %", 100 * drawn.ty / height, "up", "down"),
        _step("slanted {} degrees", drawn.shear, "to the left", "to the right"),
        _step("{} %", 100 * wider, "wider", "narrower"),
        _step("{} %", 100 * taller, "taller", "shorter"),
        _step("colours {} levels", drawn.channel_shift_intensity, "up", "down"),
        "mirrored left to right" if drawn.flip_horizontal else "",
        "mirrored top to bottom" if drawn.flip_vertical else "",
        _step("{} %", 100 * (drawn.brightness - 1), "brighter", "darker"),
    ]
    return ", ".join(step for step in steps if step) or "unchanged"


def _either_way(limit: float, uniform: float) -> float:
    return limit * (2 * uniform - 1)


def _between(limits: Pair, uniform: float) -> float:
    low, high = limits
    return low + (high - low) * uniform


def _step(words: str, amount: float, above: str, below: str) -> str:
    shown = round(abs(amount))
    return f"{words.format(shown)} {above if amount > 0 else below}" if shown else ""
