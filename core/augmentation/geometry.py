"""Where each pixel of a copy comes from: one matrix, one resampling, and the share that has to be filled.

OpenCV resamples because it is the fastest by far and releases the GIL; from version 5 on it interpolates at exact
positions (version 4 rounds them to 1/32 pixel). Where its borders differ from SciPy's, which Keras uses, the positions
are put right before (wrap) or the border after (constant).
"""

import math
from itertools import pairwise
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from core.augmentation.arrays import Image, as_image
from core.augmentation.drawing import WHOLE, Drawn
from core.augmentation.settings import AugmentationConfig

Matrix: TypeAlias = npt.NDArray[np.float64]
Positions: TypeAlias = npt.NDArray[np.float64]
Point: TypeAlias = tuple[float, float]


def move(image: Image, drawn: Drawn, config: AugmentationConfig) -> Image:
    """The image cropped, rotated, shifted, sheared and zoomed at once, bilinear, as Keras' `apply_transform` does.

    The crop happens first, but pixels beyond it are still the image's: a rotation after a crop brings them in.

    Args:
        image: uint8 (height, width, 3).
        drawn: What was drawn for this size.
        config: `fill_mode` and `cval` are read.

    Returns:
        A new uint8 (height, width, 3).
    """
    height, width = image.shape[:2]
    matrix = matrix_of(drawn, height, width)
    if config.fill_mode == "wrap":
        columns, rows = _positions(matrix, height, width)
        columns, rows = _wrapped(columns, width).astype(np.float32), _wrapped(rows, height).astype(np.float32)
        return as_image(cv2.remap(image, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
    border = cv2.BORDER_REFLECT if config.fill_mode == "reflect" else cv2.BORDER_REPLICATE
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = as_image(cv2.warpAffine(image, matrix, (width, height), flags=flags, borderMode=border))
    if config.fill_mode == "constant":
        columns, rows = _positions(matrix, height, width)
        # SciPy does not blend towards the constant: a position beyond the outermost pixel's middle is outside.
        outside = (columns < 0) | (columns > width - 1) | (rows < 0) | (rows > height - 1)
        # copyTo takes a hundredth of the time of numpy's assignment by mask.
        cv2.copyTo(np.full_like(moved, round(config.cval)), outside.view(np.uint8), moved)
    return moved


def filled_share(drawn: Drawn, config: AugmentationConfig) -> float:
    """The share 0..1 of a copy that lies outside the image: what the fill mode makes up.

    Exact for the image as a rectangle: the copy's outline is clipped to where its positions are inside.

    Args:
        drawn: What was drawn for the copy.
        config: Says how the share is filled, which does not change how large it is: every fill mode counts.
    """
    if not drawn.moves:
        return 0.0
    height, width = drawn.size
    # Whole numbers are the middles of pixels, so the image reaches half a pixel further.
    left, top, right, bottom = -0.5, -0.5, width - 0.5, height - 0.5
    outline: list[Point] = [(left, top), (right, top), (right, bottom), (left, bottom)]
    for (a, b, c), (low, high) in zip(
        matrix_of(drawn, height, width).tolist(), ((left, right), (top, bottom)), strict=True
    ):
        outline = _clipped(outline, a, b, c - low)
        outline = _clipped(outline, -a, -b, high - c)
    return min(max(1 - _area(outline) / (height * width), 0.0), 1.0)


def matrix_of(drawn: Drawn, height: int, width: int) -> Matrix:
    """float64 (2, 3): from an output pixel's (column, row, 1) to the input position (column, row) it is taken from.

    Keras' product of matrices, multiplied out, because numpy's overhead costs as much as moving a fifth of the pixels.
    """
    theta, shear = math.radians(drawn.theta), math.radians(drawn.shear)
    cos, sin = math.cos(theta), math.sin(theta)
    across, along = -math.sin(shear), math.cos(shear)
    a, b = cos * drawn.zx, (cos * across - sin * along) * drawn.zy
    d, e = sin * drawn.zx, (sin * across + cos * along) * drawn.zy
    # Keras centres the first axis by the height and then takes it for the column: see `transforms.apply`.
    first, second = height / 2 - 0.5, width / 2 - 0.5
    c = cos * drawn.tx - sin * drawn.ty - a * first - b * second + first
    f = sin * drawn.tx + cos * drawn.ty - d * first - e * second + second
    if drawn.crop != WHOLE:
        left, top, wide, tall = drawn.crop
        a, b, c = a * wide, b * wide, (c + 0.5) * wide + left * width - 0.5
        d, e, f = d * tall, e * tall, (f + 0.5) * tall + top * height - 0.5
    return np.array([[a, b, c], [d, e, f]])


def _positions(matrix: Matrix, height: int, width: int) -> tuple[Positions, Positions]:
    """Input column and row of every output pixel, each float64 (height, width).

    Added up in SciPy's order and precision: at an outermost pixel the last bit decides between inside and outside.
    """
    row, column = np.arange(height)[:, None], np.arange(width)
    columns, rows = (line[0] * column + line[1] * row + line[2] for line in matrix)
    return columns, rows


def _wrapped(positions: Positions, length: int) -> Positions:
    """SciPy's "wrap": the last pixel stands on the first, so the period is one pixel shorter than the side."""
    period = length - 1
    if period == 0:
        return np.zeros_like(positions)
    wrapped = positions - period * np.floor(positions / period)
    # On the seam both ends are right; SciPy takes the last pixel there, and an untouched last column must stay.
    on_seam = (positions == period) | ((positions < 0) & (wrapped == 0))
    return np.where(on_seam, period, wrapped)


def _clipped(outline: list[Point], a: float, b: float, c: float) -> list[Point]:
    """The part of a convex polygon where a * x + b * y + c >= 0 (Sutherland and Hodgman 1974)."""
    kept: list[Point] = []
    for (x, y), (next_x, next_y) in pairwise([*outline, *outline[:1]]):
        here, there = a * x + b * y + c, a * next_x + b * next_y + c
        if here >= 0:
            kept.append((x, y))
        if (here >= 0) != (there >= 0):
            part = here / (here - there)
            kept.append((x + part * (next_x - x), y + part * (next_y - y)))
    return kept


def _area(outline: list[Point]) -> float:
    edges = pairwise([*outline, *outline[:1]])
    return abs(sum(x * next_y - next_x * y for (x, y), (next_x, next_y) in edges)) / 2
