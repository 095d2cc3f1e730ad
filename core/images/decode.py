"""The only decoder: bytes or a path in, upright RGB pixels out, the same for browsing, training and classifying.

It runs in a process that may be lost: a worker of `core.images.isolated`, which is what everybody else calls, or a
training process, where that decodes small files that a scan has decoded before.

Covers JPEG (also the multi-image files of phones), PNG, WebP, BMP, GIF and TIFF, the first frame of each; grey,
palette, CMYK, 1-bit and 16-bit pixels; alpha, which is laid on white; and EXIF rotation. Does not cover colour profiles
(Keras ignores them too) nor pixels whose white is unknown (floating point, 32-bit integers beyond 16 bits).

Hostile input: bytes, pixels, scans and memory are limited before anything is decoded (`core.images.limits`), only the
six parsers above ever see the bytes, and what they raise becomes an `ImageError`. Time is limited by the worker. All
functions may be called from many threads.
"""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
from core.images.crop import Crop, centred_square
from core.images.exif import Exif, exif_of
from core.images.files import FORMATS, MAX_BYTES, not_decoded, read_image_file
from core.images.limits import ORDINARY, Limits, check_header, check_memory, check_webp
from core.images.orientation import orientation, upright
from core.images.pillow import in_words, silence
from core.images.pixels import to_grey, to_pixels

MAX_FRAMES = 1000
# Pixels that the longest side of an image keeps, at least, for `core.datasets.scan.measures`. Many datasets hold photos
# of 500: half of that decodes in half the time.
MEASURED_SIDE = 240
MAGIC_BYTES = 15  # of a file, at most, tell whether it is one of these
# A JPEG is decoded whole for the model up to twice this times the model's size, and above at a scale that is not below
# it: benchmarks/pixels.py has what each factor costs, and how far the predictions are from those of whole decoding.
DRAFT_SIDES = 4

