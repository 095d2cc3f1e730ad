"""EXIF's orientation of a picture, and the turn that brings it upright."""

import struct

from PIL import Image

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def orientation(image: Image.Image) -> int:
    """EXIF's orientation, 1..8, and 1 when there is none or the EXIF block is broken; 5 and up swap the sides.

    Read here because Pillow's reader parses all the other tags as well, and stumbles over any that is broken. TIFF
    answers 1: Pillow turns it while loading.
    """
    exif = image.info.get("exif")
    if not isinstance(exif, bytes):
        return 1
    tiff = exif.removeprefix(b"Exif\x00\x00")
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(order + "L", tiff, 4)
        (entries,) = struct.unpack_from(order + "H", tiff, start)
        for entry in range(entries):
            tag, kind, count, value = struct.unpack_from(order + "HHLH", tiff, start + 2 + 12 * entry)
            if (tag, kind, count) == (0x0112, 3, 1):
                return value if 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1


def upright(picture: Image.Image, turned: int) -> Image.Image:
    """The picture the right way up, from its `orientation`."""
    return picture.transpose(_UPRIGHT[turned]) if turned in _UPRIGHT else picture
