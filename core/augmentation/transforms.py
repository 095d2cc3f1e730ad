"""Applies drawn parameters to an image, one step after the other; `augment` draws them too."""

import cv2
import numpy as np

from core.augmentation import colour, quality
from core.augmentation.arrays import Image, as_image
from core.augmentation.drawing import Drawn, draw, generator_for
from core.augmentation.geometry import move
from core.augmentation.occlusion import erase
from core.augmentation.settings import AugmentationConfig

# Many images are transformed at once by worker threads; OpenCV's own threads would only get in their way.
cv2.setNumThreads(1)


def augment(image: Image, config: AugmentationConfig, seed: int, digest: str, copy: int) -> tuple[Image, Drawn]:
    """Copy number `copy` of an image: what preview, training and code export all call.

    Args:
        image: uint8 (height, width, 3), RGB, 0..255, at the size that training uses.
        config: The ranges to draw from.
        seed: The run's seed.
        digest: The image file's SHA-256 in hexadecimal.
        copy: Number of the copy, from 0.

    Returns:
        A new array of the same shape and dtype, and the parameters drawn for it.
    """
    height, width = image.shape[:2]
    drawn = draw(config, generator_for(seed, digest, copy), (height, width))
    return apply(image, drawn, config), drawn


def apply(image: Image, drawn: Drawn, config: AugmentationConfig) -> Image:
    """The image after the drawn transformations: Keras' `apply_transform`, then the rest in the order of `Drawn`.

    Keras computes in floats; here each step gives whole grey levels again, which is off by half a level at most and is
    what a file would hold. Like Keras it turns an image that is not square about (width / 2, height / 2) taken as
    (row, column), not about its centre: bring images to training's square size first.

    Args:
        image: uint8 (height, width, 3), RGB, 0..255; not changed.
        drawn: The parameters, for this image's size.
        config: Only `fill_mode`, `cval` and `erasing_value` are read.

    Returns:
        A new uint8 (height, width, 3); byte for byte the same image when nothing was drawn.

    Raises:
        ImageError: A JPEG was drawn for an image of more than 65,500 pixels a side.
    """
    result = np.array(image, order="C")
    if drawn.moves:
        result = move(result, drawn, config)
    if drawn.channel_shift_intensity != 0 or drawn.brightness != 1:
        result = colour.shift_and_light(result, drawn)
    if drawn.flip_horizontal:
        result = as_image(cv2.flip(result, 1))
    if drawn.flip_vertical:
        result = as_image(cv2.flip(result, 0))
    if drawn.contrast != 1:
        result = colour.contrast(result, drawn.contrast)
    if drawn.saturation != 1 or drawn.hue != 0:
        result = colour.saturation_and_hue(result, drawn.saturation, drawn.hue)
    if drawn.grayscale:
        result = colour.grey(result)
    if drawn.blur > 0:
        result = quality.blur(result, drawn.blur)
    if drawn.noise > 0:
        result = quality.noise(result, drawn.noise, drawn.noise_seed)
    if drawn.jpeg_quality:
        result = quality.jpeg(result, drawn.jpeg_quality)
    return erase(result, drawn.erased, config.erasing_value) if drawn.erased else result
