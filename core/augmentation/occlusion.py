"""Random erasing (Zhong et al. 2017, https://arxiv.org/abs/1708.04896)."""

import math

from core.augmentation.arrays import Image
from core.augmentation.drawing import Box


def erase(image: Image, box: Box, value: float) -> Image:
    """The image with a rectangle of one grey over the pixels whose middle lies within it.

    Args:
        image: uint8 (height, width, 3).
        box: (left, top, width, height) as shares of the sides.
        value: 0..255, rounded.
    """
    height, width = image.shape[:2]
    left, top, wide, tall = box
    erased = image.copy()
    erased[_pixels(top, tall, height), _pixels(left, wide, width)] = round(value)
    return erased


def _pixels(start: float, share: float, length: int) -> slice:
    return slice(math.ceil(start * length - 0.5), math.ceil((start + share) * length - 0.5))
