"""What a poor camera and a poor file do: blur, noise, JPEG."""

from functools import cache
from statistics import NormalDist

import cv2
import numpy as np
import numpy.typing as npt

from core.augmentation.arrays import Image, as_image
from core.errors import ImageError

MAX_JPEG_SIDE = 65_500


def blur(image: Image, sigma: float) -> Image:
    """Convolved with a Gaussian of this standard deviation in pixels, cut off at four of them, as SciPy does.

    Beyond the border the image is mirrored, the outermost pixel repeated: light is neither lost nor gained there.
    In floats: OpenCV's 8-bit filter works with whole 256ths, and is slower for all but the smallest.
    """
    side = 2 * int(4 * sigma + 0.5) + 1
    blurred = image.astype(np.float32)
    cv2.GaussianBlur(blurred, (side, side), sigma, dst=blurred, borderType=cv2.BORDER_REFLECT)
    return as_image(cv2.convertScaleAbs(blurred))


def noise(image: Image, sigma: float, seed: int) -> Image:
    """A normally distributed number added to every colour value; what leaves 0..255 is cut off.

    Sixteen random bits pick one of 65,536 evenly likely quantiles of the normal distribution, up to 4.3 standard
    deviations: a tenth of the time of numpy's `standard_normal`, and PCG64's bits are the same in every release of
    numpy, which its distributions need not be.

    Args:
        image: uint8 (height, width, 3).
        sigma: Standard deviation in grey levels.
        seed: Of the generator, 0 or more.
    """
    bits = np.random.PCG64(seed).random_raw(-(-image.size // 4)).view(np.uint16)[: image.size]
    normal = cv2.LUT(bits.reshape(image.shape), _quantiles())
    return as_image(cv2.addWeighted(image, 1, normal, sigma, 0, dtype=cv2.CV_8U))


def jpeg(image: Image, quality: int) -> Image:
    """Saved as a JPEG of this quality, 1..100, with halved colour resolution, and opened again.

    Raises:
        ImageError: A side is longer than a JPEG's may be.
    """
    height, width = image.shape[:2]
    if max(height, width) > MAX_JPEG_SIDE:
        raise ImageError(f"Received an image of {width} x {height} pixels", f"at most {MAX_JPEG_SIDE:,} a side")
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    _, content = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return as_image(cv2.imdecode(content, cv2.IMREAD_COLOR_RGB))


@cache
def _quantiles() -> npt.NDArray[np.float32]:
    """float32 (65536,): the standard normal distribution's quantiles in the middle of each 65,536th."""
    quantile = NormalDist().inv_cdf
    quantiles = np.array([quantile((number + 0.5) / 2**16) for number in range(2**16)], np.float32)
    quantiles.flags.writeable = False
    return quantiles
