"""Apply drawn parameters to a picture: one matrix, one resampling, then colours, as Keras' apply_transform does.

OpenCV resamples because it is the fastest by far and releases the GIL; from version 5 on it interpolates at exact
positions (version 4 rounds them to 1/32 pixel). Where its borders differ from SciPy's, which Keras uses, the positions
are put right before (wrap) or the border after (constant).
"""

import math
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from core.augmentation.drawing import Drawn, draw, generator_for
from core.augmentation.settings import AugmentationConfig

Image: TypeAlias = npt.NDArray[np.uint8]
Matrix: TypeAlias = npt.NDArray[np.float64]
Positions: TypeAlias = npt.NDArray[np.float64]

# Many pictures are transformed at once by worker threads; OpenCV's own threads would only get in their way.
cv2.setNumThreads(1)


def augment(image: Image, config: AugmentationConfig, seed: int, digest: str, copy: int) -> tuple[Image, Drawn]:
    """Copy number `copy` of a picture: what preview, training and code export all call.

    Args:
        image: uint8 (height, width, 3), RGB, 0..255, at the size that training uses.
        config: The ranges to draw from.
        seed: The run's seed.
        digest: The image file's SHA-256 in hexadecimal.
        copy: Number of the copy, from 0.

    Returns:
        A new array of the same shape and dtype, and what was drawn for it.
    """
    height, width = image.shape[:2]
    drawn = draw(config, generator_for(seed, digest, copy), (height, width))
    return apply(image, drawn, config), drawn


def apply(image: Image, drawn: Drawn, config: AugmentationConfig) -> Image:
    """The picture after the drawn changes: Keras' `apply_transform`, rounded to whole grey levels.

    Like Keras it turns a picture that is not square about (width / 2, height / 2) taken as (row, column), not about
    its centre: bring pictures to training's square size first.

    Args:
        image: uint8 (height, width, 3), RGB, 0..255; not changed.
        drawn: The parameters, for this picture's size.
        config: Only `fill_mode` and `cval` are read.

    Returns:
        A new uint8 (height, width, 3); byte for byte the same picture when nothing was drawn.
    """
    result = np.array(image, order="C")
    if drawn.moves:
        result = _warp(result, _matrix(drawn, *result.shape[:2]), config)
    if drawn.channel_shift_intensity != 0 or drawn.brightness != 1:
        result = _as_image(cv2.LUT(result, _colour_table(result, drawn)))
    if drawn.flip_horizontal:
        result = _as_image(cv2.flip(result, 1))
    if drawn.flip_vertical:
        result = _as_image(cv2.flip(result, 0))
    return result


def _matrix(drawn: Drawn, height: int, width: int) -> Matrix:
    """float64 (2, 3): from an output pixel's (column, row, 1) to the input position (column, row) it is taken from."""
    theta, shear = math.radians(drawn.theta), math.radians(drawn.shear)
    rotation = np.array([[math.cos(theta), -math.sin(theta), 0], [math.sin(theta), math.cos(theta), 0], [0, 0, 1]])
    shift = np.array([[1, 0, drawn.tx], [0, 1, drawn.ty], [0, 0, 1]])
    slant = np.array([[1, -math.sin(shear), 0], [0, math.cos(shear), 0], [0, 0, 1]])
    zoom = np.diag([drawn.zx, drawn.zy, 1])
    # Keras centres the first axis by the height and then takes it for the column: see `apply`.
    first, second = height / 2 - 0.5, width / 2 - 0.5
    to_centre = np.array([[1, 0, -first], [0, 1, -second], [0, 0, 1]])
    from_centre = np.array([[1, 0, first], [0, 1, second], [0, 0, 1]])
    matrix: Matrix = (from_centre @ (rotation @ shift @ slant @ zoom) @ to_centre)[:2]
    return matrix


def _warp(image: Image, matrix: Matrix, config: AugmentationConfig) -> Image:
    height, width = image.shape[:2]
    if config.fill_mode == "wrap":
        columns, rows = _positions(matrix, height, width)
        columns, rows = _wrapped(columns, width).astype(np.float32), _wrapped(rows, height).astype(np.float32)
        return _as_image(cv2.remap(image, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
    border = cv2.BORDER_REFLECT if config.fill_mode == "reflect" else cv2.BORDER_REPLICATE
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = _as_image(cv2.warpAffine(image, matrix, (width, height), flags=flags, borderMode=border))
    if config.fill_mode == "constant":
        columns, rows = _positions(matrix, height, width)
        # SciPy does not blend towards the constant: a position beyond the outermost pixel's middle is outside.
        outside = (columns < 0) | (columns > width - 1) | (rows < 0) | (rows > height - 1)
        # copyTo takes a hundredth of the time of numpy's assignment by mask.
        cv2.copyTo(np.full_like(warped, round(config.cval)), outside.view(np.uint8), warped)
    return warped


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


def _colour_table(image: Image, drawn: Drawn) -> Image:
    """uint8 (256,): the new value of each old one. Keras truncates for brightness, and so does this."""
    values = np.arange(256, dtype=np.float64)
    if drawn.channel_shift_intensity != 0:
        values = np.clip(values + drawn.channel_shift_intensity, image.min(), image.max())
    if drawn.brightness != 1:
        # Pillow's blend, which Keras uses, multiplies by a float32 factor.
        values = np.trunc(np.float32(drawn.brightness) * np.trunc(values).astype(np.float32))
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _as_image(array: npt.NDArray[np.generic]) -> Image:
    return np.asarray(array, dtype=np.uint8)
