"""The only decoder: bytes or a path in, upright RGB pixels out, the same for browsing, training and classifying.

Covers JPEG (also the multi-picture files of phones), PNG, WebP, BMP, GIF and TIFF, the first frame of each; grey,
palette, CMYK, 1-bit and 16-bit pixels; alpha, which is laid on white; and EXIF rotation. Does not cover colour profiles
(Keras ignores them too) nor pixels whose white is unknown (floating point, 32-bit integers beyond 16 bits).

Hostile input: bytes and pixels are limited before anything is decoded, only the six parsers above ever see the bytes,
and whatever goes wrong inside them becomes an `ImageError`. All functions may be called from many threads.
"""

import io
import logging
import re
import stat
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from core.errors import ImageError

MAX_BYTES = 64 * 2**20
MAX_PIXELS = 100_000_000
LARGE_PIXELS = 25_000_000  # larger pictures are decoded one at a time: 100 million pixels take up to 1.5 GB
FORMATS = "JPEG, PNG, WebP, BMP, GIF, TIFF"

# The classes are called directly, not through Image.open: no other parser can be reached, the limit on pixels is ours
# (with the picture's size in its message), and the second picture in a phone's file is never looked at.
_PARSERS: list[tuple[re.Pattern[bytes], type[ImageFile]]] = [
    (re.compile(rb"\xff\xd8\xff"), JpegImageFile),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), PngImageFile),
    (re.compile(rb"RIFF....WEBPVP8", re.DOTALL), WebPImageFile),
    (re.compile(rb"BM"), BmpImageFile),
    (re.compile(rb"GIF8[79]a"), GifImageFile),
    (re.compile(rb"II[*+]\x00|MM\x00[*+]"), TiffImageFile),
]
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_one_large_picture = threading.Lock()
logging.getLogger("PIL").addHandler(logging.NullHandler())  # else its log of broken files goes to the terminal


@dataclass(frozen=True)
class ImageFacts:
    """What is known about a picture whose whole file decodes: pixels as it is looked at (after EXIF rotation),
    Pillow's name of the format ("JPEG") and of the pixels as stored ("RGB", "L", "P", "CMYK", "I;16", ...)."""

    width: int
    height: int
    format: str
    mode: str


def load_image(source: bytes | Path, size: int) -> np.ndarray:
    """The picture as a network sees it: squeezed to a square without keeping its aspect, as Keras' `load_img` does.

    Args:
        source: The file's content or where it lies.
        size: Side of the square in pixels, 1 or more.

    Returns:
        uint8 (size, size, 3), RGB, 0..255, bilinear with antialiasing. A JPEG is decoded at the smallest scale that is
        not below `size`, so a pixel differs by a few levels from a resize of the full picture.

    Raises:
        ImageError: The file is no picture that we decode; `received` is the reason in a few words.
    """
    with _opened(source) as image:
        image.draft("RGB", (size, size))
        with _turn_for(image):
            square = _rgb(image).resize((size, size), Image.Resampling.BILINEAR)
        return np.array(_upright(square, _orientation(image)))


def decode_image(source: bytes | Path, longest: int | None = None) -> np.ndarray:
    """The whole picture, for looking at.

    Args:
        source: The file's content or where it lies.
        longest: The longest side of the result in pixels, at most; the aspect is kept and nothing is enlarged.

    Returns:
        uint8 (height, width, 3), RGB, 0..255, the right way up.

    Raises:
        ImageError: As `load_image`.
    """
    with _opened(source) as image:
        target = image.size
        if longest is not None and longest < max(image.size):
            scale = longest / max(image.size)
            target = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
            image.draft("RGB", target)
        with _turn_for(image):
            picture = _rgb(image)
            if picture.size != target:
                picture = picture.resize(target, Image.Resampling.BILINEAR)
            return np.array(_upright(picture, _orientation(image)))


def inspect_image(source: bytes | Path) -> ImageFacts:
    """The facts of a picture, after a decode that proves that the whole file can be read.

    A JPEG is decoded at an eighth of its size and without colour, which still reads every coded byte and costs half.

    Raises:
        ImageError: As `load_image`.
    """
    with _opened(source) as image:
        width, height, mode = image.width, image.height, image.mode
        image.draft("L", (1, 1))
        with _turn_for(image):
            _rgb(image)
        if _orientation(image) >= 5:
            width, height = height, width
        return ImageFacts(width, height, str(image.format), mode)


