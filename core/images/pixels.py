"""Every kind of pixels that a file may hold, brought to RGB or grey: alpha laid on white, 16 bits scaled to 8."""

import numpy as np
from PIL import Image
from PIL.ImageFile import ImageFile

from core.images.files import refused

_KNOWN = "pixels of 8 bits, or of 16 bits in grey"


def to_grey(image: ImageFile) -> Image.Image:
    """Loads the pixels and brings every mode to grey, Pillow's "L".

    Raises:
        ImageError: As `to_rgb`; whatever Pillow raises passes through.
    """
    image.load()
    if image.mode == "L" and "transparency" not in image.info:
        return image
    return to_rgb(image).convert("L")


def to_rgb(image: ImageFile) -> Image.Image:
    """Loads the pixels and brings every mode to RGB.

    Raises:
        ImageError: Nobody knows which of their values is black and which white.
    """
    image.load()
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode == "I" or image.mode.startswith("I;16"):
        return _rgb_from_integers(image)
    if image.mode not in {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr"}:
        raise refused(f"pixels of the kind {image.mode}, whose black and white are unknown", _KNOWN)
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    canvas = Image.new("RGB", layer.size, "white")
    canvas.paste(layer, mask=layer.getchannel("A"))
    return canvas


def _rgb_from_integers(image: ImageFile) -> Image.Image:
    """16-bit grey, 0..65535, scaled to 0..255; Pillow's own conversion would clip at 255."""
    values = np.asarray(image).astype(np.int64 if image.mode == "I" else np.uint32)
    if image.mode == "I" and (values.min() < 0 or values.max() > 65535):
        raise refused("32-bit pixels outside 0..65535, whose black and white are unknown", _KNOWN)
    grey = ((values + 128) // 257).astype(np.uint8)
    if isinstance(transparent := image.info.get("transparency"), int):
        grey[values == transparent] = 255
    return Image.fromarray(grey).convert("RGB")
