"""Whether two small grey images show the same photo, by their pixels.

The middle of one is searched for in the other, at all scales that a crop of up to 10% per side allows, by normalised
cross-correlation (Lewis, "Fast Normalized Cross-Correlation", 1995), which is invariant to brightness and contrast.
Where it fits best, the fine structure of the two must agree as well: photos of similar scenes agree coarsely, and only
the same photo agrees in every whisker.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 96
"""Longest side, in pixels, at which two images are compared; smaller images at the size of the smaller one."""
MIN_SIDE = 12  # of the shorter side: below this too few pixels are left to decide
COARSE = 0.75
FINE = 0.84  # photos that differ reach 0.75 at most, drawings of one scene 0.82, and 98 of 100 copies 0.85 to 1
EVERYWHERE = 0.3  # in nearly all parts: the same background with another animal in front is another image
MIN_CONTRAST = 1.0
"""Grey levels: standard deviation of the fine structure. With less, the compared part is flat."""

_MARGIN = 0.12  # cut off each side of the first image, which leaves its middle
_SCALES = np.geomspace(0.77, 1.3, 17)  # 1 / 0.8 is a crop of 10% on both sides; steps of 3.3%
_NEAR = np.linspace(0.97, 1.03, 7)
_SEARCH_SIDE = 48


@dataclass(frozen=True)
class _Fit:
    """Where the middle of one image fits best in the other."""

    value: float
    scale: float
    template: NDArray[np.uint8]
    place: NDArray[np.uint8]


def agreement(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    """How well two images agree in their fine structure where they fit best.

    Args:
        first: uint8 (height, width), 0..255, the longest side `SIDE` pixels, or less where the image has less.
        second: The same, mirrored by the caller where the mirrored image is to be compared.

    Returns:
        The correlation of the fine structure, -1..1, and 0 where they do not fit in the large or differ in a part.
    """
    result = _agreement(first, second)
    shape = first.shape[1] / first.shape[0] / (second.shape[1] / second.shape[0])
    if result < FINE and not 0.97 < shape < 1.03:  # not a crop: perhaps squeezed, as to a square
        result = max(result, _agreement(first, _resized(second, first.shape[1], first.shape[0])))
    return result


def same_photo(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> bool:
    """Whether they agree (`agreement`) as only copies do."""
    return agreement(first, second) >= FINE


def _agreement(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    side = min(max(first.shape), max(second.shape), SIDE)
    first, second = _limited(first, side), _limited(second, side)
    if min(*first.shape, *second.shape) < MIN_SIDE:
        return 0.0
    rough = _best_fit(_limited(first, _SEARCH_SIDE), _limited(second, _SEARCH_SIDE), _SCALES)
    if rough is None or rough.value < COARSE - 0.15:  # the search's steps cost a little
        return 0.0
    fit = _best_fit(first, second, rough.scale * _NEAR)
    if fit is None or fit.value < COARSE:
        return 0.0
    radius = 2.5 * side / SIDE
    fine, other = _fine_structure(fit.template, radius), _fine_structure(fit.place, radius)
    contrasts = float(fine.std()), float(other.std())
    if min(contrasts) < MIN_CONTRAST or not _agree_everywhere(fine, other):
        return 0.0
    return float(np.mean(fine * other)) / (contrasts[0] * contrasts[1])


def _agree_everywhere(fine: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    """Whether the fine structures agree in all parts but one, of 4 x 4, and in all where few show anything."""
    strength = np.maximum(_part_means(fine * fine), _part_means(other * other))
    alike = 2 * _part_means(fine * other) / (_part_means(fine * fine) + _part_means(other * other) + 1e-6)
    return bool(np.quantile(alike[strength > 0.05 * strength.mean()], 0.1, method="lower") >= EVERYWHERE)


def _part_means(values: NDArray[np.float32]) -> NDArray[np.float32]:
    parts = [part for rows in np.array_split(values, 4, axis=0) for part in np.array_split(rows, 4, axis=1)]
    return np.array([part.mean() for part in parts], np.float32)


def _best_fit(first: NDArray[np.uint8], second: NDArray[np.uint8], scales: NDArray[np.float64]) -> _Fit | None:
    height, width = first.shape
    top, left = round(height * _MARGIN), round(width * _MARGIN)
    middle = first[top : height - top, left : width - left]
    best: _Fit | None = None
    for scale in scales:
        size = round(middle.shape[1] * scale), round(middle.shape[0] * scale)
        if size[0] > second.shape[1] or size[1] > second.shape[0]:
            continue
        template = _resized(middle, *size)
        _, value, _, (x, y) = cv2.minMaxLoc(cv2.matchTemplate(second, template, cv2.TM_CCOEFF_NORMED))
        if np.isfinite(value) and (best is None or value > best.value):
            best = _Fit(value, float(scale), template, second[y : y + size[1], x : x + size[0]])
    return best


def _fine_structure(image: NDArray[np.uint8], radius: float) -> NDArray[np.float32]:
    """What lies between a slight blur, which forgives a fit that is half a pixel off, and a strong one; mean 0."""
    levels = image.astype(np.float32)
    band = cv2.GaussianBlur(levels, (0, 0), radius / 3) - cv2.GaussianBlur(levels, (0, 0), radius)
    return np.asarray(band - band.mean())


def _limited(image: NDArray[np.uint8], longest: int) -> NDArray[np.uint8]:
    height, width = image.shape
    scale = longest / max(height, width)
    return image if scale >= 1 else _resized(image, max(1, round(width * scale)), max(1, round(height * scale)))


def _resized(image: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    smaller = width * height < image.size
    mode = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=mode), np.uint8)
