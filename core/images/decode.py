"""The only decoder: bytes or a path in, upright RGB pixels out, the same for browsing, training and classifying.

Covers JPEG (also the multi-picture files of phones), PNG, WebP, BMP, GIF and TIFF, the first frame of each; grey,
palette, CMYK, 1-bit and 16-bit pixels; alpha, which is laid on white; and EXIF rotation. Does not cover colour profiles
(Keras ignores them too) nor pixels whose white is unknown (floating point, 32-bit integers beyond 16 bits).

Hostile input: bytes, parts (`core.structure`) and pixels are limited before anything is decoded, only the six parsers
above ever see the bytes, and whatever goes wrong inside them becomes an `ImageError`. All functions may be called from
many threads.
"""

import io
import re
import threading
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

from core.errors import ImageError, LargeImageError
from core.frames import count_frames
from core.image_files import FORMATS, MAX_BYTES, MAX_PIXELS, not_decoded, read_image_file
from core.orientation import orientation, upright
from core.pillow import in_words, silence
from core.pixels import to_grey, to_rgb
from core.refusal import refused
from core.structure import check_structure

MAX_WEBP_PIXELS = 65_000_000  # its decoder takes 20 bytes a pixel; 13 are the most of any other
LARGE_PIXELS = 25_000_000  # larger pictures are decoded one at a time: the largest take up to 1.4 GB
# Pixels that the longest side of a picture keeps, at least, for `core.datasets.measures`. Many datasets hold photos of
# 500: half of that decodes in half the time.
MEASURED_SIDE = 240
MAGIC_BYTES = 15  # of a file, at most, tell whether it is one of these

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
_one_large_picture = threading.Lock()


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What is known about a picture whose whole file decodes: pixels as it is looked at (after EXIF rotation),
    Pillow's name of the format ("JPEG") and of the pixels as stored ("RGB", "L", "P", "CMYK", "I;16", ...), and the
    number of frames of an animation (1..1000, see `core.frames`)."""

    width: int
    height: int
    format: str
    mode: str
    frames: int = 1


def load_image(source: bytes | Path, size: int, max_pixels: int | None = None) -> np.ndarray:
    """The picture as a network sees it: squeezed to a square without keeping its aspect, as Keras' `load_img` does.

    Args:
        source: The file's content or where it lies.
        size: Side of the square in pixels, 1 or more.
        max_pixels: More than these are refused before anything is decoded, for who must answer many strangers at once;
            `MAX_PIXELS` when left out.

    Returns:
        uint8 (size, size, 3), RGB, 0..255, bilinear with antialiasing. A JPEG is decoded at the smallest scale that is
        not below `size`, so a pixel differs by a few levels from a resize of the full picture.

    Raises:
        ImageError: The file is no picture that we decode; `received` is the reason in a few words.
    """
    with _opened(source, max_pixels) as (image, _):
        image.draft("RGB", (size, size))
        with _turn_for(image):
            square = to_rgb(image).resize((size, size), Image.Resampling.BILINEAR)
        return np.array(upright(square, orientation(image)))


def load_views(source: bytes | Path, size: int, longest: int) -> tuple[np.ndarray, np.ndarray]:
    """The picture as a network sees it and as people do, from one decode where that is large enough for both.

    Args:
        source: The file's content or where it lies.
        size: Side of the network's square in pixels.
        longest: The longest side of the other in pixels, at most.

    Returns:
        What `load_image` gives, to the pixel; and the whole picture as `decode_image` gives it (from a JPEG decoded at
        another scale, so some levels apart).

    Raises:
        ImageError: As `load_image`.
    """
    with _opened(source) as (image, content):
        full = max(image.size)
        image.draft("RGB", (size, size))
        with _turn_for(image):
            picture = to_rgb(image)
            square = upright(picture.resize((size, size), Image.Resampling.BILINEAR), orientation(image))
            if max(picture.size) < min(longest, full):  # a JPEG that is small, and so quick to decode again
                return np.array(square), decode_image(content, longest)
            scale = min(1.0, longest / max(picture.size))
            target = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
            view = picture if target == picture.size else picture.resize(target, Image.Resampling.BILINEAR)
            return np.array(square), np.array(upright(view, orientation(image)))


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
    with _opened(source) as (image, _):
        target = image.size
        if longest is not None and longest < max(image.size):
            scale = longest / max(image.size)
            target = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
            image.draft("RGB", target)
        with _turn_for(image):
            picture = to_rgb(image)
            if picture.size != target:
                picture = picture.resize(target, Image.Resampling.BILINEAR)
            return np.array(upright(picture, orientation(image)))


def inspect_image(source: bytes | Path, decode_large: bool = True) -> tuple[ImageFacts, Image.Image]:
    """The facts of a picture, after a decode that proves that the whole file can be read, and the picture to measure.

    Args:
        source: The file's content or where it lies.
        decode_large: Whether to decode more than `LARGE_PIXELS` (of a JPEG: at the scale that is decoded). A process
            decodes only one such picture at a time; of several processes, all but one must leave them alone.

    Returns:
        The facts, and the picture in grey (Pillow's "L"), alpha laid on white, the right way up. Its longest side is
        240..479 pixels where the picture has 240 or more, reduced by averaging; a JPEG is decoded at the smallest scale
        that gives as much, and without colour, which still reads every coded byte.

    Raises:
        LargeImageError: The picture is large, and `decode_large` is false. Nothing was decoded.
        ImageError: As `load_image`.
    """
    with _opened(source) as (image, content):
        width, height, mode = image.width, image.height, image.mode
        frames = count_frames(image, content)
        scale = max(width, height) / MEASURED_SIDE
        image.draft("L", (max(1, int(width / scale)), max(1, int(height / scale))))
        if _is_large(image) and not decode_large:
            raise LargeImageError(f"the picture has {width}x{height} pixels", "a smaller one")
        with _turn_for(image):
            grey = to_grey(image)
            if (factor := max(grey.size) // MEASURED_SIDE) > 1:
                grey = grey.reduce(factor)
        turned = orientation(image)
        if turned >= 5:
            width, height = height, width
        return ImageFacts(width, height, str(image.format), mode, frames), upright(grey, turned)


def begins_as_image(content: bytes) -> bool:
    """Whether `content`, which may be no more than a file's first `MAGIC_BYTES`, begins as one of `FORMATS` does."""
    return _parser_of(content) is not None


@contextmanager
def _opened(source: bytes | Path, max_pixels: int | None = None) -> Iterator[tuple[ImageFile, bytes]]:
    """The picture with its header read and its limits checked, and the file's content; errors in the block become
    `ImageError`."""
    silence()
    content = source if isinstance(source, bytes) else read_image_file(source)
    if len(content) > MAX_BYTES:
        raise not_decoded(f"the file has {len(content) / 2**20:.0f} MB")
    parser = _parser_of(content)
    if parser is None:
        reason = "the file is empty" if not content else f"not an image in a format that we read ({FORMATS})"
        raise not_decoded(reason)
    opened = False
    try:
        check_structure(content)
        with parser(io.BytesIO(content)) as image:
            opened = True
            limit = MAX_PIXELS if max_pixels is None else max_pixels
            limit = min(limit, MAX_WEBP_PIXELS) if parser is WebPImageFile else limit
            if image.width * image.height > limit:
                most = f"a {image.format} of at most {limit // 10**6} million"
                raise refused(f"the picture has {image.width}x{image.height} pixels", most)
            yield image, content
    except ImageError:
        raise
    except Exception as error:  # a parser under attack may raise nearly anything
        raise not_decoded(in_words(error, opened)) from error


def _parser_of(content: bytes) -> type[ImageFile] | None:
    return next((parser for magic, parser in _PARSERS if magic.match(content)), None)


def _turn_for(image: ImageFile) -> AbstractContextManager[object]:
    """Many threads decode at once, but only one of them a large picture."""
    return _one_large_picture if _is_large(image) else nullcontext()


def _is_large(image: ImageFile) -> bool:
    return image.width * image.height > LARGE_PIXELS
