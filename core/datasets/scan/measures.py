"""What an image looks like in numbers: how bright, how sharp and how rich it is, and what look-alikes share.

Everything is measured on the grey image that `core.images.decode.inspect_image` gives, whose longest side is 240..479
pixels where the image has as many. So a photo measures alike at every resolution that it is stored in: brightness
within 0.01, entropy within 0.15 bits, sharpness within a factor of two.

Sharpness is the energy of the Laplacian, the mean of its square (Subbarao, Choi and Nikzad, "Focusing techniques",
Optical Engineering 32, 1993; nearly its variance, for its mean is nearly 0) with the 4-neighbour kernel, at a longest
side of 240 pixels. That is about the scale at which a classifier looks: a photo of 12 million pixels that is blurred by
two of them is not blurred at 240. Smaller images are measured as they are, for enlarging would make them look
blurred. Of 200 photos 95 % had more than 160; after a Gaussian blur of 1 % of the longest side 95 % of them had less
than 17, and of 0.6 % less than 70. An image of a single colour has 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.datasets.quality.signature import signatures

cv2.setNumThreads(1)  # the scan runs on all cores already
SIDE = 240
SIGNATURE_SIDE = 80  # or less; by averaging 2 x 2 or 4 x 4 pixels, for which OpenCV has a short way


@dataclass(frozen=True, slots=True)
class Measures:
    """`brightness`, the mean grey level, 0 (black) .. 1 (white); `sharpness`, 0 and up; `entropy` of the grey levels'
    histogram, 0 (one level) .. 8 bits; `signature`, as `core.datasets.quality.signature` makes it."""

    brightness: float
    sharpness: float
    entropy: float
    signature: bytes


def measure(greys: Sequence[Image.Image]) -> list[Measures]:
    """The measures of images that have been decoded.

    Args:
        greys: Each Pillow's "L", alpha laid on white, the right way up, at most 479 pixels a side.
    """
    numbers, small = [], []
    for grey in greys:
        pixels = np.asarray(grey)
        if (scale := SIDE / max(grey.size)) < 1:
            # Linear: between the scales 1/2 and 1 it leaves out nothing, and area averaging takes as long as decoding.
            pixels = _resized(pixels, scale, cv2.INTER_LINEAR)
        brightness = round(cv2.mean(pixels)[0] / 255, 4)
        numbers.append((brightness, round(_sharpness(pixels), 2), round(grey.entropy(), 4)))
        factor = next(factor for factor in (1, 2, 4) if max(pixels.shape) <= factor * SIGNATURE_SIDE)
        small.append(pixels if factor == 1 else _resized(pixels, 1 / factor, cv2.INTER_AREA))
    return [Measures(*some, one) for some, one in zip(numbers, signatures(small), strict=True)]


def _sharpness(pixels: NDArray[np.uint8]) -> float:
    edges = cv2.Laplacian(pixels, cv2.CV_16S)  # border mirrored
    return cv2.norm(edges, cv2.NORM_L2SQR) / edges.size


def _resized(pixels: NDArray[np.uint8], scale: float, interpolation: int) -> NDArray[np.uint8]:
    size = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
    return np.asarray(cv2.resize(pixels, size, interpolation=interpolation), np.uint8)
