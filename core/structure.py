"""What a file is made of, counted before a parser sees it.

Pillow goes through a file's parts in Python: segments of a JPEG, chunks of a PNG, blocks of a GIF, runs of a BMP. 64 MB
hold millions of empty ones, which take a minute, and a thousand that each inflate to a megabyte. Here parts are stepped
over by their lengths, and no further than a limit that no camera or program comes near; coded pixels are not looked at
(but for the scans of a progressive JPEG, which one search counts). TIFF has a file of its own, `core.tiff`.

A file that breaks off, or is none of these formats, passes: the parser says what is wrong with it.
"""

import re
import struct

from core.errors import ImageError
from core.refusal import refused
from core.tiff import check_tiff

MAX_SCANS = 100
"""Of a progressive JPEG, each of which costs a pass over all pixels; programs write about 10."""
MAX_SEGMENTS = 1000
"""Of a JPEG before its pixels. Cameras write about 10; a depth map in extended XMP takes 100."""
MAX_SEGMENT_BYTES = 16 * 2**20
MAX_EXIF_BYTES = 2**20  # the standard allows one segment, 64 KB; some programs write several
MAX_STRAY_BYTES = 2**16
"""Bytes between parts that belong to none. A few old cameras write a few."""
MAX_PIXEL_CHUNKS = 100_000
"""Of a PNG, with those of all frames: 64 MB in the usual chunks of 8 KB are 8,000."""
MAX_OTHER_CHUNKS = 1000
MAX_COMPRESSED_CHUNKS = 100  # texts and colour profiles, of up to a megabyte each
MAX_BLOCKS = 100_000
"""Of a GIF before its first frame, 255 bytes each."""
MAX_RUN_PIXELS = 10_000_000  # of a run-length coded BMP, which is decoded in Python
MAX_RUN_BYTES = 8 * 2**20

_SCAN = b"\xff\xda"  # cannot occur in coded pixels
_MARKER = re.compile(rb"(?:[^\xff]|\xff\x00|\xff(?=\xff))*+\xff([\x01-\xfe])")  # behind stray bytes and padding
_WITHOUT_LENGTH = {0xC8, *range(0xD0, 0xDA), *range(0xF0, 0xFE)}
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_PIXEL_CHUNKS = {b"IDAT", b"fdAT", b"fcTL"}
_COMPRESSED_CHUNKS = {b"iCCP", b"zTXt", b"iTXt"}


def check_structure(content: bytes) -> None:
    """Refuses a file of more parts than a parser should be given.

    Raises:
        ImageError: It has more of something than its limit above.
    """
    if content.startswith(b"\xff\xd8\xff"):
        _check_jpeg(content)
    elif content.startswith(b"\x89PNG\r\n\x1a\n"):
        _check_png(content)
    elif content.startswith(b"GIF8"):
        _check_gif(content)
    elif content.startswith(b"BM"):
        _check_bmp(content)
    elif content.startswith((b"II", b"MM")):
        check_tiff(content)


def _check_jpeg(content: bytes) -> None:
    at, segments, stray, exif = 2, 0, 0, 0
    frames: list[tuple[int, bytes]] = []  # kind, and number of colours
    one_scan = False
    while marker := _MARKER.match(content, at, at + MAX_STRAY_BYTES + 2):
        stray += marker.end() - 2 - at
        at = marker.end()
        kind = marker[1][0]
        if kind == 0xDA:  # where the scan has all colours of a plain JPEG, libjpeg takes no other
            one_scan = any(frames == [(plain, content[at + 2 : at + 3])] for plain in (0xC0, 0xC1))
        if kind == 0xDA or kind < 0xC0 or stray > MAX_STRAY_BYTES:
            break
        segments += 1
        if kind not in _WITHOUT_LENGTH:
            length = int.from_bytes(content[at : at + 2], "big")
            if kind in _FRAMES:
                frames.append((kind, content[at + 7 : at + 8]))
            if kind == 0xE1 and content.startswith(b"Exif\0\0", at + 2):
                exif += length
            at += max(length, 2)
        if segments > MAX_SEGMENTS:
            raise refused(f"the picture has more than {MAX_SEGMENTS} segments before its pixels", MAX_SEGMENTS)
        if at > MAX_SEGMENT_BYTES:
            raise refused(f"the picture begins after {at / 2**20:.0f} MB of other things", _most(MAX_SEGMENT_BYTES))
        if exif > MAX_EXIF_BYTES:
            raise refused("the picture has more than a megabyte of EXIF", _most(MAX_EXIF_BYTES))
    if stray > MAX_STRAY_BYTES or (not marker and len(content) - at > MAX_STRAY_BYTES + 2):
        raise _stray()
    if not one_scan and (scans := content.count(_SCAN)) > MAX_SCANS:
        raise refused(f"the picture is sent in {scans} passes, which would take minutes to decode", MAX_SCANS)


def _check_png(content: bytes) -> None:
    at, pixels, others, compressed = 8, 0, 0, 0
    while at + 8 <= len(content):
        length, kind = struct.unpack_from(">L4s", content, at)
        if kind == b"IEND":
            break
        at += 12 + length
        if kind in _PIXEL_CHUNKS:
            pixels += 1
            if pixels > MAX_PIXEL_CHUNKS:
                raise refused(f"the picture is in more than {MAX_PIXEL_CHUNKS} pieces", MAX_PIXEL_CHUNKS)
            continue
        others += 1
        compressed += kind in _COMPRESSED_CHUNKS
        if others > MAX_OTHER_CHUNKS:
            raise refused(f"the picture has more than {MAX_OTHER_CHUNKS} chunks beside its pixels", MAX_OTHER_CHUNKS)
        if compressed > MAX_COMPRESSED_CHUNKS:
            reason = f"the picture has more than {MAX_COMPRESSED_CHUNKS} compressed texts and colour profiles"
            raise refused(reason, MAX_COMPRESSED_CHUNKS)


def _check_gif(content: bytes) -> None:
    at = blocks = stray = 0
    try:
        at = 13 + (3 * 2 ** ((content[10] & 7) + 1) if content[10] & 0x80 else 0)
        while content[at] not in b",;":  # until the first frame, or the end
            if content[at] != 0x21:
                at += 1
                stray += 1
                if stray > MAX_STRAY_BYTES:
                    raise _stray()
                continue
            at += 2  # an extension: its label, then blocks
            while True:
                length = content[at]
                at += 1 + length
                blocks += 1
                if blocks > MAX_BLOCKS:
                    raise refused(f"the picture has more than {MAX_BLOCKS} blocks before its first frame", MAX_BLOCKS)
                if not length:
                    break
    except IndexError:
        pass


def _check_bmp(content: bytes) -> None:
    if len(content) < 34 or int.from_bytes(content[14:18], "little") < 40:
        return  # the old header, whose pixels are plain
    width, height, compression = struct.unpack_from("<Ll4xL", content, 18)
    if compression in (1, 2):
        if width * abs(height) > MAX_RUN_PIXELS:
            reason = f"the picture has {width}x{abs(height)} run-length coded pixels"
            raise refused(reason, f"at most {MAX_RUN_PIXELS // 10**6} million")
        if len(content) > MAX_RUN_BYTES:
            raise refused(f"the run-length coded picture has {len(content) / 2**20:.0f} MB", _most(MAX_RUN_BYTES))


def _stray() -> ImageError:
    return refused(f"more than {MAX_STRAY_BYTES} bytes of the file belong to nothing", MAX_STRAY_BYTES)


def _most(size: int) -> str:
    return f"at most {size // 2**20} MB"
