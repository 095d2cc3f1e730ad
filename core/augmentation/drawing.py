"""The random parameters of one copy: the same image, seed and copy number always give the same ones."""

import hashlib
import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from core.augmentation.parameters import Pair
from core.augmentation.settings import AugmentationConfig

NUM_DRAWS = 27
Box: TypeAlias = tuple[float, float, float, float]
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
CROP_RATIOS: Pair = (3 / 4, 4 / 3)
ERASING_RATIOS: Pair = (0.3, 3.3)


@dataclass(frozen=True)
class Drawn:
    """The parameters of one copy; the defaults change nothing.

    Steps happen to the image in this order. From theta to brightness they are those of Keras' `apply_transform`,
    whose numbers say where an output pixel comes from, hence the signs.

    Args:
        size: (height, width) in pixels that the shifts were drawn for.
        crop: (left, top, width, height) of the part that is shown at full size, as shares of the sides, 0..1.
        theta: Rotation in degrees; above 0 turns anticlockwise.
        tx: Shift along the width in pixels; above 0 moves left.
        ty: Shift along the height in pixels; above 0 moves up.
        shear: Slant in degrees; above 0 leans the top to the left.
        zx: Zoom factor of the width; below 1 widens.
        zy: Zoom factor of the height; below 1 heightens.
        channel_shift_intensity: Added to every colour value, -255..255, kept within the image's own range.
        flip_horizontal: Mirror left to right.
        flip_vertical: Mirror top to bottom.
        brightness: Factor on every colour value, 0..3.
        contrast: Factor on each colour value's distance from its channel's mean, 0..3.
        saturation: Factor on the saturation of hue, saturation and value, 0..3.
        hue: Turn of the colour wheel in degrees, -180..180; above 0 from red to yellow.
        grayscale: Without colour.
        blur: Standard deviation of the Gaussian in pixels.
        noise: Standard deviation of the noise in grey levels.
        noise_seed: Of the generator that draws the noise, 0..2**53; 0 where there is none.
        jpeg_quality: 1..100; 0 where it is not saved as a JPEG.
        erased: (left, top, width, height) of the rectangle that is covered, as shares of the sides; None for none.
    """

    size: tuple[int, int]
    crop: Box = WHOLE
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
        still = (WHOLE, 0, 0, 0, 0, 1, 1)
        return (self.crop, self.theta, self.tx, self.ty, self.shear, self.zx, self.zy) != still


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
    """Draw one copy's parameters, with the distributions of Keras' `get_random_transform` where Keras has them.

    Always the same draws in the same order, scaled by the ranges: moving one slider changes only its own effect. New
    draws come after the old ones, so that old seeds give the old images.

    `width_shift_range` moves along the width, as Keras documents. Keras' own code has the two shift ranges swapped
    (keras-team/keras issue 17398), which no one sees while they are equal and the image is square.

    Args:
        config: The ranges.
        generator: Advanced by `NUM_DRAWS` uniform draws.
        size: (height, width) of the image in pixels.
    """
    uniform = generator.random(NUM_DRAWS).tolist()
    theta, tx, ty, shear, zx, zy, horizontal, vertical, channel, brightness = uniform[:10]
    contrast, saturation, hue, grayscale, blur, noise, noise_seed, quality = uniform[14:22]
    height, width = size
    noisy = config.noise_range > 0
    erases = uniform[22] < config.erasing_probability
    return Drawn(
        size=size,
        crop=_box(config.crop_scale, CROP_RATIOS, size, uniform[10:14]) if config.crop_scale else WHOLE,
        theta=_either_way(config.rotation_range, theta),
        tx=_either_way(config.width_shift_range, tx) * width,
        ty=_either_way(config.height_shift_range, ty) * height,
        shear=_either_way(config.shear_range, shear),
        zx=_between(config.zoom_limits, zx),
        zy=_between(config.zoom_limits, zy),
        channel_shift_intensity=_either_way(config.channel_shift_range, channel),
        flip_horizontal=config.horizontal_flip and horizontal < 0.5,
        flip_vertical=config.vertical_flip and vertical < 0.5,
        brightness=_factor(config.brightness_range, brightness),
        contrast=_factor(config.contrast_range, contrast),
        saturation=_factor(config.saturation_range, saturation),
        hue=_either_way(config.hue_range, hue),
        grayscale=grayscale < config.grayscale_probability,
        blur=config.blur_range * blur,
        noise=config.noise_range * noise,
        noise_seed=int(noise_seed * 2**53) if noisy else 0,
        jpeg_quality=_whole_number(config.jpeg_quality_range, quality) if config.jpeg_quality_range else 0,
        erased=_box(config.erasing_scale, ERASING_RATIOS, size, uniform[23:27]) if erases else None,
    )


def _either_way(limit: float, uniform: float) -> float:
    return limit * (2 * uniform - 1)


def _between(limits: Pair, uniform: float) -> float:
    low, high = limits
    return low + (high - low) * uniform


def _factor(limits: Pair | None, uniform: float) -> float:
    return _between(limits, uniform) if limits else 1.0


def _whole_number(limits: Pair, uniform: float) -> int:
    """One of the whole numbers between the rounded limits, each as likely as the others."""
    low, high = map(round, limits)
    return min(low + int((high - low + 1) * uniform), high)


def _box(areas: Pair, ratios: Pair, size: tuple[int, int], uniform: list[float]) -> Box:
    """A rectangle with an area drawn evenly from `areas` and width to height log-uniform within `ratios`, anywhere.

    A rectangle of the drawn area has to fit into the image: `ratios` are narrowed to those with which it does. Others
    draw again until it fits (Zhong et al. 2017, https://arxiv.org/abs/1708.04896), which makes large areas rarer than
    the range says, and takes a varying number of draws.

    Args:
        areas: Least and greatest area as shares of the image's, above 0, up to 1.
        ratios: Least and greatest width / height in pixels.
        size: (height, width) of the image.
        uniform: Four numbers from 0 to 1, for area, ratio, left, top.
    """
    height, width = size
    area = _between(areas, uniform[0])
    # In shares of the sides: width and height are at most 1 while width / height is within area..1 / area.
    low, high = (min(max(ratio * height / width, area), 1 / area) for ratio in ratios)
    ratio = low * (high / low) ** uniform[1]
    wide, tall = min(math.sqrt(area * ratio), 1.0), min(math.sqrt(area / ratio), 1.0)
    return uniform[2] * (1 - wide), uniform[3] * (1 - tall), wide, tall
