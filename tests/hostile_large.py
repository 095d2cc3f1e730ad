"""Images as large as any that are decoded, in small files: what each kind of pixels, decoder and conversion costs at
most. Drawn when they are asked for, since each takes a while.
"""

import struct
import zlib
from collections.abc import Callable

from PIL import Image

from tests.drawing import encode
from tests.hostile import png, vp8l
from tests.hostile_floods import chunk

SIDE = 10_000  # pixels: the most that is decoded of anything but JPEG
PHONE = (16_320, 12_240)  # 200 million pixels


def large_files() -> dict[str, Callable[[], bytes]]:
    """{name: what draws its content}."""
    return {
        "32-bit integers.tif": lambda: tiff(32, 2),
        "signed 16 bits.tif": lambda: tiff(16, 2),
        "signed 16 bits, many strips.tif": lambda: tiff(16, 2, rows=16),
        "floating point.tif": lambda: tiff(32, 3),
        "one strip of 16 bits.tif": lambda: tiff(16, 1, 4, alpha=2),
        "turned.tif": lambda: tiff(16, 1, 4, alpha=2, turned=6),
        "inks.tif": lambda: tiff(8, 1, 4, photometric=5),
        "grey.png": lambda: png(SIDE, SIDE, _rows(1, 16), depth=16),
        "alpha.png": lambda: _coloured_png(6, 4),
        "palette.png": lambda: _coloured_png(3, 1, chunk(b"PLTE", bytes(768)) + chunk(b"tRNS", bytes(200))),
        "transparent.gif": lambda: encode(Image.new("P", (SIDE, SIDE)), "GIF", transparency=0),
        "runs.bmp": _runs,
        "largest.webp": lambda: vp8l(8940, 8940),
        "beyond.webp": lambda: vp8l(9000, 9000),
        "phone.jpg": lambda: encode(Image.new("RGB", PHONE, "olive")),
        "progressive phone.jpg": lambda: encode(Image.new("RGB", PHONE, "olive"), progressive=True),
        "full chroma.jpg": lambda: encode(Image.new("RGB", (15_800, 15_800)), progressive=True, subsampling=0),
        "inks.jpg": lambda: encode(Image.new("CMYK", (SIDE, SIDE)), progressive=True),
        "25 scans.jpg": lambda: scans(25),
        "100 scans.jpg": lambda: scans(100),
    }


def tiff(
    bits: int, kind: int, samples: int = 1, *, rows: int = SIDE, photometric: int = 0, alpha: int = 0, turned: int = 1
) -> bytes:
    """Zeros, deflated, in strips of so many rows, each of which is the same bytes. `kind` as in the tag SampleFormat:
    1 unsigned, 2 signed, 3 floating point."""
    strip, number = zlib.compress(bytes(SIDE * samples * bits // 8 * rows), 1), -(-SIDE // rows)
    photometric = photometric or (2 if samples > 1 else 1)
    table = {256: (SIDE,), 257: (SIDE,), 258: (bits,) * samples, 259: (8,), 262: (photometric,), 274: (turned,)}
    table |= {273: (0,) * number, 277: (samples,), 278: (rows,), 279: (len(strip),) * number, 339: (kind,) * samples}
    if alpha:
        table[338] = (alpha,)
    behind = 8 + 2 + 12 * len(table) + 4
    sizes = {tag: 4 * len(values) for tag, values in table.items() if len(values) > 1}
    table[273] = (behind + sum(sizes.values()),) * number
    entries, arrays = b"", b""
    for tag, values in sorted(table.items()):
        place = behind + len(arrays) if tag in sizes else values[0]
        entries += struct.pack("<HHLL", tag, 4, len(values), place)
        arrays += struct.pack(f"<{len(values)}L", *values) if tag in sizes else b""
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(table)) + entries + bytes(4) + arrays + strip


def scans(number: int) -> bytes:
    """A progressive JPEG of a hundred million pixels; the last of ten scans comes again and again."""
    whole = encode(Image.new("RGB", (SIDE, SIDE), "olive"), progressive=True)
    last = whole.rindex(b"\xff\xda")
    return whole[:last] + whole[last:-2] * (number - 9) + whole[-2:]


def _rows(samples: int, depth: int = 8) -> bytes:
    return zlib.compress((b"\0" + bytes(SIDE * samples * depth // 8)) * SIDE, 1)


def _coloured_png(colour: int, samples: int, more: bytes = b"") -> bytes:
    header = struct.pack(">LLBBBBB", SIDE, SIDE, 8, colour, 0, 0, 0)
    rows = chunk(b"IDAT", _rows(samples))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + more + rows + chunk(b"IEND", b"")


def _runs() -> bytes:
    head = struct.pack("<LLLLllHHLLLLLL", 70, 0, 54 + 1024, 40, SIDE, SIDE, 1, 8, 1, 0, 0, 0, 256, 0)
    row = b"\xff\0" * (SIDE // 255) + bytes([SIDE % 255, 0]) + b"\0\0"
    return b"BM" + head + bytes(1024) + row * SIDE + b"\0\1"