def read_image_file(path: Path) -> bytes:
    """The bytes of a file, for a caller that needs them for more than decoding.

    Raises:
        ImageError: It cannot be read, is larger than `MAX_BYTES` (no byte of it is read then), or is not an ordinary
            file (reading a pipe could wait for ever).
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise _error("not a file")
        if status.st_size > MAX_BYTES:
            raise _error(f"the file has {status.st_size / 2**20:.0f} MB")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise _error(f"the file cannot be read: {getattr(error, 'strerror', None) or error}") from error


@contextmanager
def _opened(source: bytes | Path) -> Iterator[ImageFile]:
    """The picture with its header read and its limits checked; errors in the block become `ImageError`."""
    _silence_pillow()
    content = source if isinstance(source, bytes) else read_image_file(source)
    if len(content) > MAX_BYTES:
        raise _error(f"the file has {len(content) / 2**20:.0f} MB")
    parser = next((parser for magic, parser in _PARSERS if magic.match(content)), None)
    if parser is None:
        reason = "the file is empty" if not content else f"not an image in a format that we read ({FORMATS})"
        raise _error(reason)
    opened = False
    try:
        with parser(io.BytesIO(content)) as image:
            opened = True
            if image.width * image.height > MAX_PIXELS:
                raise _error(f"the picture has {image.width}x{image.height} pixels")
            yield image
    except ImageError:
        raise
    except Exception as error:  # a parser under attack may raise nearly anything
        raise _error(_in_words(error, opened)) from error


def _rgb(image: ImageFile) -> Image.Image:
    """Loads the pixels and brings every mode to RGB."""
    image.load()
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode == "I" or image.mode.startswith("I;16"):
        return _rgb_from_integers(image)
    if image.mode not in {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr"}:
        raise _error(f"pixels of the kind {image.mode}, whose black and white are unknown")
    if not image.has_transparency_data:
        return image.convert("RGB")
    picture = image.convert("RGBA")
    canvas = Image.new("RGB", picture.size, "white")
    canvas.paste(picture, mask=picture.getchannel("A"))
    return canvas


def _rgb_from_integers(image: ImageFile) -> Image.Image:
    """16-bit grey, 0..65535, scaled to 0..255; Pillow's own conversion would clip at 255."""
    values = np.asarray(image).astype(np.int64 if image.mode == "I" else np.uint32)
    if image.mode == "I" and (values.min() < 0 or values.max() > 65535):
        raise _error("32-bit pixels outside 0..65535, whose black and white are unknown")
    grey = ((values + 128) // 257).astype(np.uint8)
    if isinstance(transparent := image.info.get("transparency"), int):
        grey[values == transparent] = 255
    return Image.fromarray(grey).convert("RGB")


def _orientation(image: ImageFile) -> int:
    """EXIF's orientation, 1..8, and 1 when there is none or the EXIF block is broken.

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


def _upright(picture: Image.Image, orientation: int) -> Image.Image:
    return picture.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else picture


def _turn_for(image: ImageFile) -> AbstractContextManager[object]:
    """Many threads decode at once, but only one of them a large picture."""
    return _one_large_picture if image.width * image.height > LARGE_PIXELS else nullcontext()


def _silence_pillow() -> None:
    """Pillow warns of broken metadata. That must not fill the terminal, nor, where warnings are errors, refuse a good
    picture. Looked at on every call because tests and libraries put their own filters in front."""
    action, _, _, module, _ = warnings.filters[0] if warnings.filters else ("", None, Warning, None, 0)
    if (action, getattr(module, "pattern", module)) != ("ignore", r"PIL\."):
        warnings.filterwarnings("ignore", module=r"PIL\.")


def _in_words(error: Exception, opened: bool) -> str:
    detail = " ".join(str(error).split())[:120]
    if isinstance(error, MemoryError):
        return "there is not enough memory to decode the picture"
    if isinstance(error, Image.DecompressionBombError):
        return "the picture has too many pixels"
    if isinstance(error, EOFError) or "truncated" in detail.lower():
        return f"the picture is cut off: {detail or 'the file ends too early'}"
    return f"the picture{'' if opened else chr(39) + 's header'} is damaged: {detail or type(error).__name__}"


def _error(reason: str) -> ImageError:
    limits = f"at most {MAX_BYTES // 2**20} MB and {MAX_PIXELS // 10**6} million pixels"
    return ImageError(reason, f"an image ({FORMATS}) of {limits}", "Open it in a picture editor and save it as JPEG")
