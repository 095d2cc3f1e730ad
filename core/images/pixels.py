"""Every kind of pixels that a file may hold, brought to grey or RGB: alpha laid on white, 16 bits scaled to 8.

Large images are converted in tiles: beside the image and the result there is never a third one.
"""

from collections.abc import Iterator

import numpy as np
from PIL import Image
from PIL.ImageFile import ImageFile

from core.images.files import refused

TILE_PIXELS = 2**20
_MODES = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr"}
_KNOWN = "pixels of 8 bits, or of 16 bits in grey"
_GREY_OF_16_BITS = ((np.arange(2**16) + 128) // 257).astype(np.uint8)

Box = tuple[int, int, int, int]


def to_grey(image: ImageFile) -> Image.Image:
    """Loads the pixels and brings every mode to grey, Pillow's "L".

    Raises:
        ImageError: As `to_pixels`; whatever Pillow raises passes through.
    """
    pixels = to_pixels(image)
    return pixels if pixels.mode == "L" else pixels.convert("L")


def to_pixels(image: ImageFile) -> Image.Image:
    """Loads the pixels and brings every mode to "L" where it is a grey one without alpha, else to "RGB".

    Raises:
        ImageError: Nobody knows which of their values is black and which white. Of most, nothing was decoded.
    """
    is_integer = image.mode == "I" or image.mode.startswith("I;16")
    if not is_integer and image.mode not in _MODES:
        raise refused(f"pixels of the kind {image.mode}, whose black and white are unknown", _KNOWN)
    image.load()
    if is_integer:
        return _grey_from_integers(image)
    if image.has_transparency_data:
        return _on_white(image)
    if image.mode in ("L", "RGB"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _on_white(image: Image.Image) -> Image.Image:
    canvas = Image.new("RGB", image.size, "white")
    for box, tile in _tiles(image):
        layer = tile.convert("RGBA")
        canvas.paste(layer, box, mask=layer.getchannel("A"))
    return canvas


def _grey_from_integers(image: Image.Image) -> Image.Image:
    """16-bit grey, 0..65535, scaled to 0..255; Pillow's own conversion would clip at 255."""
    table = _GREY_OF_16_BITS
    if isinstance(transparent := image.info.get("transparency"), int) and 0 <= transparent < len(table):
        table = table.copy()
        table[transparent] = 255
    grey = Image.new("L", image.size)
    for box, tile in _tiles(image):
        values = np.asarray(tile)
        if image.mode == "I" and (values.min() < 0 or values.max() > 65535):
            raise refused("32-bit pixels outside 0..65535, whose black and white are unknown", _KNOWN)
        grey.paste(Image.fromarray(table[values]), box)
    return grey


def _tiles(image: Image.Image) -> Iterator[tuple[Box, Image.Image]]:
    rows = max(1, TILE_PIXELS // image.width)
    for top in range(0, image.height, rows):
        for left in range(0, image.width, TILE_PIXELS):
            box = (left, top, min(left + TILE_PIXELS, image.width), min(top + rows, image.height))
            yield box, image.crop(box)
