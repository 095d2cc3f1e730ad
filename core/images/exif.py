"""What a camera wrote into a picture, as words: the tags of `exif_tags`, and where it was taken.

Hostile input: EXIF is a small file system of offsets. Only three of its directories are visited, each once, with limits
on entries and lengths before anything is read; no offset is followed outside the block; what is broken is left out.
Pillow's reader is not used: it parses every tag there is and stops at the first broken one.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from core.datasets.exif_tags import TAGS, Number, Value

MAX_ENTRIES = 200  # of a directory
MAX_LENGTH = 120  # characters of a value that is shown
MAX_VALUES = 256  # numbers or bytes of a value that is read
MAX_CHUNKS = 10_000  # of a file that are passed on the way to its EXIF block

_EXIF, _GPS = 0x8769, 0x8825  # tags that point to the other two directories
_NUMBERS = {1: "B", 3: "H", 4: "L", 6: "b", 8: "h", 9: "l"}
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8}


@dataclass(frozen=True)
class Exif:
    """`facts` are {words: value in words}, in a fixed order. `position` says where on Earth, "" where it is not said.

    The position is also among the facts: who publishes such a picture publishes the place.
    """

    facts: dict[str, str] = field(default_factory=dict)
    position: str = ""


def read_exif(content: bytes) -> Exif:
    """The EXIF facts of a JPEG, PNG, WebP or TIFF file; no facts where it has none or they are broken.

    Sources: CIPA DC-008 (Exif 2.32), tables 3 to 15; TIFF 6.0, section 2.
    """
    block = _block(content)
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4])
    if order is None:
        return Exif()
    first = _directory(block, order, _unpack(order + "L", block, 4))
    values: dict[tuple[str, int], Value] = {("first", tag): value for tag, value in first.items()}
    for name, pointer in (("exif", _EXIF), ("gps", _GPS)):
        match first.get(pointer):
            case (int(offset),):
                values |= {(name, tag): value for tag, value in _directory(block, order, offset).items()}
    facts = {}
    for words, place, tag, in_words in TAGS:
        value = values.get((place, tag))
        if value:
            try:
                text = in_words(value)
            except (TypeError, ValueError, ArithmeticError, KeyError):  # a value of another kind than the tag's
                continue
            if text:
                facts[words] = text
    position = _position(*(values.get(("gps", tag)) for tag in (1, 2, 3, 4)))
    if position:
        facts["Position"] = position
    return Exif(facts, position)


def _block(content: bytes) -> bytes:
    """The TIFF structure that holds the tags, b"" where there is none."""
    if content.startswith(b"\xff\xd8"):
        return _of_jpeg(content)
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return _of_chunks(content, 8, ">", b"eXIf")
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return _of_chunks(content, 12, "<", b"EXIF").removeprefix(b"Exif\0\0")
    return content if content[:4] in {b"II*\0", b"MM\0*"} else b""


def _of_jpeg(content: bytes) -> bytes:
    at = 2
    for _ in range(MAX_CHUNKS):
        if content[at : at + 1] != b"\xff" or at + 4 > len(content):
            break
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4], "big")
        if marker == 0xFF:  # padding
            at += 1
            continue
        if marker in {0xD9, 0xDA} or length < 2:  # the pixels begin
            break
        if marker == 0xE1 and content[at + 4 : at + 10] == b"Exif\0\0":
            return content[at + 10 : at + 2 + length]
        at += 2 + length
    return b""


def _of_chunks(content: bytes, at: int, order: Literal["<", ">"], wanted: bytes) -> bytes:
    """PNG has length, name, data, checksum; WebP has name, length, data and a byte that makes it even."""
    big = order == ">"
    for _ in range(MAX_CHUNKS):
        head = content[at : at + 8]
        if len(head) < 8:
            break
        name, length = (head[4:], head[:4]) if big else (head[:4], head[4:])
        size = int.from_bytes(length, "big" if big else "little")
        if name == wanted:
            return content[at + 8 : at + 8 + size]
        at += 8 + size + (4 if big else size % 2)
    return b""


def _unpack(form: str, block: bytes, offset: int) -> int:
    """One number, 0 where the block ends before it."""
    if offset + struct.calcsize(form) > len(block):
        return 0
    return int(struct.unpack_from(form, block, offset)[0])


def _directory(block: bytes, order: str, offset: int) -> dict[int, Value]:
    if offset < 8:
        return {}
    entries = min(_unpack(order + "H", block, offset), MAX_ENTRIES)
    return dict(_entries(block, order, offset + 2, entries))


def _entries(block: bytes, order: str, start: int, number: int) -> Iterator[tuple[int, Value]]:
    for at in range(start, start + 12 * number, 12):
        if at + 12 > len(block):
            return
        tag, kind, count = struct.unpack_from(order + "HHL", block, at)
        size = _SIZES.get(kind, 0) * count
        if not size or (kind != 2 and count > MAX_VALUES):
            continue
        place = at + 8 if size <= 4 else _unpack(order + "L", block, at + 8)
        value = block[place : place + min(size, 4 * MAX_VALUES)]
        if kind == 2 or (kind == 7 and tag != 0x9286):
            yield tag, _text(value)
        elif kind == 7:  # a comment: eight bytes that name its encoding, then the text
            coding = "utf-16-be" if order == ">" else "utf-16-le"
            wide = value.startswith(b"UNICODE\0")
            yield tag, _text(value[8:].decode(coding, "replace").encode() if wide else value[8:])
        elif len(value) == size:
            yield tag, _numbers(value, order, kind, count)


def _numbers(value: bytes, order: str, kind: int, count: int) -> tuple[Number, ...]:
    if kind in _NUMBERS:
        return struct.unpack(f"{order}{count}{_NUMBERS[kind]}", value)
    flat = struct.unpack(f"{order}{2 * count}{'L' if kind == 5 else 'l'}", value)
    pairs = zip(flat[::2], flat[1::2], strict=True)
    return tuple(Fraction(above, below) if below else 0 for above, below in pairs)


def _text(value: bytes) -> str:
    """One line of printable characters: no control characters, none that turn the direction of writing."""
    try:
        text = value.decode()
    except UnicodeDecodeError as error:
        cut = error.start >= len(value) - 3  # our own limit cut the last letter
        text = value.decode("utf-8", "ignore") if cut else value.decode("latin-1")
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in text.split("\0")[0]).split())
    return text if len(text) <= MAX_LENGTH else text[: MAX_LENGTH - 1] + "…"


def _position(north: Value | None, latitude: Value | None, east: Value | None, longitude: Value | None) -> str:
    degrees = []
    for reference, angle, letters, most in ((north, latitude, "NS", 90), (east, longitude, "EW", 180)):
        match reference, angle:
            case str(letter), (whole, minutes, seconds) if letter in tuple(letters):
                value = float(whole + Fraction(minutes) / 60 + Fraction(seconds) / 3600)
                if 0 <= value <= most:
                    degrees.append(f"{value:.5f}° {letter}")
    return ", ".join(degrees) if len(degrees) == 2 else ""
