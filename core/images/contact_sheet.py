"""Several pictures as one, for a preview that the browser loads at once."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
QUALITY = 95


def compose(rows: Sequence[Sequence[Image]], gap: int = 0, background: tuple[int, int, int] = (255, 255, 255)) -> Image:
    """Square pictures in rows and columns with gaps between them; a place without a picture stays background.

    Args:
        rows: Pictures, each uint8 (size, size, 3), RGB, all of one size; rows may differ in length.
        gap: Pixels between neighbours, 0 or more. There is none around the outside.
        background: Red, green and blue, 0..255, of the gaps and of the empty places.

    Returns:
        uint8 (height, width, 3): as many places wide as the longest row.

    Raises:
        ValueError: There is no picture, or one has another shape than the first.
    """
    shapes = {picture.shape for row in rows for picture in row}
    if len(shapes) != 1:
        raise ValueError(f"Received pictures of the shapes {sorted(shapes)}. Expected one shape, (size, size, 3).")
    size = shapes.pop()[0]
    step = size + gap
    num_columns = max(len(row) for row in rows)
    sheet = np.empty((len(rows) * step - gap, num_columns * step - gap, 3), np.uint8)
    sheet[0] = background
    sheet[1:] = sheet[0]  # by whole rows: pixel by pixel takes thirty times as long
    for top, row in enumerate(rows):
        for left, picture in enumerate(row):
            sheet[top * step : top * step + size, left * step : left * step + size] = picture
    return sheet


def as_jpeg(picture: Image) -> bytes:
    """The picture as a JPEG of quality 95 whose colours have every pixel's own value (4:4:4): no loss that one sees.

    Of 4 x 5 photos at 224 pixels this takes 4 ms and 0.4 MB; PNG takes 50 ms and 1.6 MB, WebP 98 ms and 0.2 MB.

    Args:
        picture: uint8 (height, width, 3), RGB.
    """
    options = [
        cv2.IMWRITE_JPEG_QUALITY,
        QUALITY,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    ]
    _, content = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), options)
    return content.tobytes()