# The classes are called directly, not through Image.open: no other parser can be reached, the limit on pixels is ours
# (with the image's size in its message), and the second image in a phone's file is never looked at.
_PARSERS: list[tuple[re.Pattern[bytes], type[ImageFile]]] = [
    (re.compile(rb"\xff\xd8\xff"), JpegImageFile),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), PngImageFile),
    (re.compile(rb"RIFF....WEBPVP8", re.DOTALL), WebPImageFile),
    (re.compile(rb"BM"), BmpImageFile),
    (re.compile(rb"GIF8[79]a"), GifImageFile),
    (re.compile(rb"II[*+]\x00|MM\x00[*+]"), TiffImageFile),
]


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What is known about an image whose whole file decodes: pixels as it is looked at (after EXIF rotation),
    Pillow's name of the format ("JPEG") and of the pixels as stored ("RGB", "L", "P", "CMYK", "I;16", ...), and the
    number of frames of an animation or of pages, 1..1000."""

    width: int
    height: int
    format: str
    mode: str
    frames: int = 1


def load_image(source: bytes | Path, size: int, limits: Limits = ORDINARY, *, crop: Crop = "squeeze") -> np.ndarray:
    """The image as a network sees it: a square.

    Args:
        source: The file's content or where it lies.
        size: Side of the square in pixels, 1 or more.
        limits: Images beyond them are refused before anything is decoded.
        crop: How it becomes a square.

    Returns:
        uint8 (size, size, 3), RGB, 0..255, bilinear with antialiasing: to the level what Keras' `load_img` gives with
        `interpolation="bilinear"` (and `keep_aspect_ratio=True` for `center`), for an image that is upright and opaque.
        A JPEG whose sides both have `2 * DRAFT_SIDES * size` or more is decoded at a reduced scale, and a pixel differs
        by a few levels.

    Raises:
        LargeImageError: It takes more memory than the limits allow. Nothing was decoded.
        ImageError: The file is no image that we decode; `received` is the reason in a few words.
    """
    with _opened(source, limits) as (image, content):
        whole = _reduce_for_model(image, size)
        check_memory(image, content, limits)
        return _square(to_pixels(image), size, crop, whole, orientation(image))


def load_views(
    source: bytes | Path, size: int, longest: int, limits: Limits = ORDINARY, *, crop: Crop = "squeeze"
) -> tuple[np.ndarray, np.ndarray]:
    """The image as a network sees it and as people do, from one decode where that is large enough for both.

    Args:
        source, limits, crop: As for `load_image`.
        size: Side of the network's square in pixels.
        longest: The longest side of the other in pixels, at most.

    Returns:
        What `load_image` gives, to the pixel; and the whole image as `decode_image` gives it (from a JPEG decoded at
        another scale, so some levels apart).

    Raises:
        ImageError: As `load_image`.
    """
    with _opened(source, limits) as (image, content):
        full, view = max(image.size), None
        whole = _reduce_for_model(image, size)
        if max(image.size) < min(longest, full):  # a JPEG's scale that is too small for people; first what takes more
            view = decode_image(content, longest, limits)
        check_memory(image, content, limits)
        pixels = to_pixels(image)
        square = _square(pixels, size, crop, whole, orientation(image))
        if view is None:
            view = np.array(upright(_resized(pixels, _fitting(pixels, longest)), orientation(image)))
        return square, view


def decode_image(source: bytes | Path, longest: int | None = None, limits: Limits = ORDINARY) -> np.ndarray:
    """The whole image, for looking at.

    Args:
        source, limits: As for `load_image`.
        longest: The longest side of the result in pixels, at most; the aspect is kept and nothing is enlarged.

    Returns:
        uint8 (height, width, 3), RGB, 0..255, the right way up.

    Raises:
        ImageError: As `load_image`.
    """
    with _opened(source, limits) as (image, content):
        target = _fitting(image, longest or max(image.size))
        image.draft("RGB", target)
        check_memory(image, content, limits)
        return np.array(upright(_resized(to_pixels(image), target), orientation(image)))


def inspect_image(source: bytes | Path, limits: Limits = ORDINARY) -> tuple[ImageFacts, Image.Image]:
    """The facts of an image, after a decode that proves that the whole file can be read, and the image to measure.

    Returns:
        The facts, and the image in grey (Pillow's "L"), alpha laid on white, the right way up. Its longest side is
        240..479 pixels where the image has 240 or more, reduced by averaging; a JPEG is decoded at the smallest scale
        that gives as much, and without colour, which still reads every coded byte.

    Raises:
        ImageError: As `load_image`.
    """
    with _opened(source, limits) as (image, content):
        width, height, mode = image.width, image.height, image.mode
        frames = _num_frames(image, content)
        scale = max(width, height) / MEASURED_SIDE
        image.draft("L", (max(1, int(width / scale)), max(1, int(height / scale))))
        check_memory(image, content, limits)
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


def read_exif(source: bytes | Path, limits: Limits = ORDINARY) -> Exif:
    """The EXIF facts of an image; none where it has none, or they are broken.

    Raises:
        ImageError: As `load_image`, as far as the file's header is concerned.
    """
    with _opened(source, limits) as (image, _):
        return exif_of(image)


@contextmanager
def _opened(source: bytes | Path, limits: Limits) -> Iterator[tuple[ImageFile, bytes]]:
    """The image with its header read and its limits checked, and the file's content; errors in the block become
    `ImageError`."""
    silence()
    content = source if isinstance(source, bytes) else read_image_file(source)
    if len(content) > MAX_BYTES:
        raise not_decoded(f"the file has {len(content) / 2**20:.0f} MB")
    parser = _parser_of(content)
    if parser is None:
        reason = "the file is empty" if not content else f"not an image in a format that we read ({FORMATS})"
        raise not_decoded(reason)
    if parser is WebPImageFile:
        check_webp(content, limits)
    opened = False
    try:
        with parser(io.BytesIO(content)) as image:
            opened = True
            check_header(image, content, limits)
            yield image, content
    except ImageError:
        raise
    except Exception as error:  # a parser under attack may raise nearly anything
        raise not_decoded(in_words(error, opened=opened)) from error


def _parser_of(content: bytes) -> type[ImageFile] | None:
    return next((parser for magic, parser in _PARSERS if magic.match(content)), None)


def _resized(
    pixels: Image.Image, size: tuple[int, int], box: tuple[float, float, float, float] | None = None
) -> Image.Image:
    """In RGB. Grey stays grey until it is small: the same values in a third of the time."""
    if box or pixels.size != size:
        pixels = pixels.resize(size, Image.Resampling.BILINEAR, box)
    return pixels if pixels.mode == "RGB" else pixels.convert("RGB")


def _square(
    pixels: Image.Image, size: int, crop: Crop, whole: tuple[int, int, float] | None, turned: int
) -> np.ndarray:
    """What `load_image` gives. `pixels` are as stored, `turned` their orientation, `whole` from `_reduce_for_model`: at
    a reduced scale the last block of 8 pixels reaches beyond the image, and is left out."""
    width, height, reduction = whole or (*pixels.size, 1)
    box = centred_square(width, height, turned) if crop == "center" else (0, 0, width, height)
    left, top, right, bottom = (edge / reduction for edge in box)
    return np.array(upright(_resized(pixels, (size, size), (left, top, right, bottom)), turned))


def _reduce_for_model(image: ImageFile, size: int) -> tuple[int, int, float] | None:
    """Has a JPEG decoded at the smallest scale that is not below `DRAFT_SIDES * size`. Returns its width, its height,
    and how many times smaller it will be decoded."""
    width, height = image.size
    reduced = image.draft("RGB", (DRAFT_SIDES * size, DRAFT_SIDES * size))
    return (width, height, width / reduced[1][2]) if reduced else None


def _fitting(image: Image.Image, longest: int) -> tuple[int, int]:
    """The image's size, scaled down where a side is longer."""
    scale = min(1.0, longest / max(image.size))
    return max(1, round(image.width * scale)), max(1, round(image.height * scale))


def _num_frames(image: ImageFile, content: bytes) -> int:
    """1..`MAX_FRAMES`: those of a file that breaks off up to there, but 1 of a GIF."""
    frames = 1
    if image.format == "TIFF":
        with suppress(Exception), type(image)(io.BytesIO(content)) as counted:
            for frames in range(1, MAX_FRAMES + 1):  # of 64 MB of empty pages, `n_frames` looks at all, for a minute
                counted.seek(frames)
    elif image.format == "GIF":
        with suppress(Exception), type(image)(io.BytesIO(content)) as counted:  # it is left wherever counting ends
            frames = int(getattr(counted, "n_frames", 1))
    else:
        frames = int(getattr(image, "n_frames", 1))  # PNG and WebP say it in the header, which is read already
    return min(max(frames, 1), MAX_FRAMES)
