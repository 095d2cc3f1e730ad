"""EXIF's orientation of an image, and the turn that brings it upright."""

from PIL import ExifTags, Image

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

    1 for a TIFF, which Pillow turns while loading. XMP's orientation is not followed: no exported bundle does.
    """
    block = image.info.get("exif")
    if not isinstance(block, bytes):
        return 1
    exif = Image.Exif()
    try:
        exif.load(block)
        turned = exif.get(ExifTags.Base.Orientation)
    except Exception:  # broken metadata must not fail a good image
        return 1
    return turned if turned in _UPRIGHT else 1


def upright(image: Image.Image, turned: int) -> Image.Image:
    """The image the right way up, from its `orientation`."""
    return image.transpose(_UPRIGHT[turned]) if turned in _UPRIGHT else image
