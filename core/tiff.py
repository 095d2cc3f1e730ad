"""A TIFF's directories, read and limited before a parser sees them: both byte orders, and BigTIFF.

Pillow and libtiff believe a directory and make an object of each number, strip, tile and row that it names, so that a
file of 200 bytes takes 800 MB. Covers the first page, which is the only one that is decoded, with its EXIF.

Source: TIFF 6.0, section 2; https://www.awaresystems.be/imaging/tiff/bigtiff.html.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from core.refusal import refused

MAX_ENTRIES = 1000
"""Of a directory; cameras write up to 100."""
MAX_PARTS = 100_000
"""Strips or tiles: 30,000 rows in strips of one row, with the three colours apart, are 90,000."""
MAX_NUMBERS = 250_000
"""In all values of a directory: each part has an offset and a size."""
MAX_DIRECTORIES = 10  # of EXIF
MAX_READ = 4
"""Times that the parts together may be as long as the file, which they are where they overlap."""

_WIDTH, _HEIGHT, _COMPRESSION, _SAMPLES, _ROWS, _PLANAR = 256, 257, 259, 277, 278, 284
_TILE_WIDTH, _TILE_HEIGHT = 322, 323
_PARTS = {273, 279, 324, 325}  # offsets and sizes of strips, and of tiles
_SIZES = (279, 325)
_DIRECTORIES = {34665, 34853, 40965}  # EXIF, position, interoperability
_SINGLE = {_WIDTH, _HEIGHT, _COMPRESSION, _SAMPLES, _ROWS, _PLANAR, _TILE_WIDTH, _TILE_HEIGHT}
_PLAIN = {1, 2, 7}  # bytes and text, which no parser takes apart
# Bytes of a value of each kind, and numpy's name of those that are whole numbers.
_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_WHOLE = {1: "u1", 3: "u2", 4: "u4", 6: "i1", 8: "i2", 9: "i4", 13: "u4", 16: "u8", 17: "i8", 18: "u8"}


class Layout(NamedTuple):
    """How a TIFF is written: `order` of bytes as `struct` names it, "<" or ">", and formats of its numbers."""

    order: str
    number: str
    entry: str
    offset: str
    first: int

    @classmethod
    def of(cls, content: bytes) -> "Layout":
        order = ">" if content[:2] == b"MM" else "<"
        if content[2:4] in (b"+\0", b"\0+"):
            return cls(order, order + "Q", order + "HHQ8s", order + "Q", 8)
        return cls(order, order + "H", order + "HHL4s", order + "L", 4)


class _Entry(NamedTuple):
    tag: int
    kind: int
    length: int
    at: int  # where its values are


def directories(content: bytes) -> Iterator[tuple[int, int]]:
    """The offset and number of entries of each page's directory, until the chain ends, breaks off or leads back."""
    layout = Layout.of(content)
    seen: set[int] = set()
    try:
        (at,) = struct.unpack_from(layout.offset, content, layout.first)
        while at and at not in seen:
            (entries,) = struct.unpack_from(layout.number, content, at)
            seen.add(at)
            yield at, entries
            end = at + struct.calcsize(layout.number) + entries * struct.calcsize(layout.entry)
            (at,) = struct.unpack_from(layout.offset, content, end)
    except (struct.error, OverflowError):
        pass


def check_tiff(content: bytes) -> None:
    """Refuses a TIFF whose first page, by its directory, takes more work or memory than a picture can need.

    Raises:
        ImageError: Something in it is beyond a limit above.
    """
    if content[:4] == b"MM\0+":  # Pillow and libtiff would each read another directory
        raise refused("a BigTIFF in the byte order of Motorola", "a TIFF, or a BigTIFF in that of Intel")
    layout = Layout.of(content)
    first = next(directories(content), None)
    if first is None:
        return
    entries = _entries(content, layout, *first)
    _check_parts(content, layout, entries)
    seen = {first[0]}
    while pointers := [entry for entry in entries if entry.tag in _DIRECTORIES]:
        entries = []
        for pointer in pointers:
            at = _first(content, layout, pointer)
            if at in seen or not 0 < at <= len(content) - struct.calcsize(layout.number):
                continue
            seen.add(at)
            if len(seen) > MAX_DIRECTORIES:
                raise refused(f"the picture has more than {MAX_DIRECTORIES} directories of EXIF", MAX_DIRECTORIES)
            entries += _entries(content, layout, at, *struct.unpack_from(layout.number, content, at))


