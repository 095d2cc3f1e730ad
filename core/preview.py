"""Several pictures as one, for a preview that the browser loads at once."""

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


def compose(rows: list[list[Image]], gap: int = 4, background: tuple[int, int, int] = (255, 255, 255)) -> Image:
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
    sheet[:] = background
    for top, row in enumerate(rows):
        for left, picture in enumerate(row):
            sheet[top * step : top * step + size, left * step : left * step + size] = picture
    return sheet
