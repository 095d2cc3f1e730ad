"""Light and colour: each step gives whole grey levels again."""

import cv2
import numpy as np

from core.augmentation.arrays import Image, as_image
from core.augmentation.drawing import Drawn


def shift_and_light(image: Image, drawn: Drawn) -> Image:
    """Channel shift and brightness, as Keras' `apply_transform` does them, by one table.

    Both treat every channel alike, and a flip between them makes no difference.
    """
    return as_image(cv2.LUT(image, _table(image, drawn)))


def contrast(image: Image, factor: float) -> Image:
    """Keras' `RandomContrast` with this factor: each value's distance from its channel's mean is multiplied.

    Equal to Keras' floats, rounded.
    """
    keep = (1 - factor) * np.array(cv2.mean(image)[:3])
    # One pass; a table for each channel would take ten times as long.
    return as_image(cv2.transform(image, np.column_stack([factor * np.eye(3), keep])))


def saturation_and_hue(image: Image, saturation: float, hue: float) -> Image:
    """Keras' `RandomSaturation` with the factor `saturation`, then its `RandomHue` with a turn of `hue` degrees.

    By way of hue, saturation and value in floats: OpenCV's 8-bit conversion keeps 180 hues and would be off by several
    grey levels. Equal to Keras' floats, rounded.
    """
    hsv = image.astype(np.float32)
    # Each step in place: four arrays of floats would cost several times as much as the arithmetic.
    cv2.cvtColor(hsv, cv2.COLOR_RGB2HSV, dst=hsv)  # 0..360 degrees, 0..1, 0..255
    # OpenCV takes hues from a second turn of the wheel, not below 0.
    cv2.transform(hsv, np.array([[1, 0, 0, hue % 360], [0, saturation, 0, 0], [0, 0, 1, 0]]), dst=hsv)
    np.minimum(hsv[..., 1], 1, out=hsv[..., 1])
    cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB, dst=hsv)
    return as_image(cv2.convertScaleAbs(hsv))


def grey(image: Image) -> Image:
    """Without colour, three equal channels: Keras' `RandomGrayscale`.

    The weights of red, green and blue are 0.299, 0.587 and 0.114; Keras rounds the first to 0.2989, which makes white
    255 - 0.03.
    """
    return as_image(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB))


def _table(image: Image, drawn: Drawn) -> Image:
    """uint8 (256,): the new value of each old one. Keras truncates for brightness, and so does this."""
    values = np.arange(256, dtype=np.float64)
    if drawn.channel_shift_intensity != 0:
        values = np.clip(values + drawn.channel_shift_intensity, image.min(), image.max())
    if drawn.brightness != 1:
        # Pillow's blend, which Keras uses, multiplies by a float32 factor.
        values = np.trunc(np.float32(drawn.brightness) * np.trunc(values).astype(np.float32))
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
