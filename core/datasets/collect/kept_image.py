"""The bytes that a collection keeps of an image that somebody sends."""

from core.images.contact_sheet import as_jpeg
from core.images.files import EXTENSIONS
from core.images.isolated import decode_image, inspect_image

LONGEST = 1024
"""Pixels of the longest side, at most: enough for every size that a network is trained at."""
MOST_BYTES = 4 * 2**20
"""Of a file that is kept as it comes."""
QUALITY = 92


def kept_image(content: bytes) -> tuple[bytes, str]:
    """What is stored of an image, and its suffix: the file as it comes where it is small, else a JPEG whose longest
    side has 1,024 pixels, turned upright.

    Raises:
        ImageError: It is no image that we decode; `received` says why.
    """
    facts = inspect_image(content)
    if max(facts.width, facts.height) <= LONGEST and len(content) <= MOST_BYTES:
        return content, _SUFFIXES[facts.format]
    return as_jpeg(decode_image(content, LONGEST), QUALITY), _SUFFIXES["JPEG"]


_SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "BMP": ".bmp", "GIF": ".gif", "TIFF": ".tif"}
assert all(suffix in EXTENSIONS[format] for format, suffix in _SUFFIXES.items())
