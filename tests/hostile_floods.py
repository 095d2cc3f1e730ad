"""Small files made of very many parts, or that claim them: a larger one takes a parser a minute or gigabytes."""

import struct
import zlib
from collections.abc import Mapping

from tests.drawing import image_bytes

Entries = Mapping[int, tuple[int, int, int]]
LONG, RATIONAL, UNDEFINED = 4, 5, 7


def floods() -> dict[str, bytes]:
    """{name: content}, each of far more parts than any program writes."""
    return {**_jpegs(), **_pngs(), **_gifs(), **_bmps(), **_tiffs()}


def segments(number: int, segment: bytes = b"\xff\xfe\0\2") -> bytes:
    """A JPEG with `number` more segments than it has."""
    whole = image_bytes(1, (16, 16))
    return whole[:2] + segment * number + whole[2:]


def chunks(number: int, kind: bytes = b"tEXt", content: bytes = b"a\0b") -> bytes:
    """A PNG with `number` more chunks than it has, before its pixels."""
    whole = image_bytes(1, (16, 16), format="PNG")
    at = whole.index(b"IDAT") - 4
    return whole[:at] + chunk(kind, content) * number + whole[at:]


def blocks(more: bytes) -> bytes:
    """A GIF with `more` before its first frame."""
    whole = image_bytes(1, (16, 16), format="GIF", mode="L")
    at = 13 + 3 * 2 ** ((whole[10] & 7) + 1)
    return whole[:at] + more + whole[at:]


def runs(width: int, height: int, coded: bytes) -> bytes:
    """A grey BMP in runs of 4 bits a pixel."""
    return (
        b"BM" + struct.pack("<LLLLllHHLLLLLL", 70, 0, 58, 40, width, height, 1, 4, 2, 0, 0, 0, 1, 0) + bytes(4) + coded
    )


def tiff(entries: Entries, more: bytes = b"", big: bool = False) -> bytes:
    """A grey TIFF of one pixel whose directory is changed by `entries`, {tag: (kind, count, value)}; `more` follows at
    `behind(entries)`."""
    table = {256: 1, 257: 1, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: 1, 279: 1}
    every = {tag: (LONG, 1, value) for tag, value in table.items()} | dict(entries)
    head, number, entry, last = (b"II+\0\x08\0\0\0", "<Q", "<HHQQ", 8) if big else (b"II*\0", "<H", "<HHLL", 4)
    first = struct.pack("<Q", 16) if big else struct.pack("<L", 8)
    rows = b"".join(struct.pack(entry, tag, *every[tag]) for tag in sorted(every))
    return head + first + struct.pack(number, len(every)) + rows + bytes(last) + more


def behind(entries: Entries) -> int:
    """The offset of what follows the directory of `tiff(entries)`."""
    return len(tiff(entries))


def chunk(kind: bytes, content: bytes) -> bytes:
    """A PNG's chunk."""
    return struct.pack(">L", len(content)) + kind + content + struct.pack(">L", zlib.crc32(kind + content))


def _jpegs() -> dict[str, bytes]:
    exif = b"\xff\xe1\xff\xffExif\0\0" + bytes(65_527)
    progressive = image_bytes(1, (16, 16), progressive=True)
    last = progressive.rindex(b"\xff\xda")
    return {
        "segments.jpg": segments(1001),
        "restarts.jpg": segments(1001, b"\xff\xd0"),
        "stray.jpg": segments(1, b"\xff\xfe\0\2" + bytes(70_000)),
        "padding.jpg": segments(1, b"\xff" * 70_000),
        "exif.jpg": segments(17, exif),
        "passes.jpg": progressive[:last] + progressive[last:-2] * 100 + progressive[-2:],
    }


def _pngs() -> dict[str, bytes]:
    profile = b"a\0\0" + zlib.compress(bytes(2**20 - 10), 9)
    return {
        "chunks.png": chunks(1001),
        "unknown chunks.png": chunks(1001, b"prIv", b""),
        "empty pieces.png": chunks(100_001, b"IDAT", b""),
        "profiles.png": chunks(101, b"iCCP", profile),
    }


def _gifs() -> dict[str, bytes]:
    return {
        "extensions.gif": blocks(b"!\xfe\0" * 100_001),
        "comment.gif": blocks(b"!\xfe" + b"\1x" * 100_001 + b"\0"),
        "stray.gif": blocks(bytes(70_000)),
    }


def _bmps() -> dict[str, bytes]:
    return {"runs.bmp": runs(10_000, 9_990, b"\xff\x12" * 1000)}


def _tiffs() -> dict[str, bytes]:
    packed = {259: (LONG, 1, 32_773)}
    shared: Entries = packed | {40_000 + number: (UNDEFINED, 3000, 8) for number in range(900)}
    position = {34_853: (LONG, 1, 0)}
    at = behind(position)
    numbers = struct.pack("<HHHLLL", 1, 2, RATIONAL, 250_001, 8, 0)
    overlap: dict[int, tuple[int, int, int]] = packed | {256: (LONG, 1, 8), 257: (LONG, 1, 10_000)}
    start = behind(overlap)
    overlap |= {273: (LONG, 10_000, start), 279: (LONG, 10_000, start + 40_000)}
    coded = b"\x80" * 10_000 + b"\7" + bytes(8)  # runs of nothing, then a row
    places = struct.pack("<L", start + 80_000) * 10_000 + struct.pack("<L", len(coded)) * 10_000
    tiles = packed | {
        tag: (LONG, 1, value) for tag, value in {256: 9999, 257: 9999, 322: 1, 323: 1, 324: 8, 325: 8}.items()
    }
    return {
        "strips.tif": tiff({273: (LONG, 100_001, 8), 257: (LONG, 1, 100_001)}, bytes(400_004)),
        "rows.tif": tiff(packed | {257: (LONG, 1, 100_000_000)}),
        "tiles.tif": tiff(tiles),
        "numbers.tif": tiff({282: (RATIONAL, 250_001, 8)}, bytes(2_100_000)),
        "numbers of the position.tif": tiff({34_853: (LONG, 1, at)}, numbers + bytes(2_100_000)),
        "shared bytes.tif": tiff(shared),
        "shared strips.tif": tiff(overlap, places + coded),
        "entries.big.tif": tiff(dict.fromkeys(range(300, 1301), (LONG, 1, 0)), big=True),
        "other order.big.tif": b"MM\0+\0\x08\0\0" + struct.pack(">QQ", 16, 0),
    }
