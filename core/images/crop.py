"""How an image becomes the square that a network takes: squeezed, or cut out of its centre."""

from typing import Literal

Crop = Literal["squeeze", "center"]
"""`squeeze`: the whole image, without keeping its aspect, as Keras' `load_img` does. `center`: the largest centred
square, as it does with `keep_aspect_ratio=True`."""

# EXIF orientations (`core.images.orientation`) of images whose stored columns, or rows, are mirrored when upright.
_COLUMNS_MIRRORED, _ROWS_MIRRORED = (2, 3, 7, 8), (3, 4, 6, 7)


def centred_square(width: int, height: int, turned: int = 1) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the largest centred square, in pixels of the image as it is stored.

    Args:
        turned: The image's orientation, 1..8. Where the sides differ by an odd number, the upright image loses one
            pixel more at its right or bottom, as in Keras.
    """
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    if turned in _COLUMNS_MIRRORED:
        left = width - side - left
    if turned in _ROWS_MIRRORED:
        top = height - side - top
    return left, top, left + side, top + side