def _entries(content: bytes, layout: Layout, at: int, number: int) -> list[_Entry]:
    """The entries of a directory whose values lie within the file; no parser reads others."""
    if number > MAX_ENTRIES:
        raise refused(f"a directory of the picture has {number} entries", MAX_ENTRIES)
    at += struct.calcsize(layout.number)
    size, room = struct.calcsize(layout.entry), struct.calcsize(layout.offset)
    found, numbers, total = [], 0, 0
    for place in range(at, min(at + number * size, len(content) - size + 1), size):
        tag, kind, count, value = struct.unpack_from(layout.entry, content, place)
        length = _BYTES.get(kind, 0) * count
        (far,) = struct.unpack(layout.offset, value)
        start = place + size - room if length <= room else far
        if tag in _PARTS and count > MAX_PARTS:
            raise refused(f"the picture is in {count} strips or tiles", MAX_PARTS)
        if not 0 < length <= len(content) - start:
            continue
        found.append(_Entry(tag, kind, count, start))
        total += length
        numbers += 0 if kind in _PLAIN else count
    if numbers > MAX_NUMBERS:
        raise refused(f"a directory of the picture has {numbers} numbers", MAX_NUMBERS)
    if total > len(content):
        raise refused(f"a directory of the picture names {total} bytes", f"at most the file's {len(content)}")
    return found


def _check_parts(content: bytes, layout: Layout, entries: list[_Entry]) -> None:
    values: dict[int, int] = {}
    for entry in entries:
        if entry.tag in _SINGLE:
            if entry.tag in values:  # Pillow takes the first, others the last
                raise refused(f"the picture's directory has entry {entry.tag} twice", "one of each")
            if entry.kind not in _WHOLE:
                raise refused(f"entry {entry.tag} of the picture's directory has kind {entry.kind}", "a whole number")
            values[entry.tag] = _first(content, layout, entry)
    width, height = values.get(_WIDTH, 0), values.get(_HEIGHT, 0)
    strips = -(-height // (values.get(_ROWS) or height or 1))
    columns, rows = values.get(_TILE_WIDTH) or width or 1, values.get(_TILE_HEIGHT) or height or 1
    tiles = -(-width // columns) * -(-height // rows)
    parts = max(strips, tiles) * (values.get(_SAMPLES, 1) if values.get(_PLANAR) == 2 else 1)
    if parts > MAX_PARTS:
        raise refused(f"the picture is in {parts} strips or tiles", MAX_PARTS)
    if values.get(_COMPRESSION, 1) == 1:
        return  # plain pixels, of which as many are read as the picture has
    for entry in entries:
        if entry.tag in _SIZES and entry.kind in _WHOLE:
            sizes = np.frombuffer(content, layout.order + _WHOLE[entry.kind], entry.length, entry.at)
            read = int(np.minimum(sizes.astype(np.uint64), np.uint64(len(content))).sum())
            if read > MAX_READ * len(content):
                expected = f"at most {MAX_READ} times the file's {len(content)}"
                raise refused(f"the strips or tiles of the picture name {read} bytes", expected)


def _first(content: bytes, layout: Layout, entry: _Entry) -> int:
    """An entry's first value, 0 where that is no whole number."""
    form = _WHOLE.get(entry.kind)
    return int(np.frombuffer(content, layout.order + form, 1, entry.at)[0]) if form else 0
