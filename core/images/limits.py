"""What decoding an image may cost, told by its header before anything is decoded: pixels, scans, memory.

A process that decodes has `SMALL_MEMORY` for each image. One that needs more asks for it (`LargeImageError`), and
`core.images.isolated` gives all of them together `MAX_MEMORY`. An image that would need more than that is refused.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice

from PIL.BmpImagePlugin import BmpImageFile
from PIL.ExifTags import Base
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.TiffImagePlugin import TiffImageFile

from core.errors import LargeImageError
from core.images.files import MAX_JPEG_PIXELS, MAX_PIXELS, refused

SMALL_MEMORY = 128 * 2**20
"""Bytes that decoding one image may take anywhere: nearly every JPEG, and 12 million pixels in most other formats."""
MAX_MEMORY = 3 * 2**29
"""Bytes that decoding takes at most, of all larger images at the same time: a progressive JPEG of 250 million pixels
without chroma subsampling, a WebP of 80 million."""
MAX_SCANNED_PIXELS = 10 * MAX_JPEG_PIXELS
"""Of all scans of a JPEG together, as each decodes every pixel anew; libjpeg's "progressive" are ten."""
_MAX_MARKERS = 10_000  # that are looked at one by one
_MARKER = re.compile(rb"\xff+([^\x00\x01\xd0-\xd7\xff])", re.DOTALL)  # not: a coded 255, TEM, restarts
_EOI, _SOS = 0xD9, 0xDA

# Bytes a pixel that decoders hold beside the image.
_STRIP_BYTES = 8  # a TIFF's only strip, of four samples of 16 bits
_TURNED_BYTES = 4  # a TIFF is turned while it still has its strip
_RUNS_BYTES = 3  # a BMP of runs
_WEBP_BYTES = 20  # with the image: its canvas and the one before, the frame, the result


@dataclass(frozen=True, slots=True)
class Limits:
    """What is decoded at all: images of at most `pixels`, of which only JPEG may have more than `MAX_PIXELS`, and at
    once those that take at most `memory` bytes; larger ones up to `MAX_MEMORY` are left to who gives them as much."""

    pixels: int = MAX_JPEG_PIXELS
    memory: int = MAX_MEMORY


ORDINARY = Limits()


def check_header(image: ImageFile, content: bytes, limits: Limits) -> None:
    """Pixels and scans of an image whose header is read.

    Raises:
        ImageError: They are too many.
    """
    if not isinstance(image, JpegImageFile):
        check_pixels(image, min(limits.pixels, MAX_PIXELS))
        return
    check_pixels(image, min(limits.pixels, MAX_JPEG_PIXELS))
    most = MAX_SCANNED_PIXELS // max(1, image.width * image.height)
    if content.count(b"\xff\xda") > most and (scans := _num_scans(content)) > most:  # counting bytes takes no time
        raise refused(
            f"the JPEG has {scans} scans of {image.width}x{image.height} pixels, more than "
            f"{MAX_SCANNED_PIXELS // 10**6} million pixels together: save it without 'progressive'",
            f"a JPEG of at most {most} scans at this size",
            "Open it in an image editor and save it as JPEG without the option 'progressive'",
        )


def check_webp(content: bytes, limits: Limits) -> None:
    """Memory of a WebP, before its header is read: its decoder takes nearly half of it at once.

    Raises:
        LargeImageError, ImageError: As `check_memory`.
    """
    number = partial(int.from_bytes, byteorder="little")
    width = height = 0
    match content[12:16]:
        case b"VP8X":
            width, height = number(content[24:27]) + 1, number(content[27:30]) + 1
        case b"VP8L":
            bits = number(content[21:25])
            width, height = bits % 2**14 + 1, (bits >> 14) % 2**14 + 1
        case b"VP8 ":
            width, height = number(content[26:28]) % 2**14, number(content[28:30]) % 2**14
    _check_need(_WEBP_BYTES * width * height + 2 * len(content), "WEBP", (width, height), limits)


def check_pixels(image: ImageFile, most: int) -> None:
    """Raises `ImageError` if the image has more than `most` pixels, at the scale at which it is to be decoded."""
    if image.width * image.height > most:
        limit = f"{most / 10**6:g} million pixels"
        raise refused(
            f"the image has {image.width}x{image.height} pixels, more than {limit}: save a smaller copy",
            f"a {image.format} of at most {limit}",
        )


def check_memory(image: ImageFile, content: bytes, limits: Limits) -> None:
    """Pixels and memory of an image as it is about to be decoded, after `draft`.

    Raises:
        LargeImageError: It takes more memory than the limits allow; `memory` says how much.
        ImageError: It takes more than anybody gives.
    """
    check_pixels(image, MAX_PIXELS)
    _check_need(_decoding_memory(image, content), str(image.format), image.size, limits)


def _check_need(need: int, name: str, size: tuple[int, int], limits: Limits) -> None:
    pixels = f"{size[0]}x{size[1]} pixels"
    if need > MAX_MEMORY:
        raise refused(
            f"the image has {pixels}; to decode that {name} takes {need // 10**6} MB of memory, more than "
            f"{MAX_MEMORY // 10**6}: save a smaller copy",
            f"a {name} that takes at most {MAX_MEMORY // 10**6} MB",
        )
    if need > limits.memory:
        raise LargeImageError(f"the image has {pixels}", "a smaller one", memory=need)


def _decoding_memory(image: ImageFile, content: bytes) -> int:
    """Bytes that decoding takes at its peak, from above: the file, the pixels as Pillow stores them, and then either
    the decoder's own or the same pixels brought to grey or RGB (`core.images.pixels`). A view is small beside them."""
    mode, pixels = image.mode, image.width * image.height
    if image.format == "WEBP":
        return 2 * len(content) + _WEBP_BYTES * pixels
    stored = 1 if mode in ("1", "L", "P") else 2 if mode.startswith("I;16") else 4
    is_plain = mode in ("1", "L", "RGB", "I") or mode.startswith("I;16")
    converted = 1 if is_plain and not image.has_transparency_data else 5
    match image:
        case JpegImageFile():
            decoder = _coefficients(image, content)
        case TiffImageFile():
            decoder = (_STRIP_BYTES + _TURNED_BYTES * (image.tag_v2.get(Base.Orientation, 1) != 1)) * pixels
        case BmpImageFile():
            decoder = _RUNS_BYTES * pixels
        case _:
            decoder = 0
    return 2 * len(content) + stored * pixels + max(decoder, converted * pixels)


def _coefficients(image: JpegImageFile, content: bytes) -> int:
    """Bytes of a JPEG's coefficients, which are in memory all at once, whatever the scale, where there are several
    scans."""
    first = next((at for code, at in _markers(content) if code == _SOS), None)
    components = content[first + 2] if first is not None and first + 2 < len(content) else 0
    if not image.info.get("progressive") and components >= len(image.layer):
        return 0
    scale = image.decoderconfig[0] if image.decoderconfig else 1
    sizes = [across * down for _, across, down, _ in image.layer]
    samples = sum(sizes) / max(1, *sizes)  # a pixel
    return int(2 * samples * image.width * image.height * scale**2)


def _num_scans(content: bytes) -> int:
    """Scans of a JPEG up to its end: what follows are other images, or a film."""
    codes = [code for code, _ in islice(_markers(content), _MAX_MARKERS)]
    return codes.count(_SOS) if len(codes) < _MAX_MARKERS else content.count(b"\xff\xda")


def _markers(content: bytes) -> Iterator[tuple[int, int]]:
    """Each marker with the place of its segment, which begins with a length of 2 bytes, as libjpeg finds them."""
    at = 2
    while (match := _MARKER.search(content, at)) and match[1][0] != _EOI:
        at = match.end()
        yield match[1][0], at
        at += int.from_bytes(content[at : at + 2])
