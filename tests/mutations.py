"""Mutated bytes: what a broken disk, a cut connection or a fuzzer makes of a good file. The seed decides alone."""

import random
from collections.abc import Callable

EDGES = (b"\x00", b"\xff", b"\x7f", b"\x80", b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", b"\x7f\xff\xff\xff")


def mutated(content: bytes, seed: int) -> bytes:
    """`content`, changed in one to four ways that `seed` draws."""
    draw = random.Random(seed)
    for _ in range(draw.choice((1, 1, 2, 4))):
        content = draw.choice(WAYS)(content, draw) or b"\x00"
    return content


def _flip(content: bytes, draw: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(draw.choice((1, 4, 20, 200))):
        changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def _edge(content: bytes, draw: random.Random) -> bytes:
    """A number becomes the smallest or greatest of its kind: lengths, sizes and offsets stand early in a file."""
    value, place = draw.choice(EDGES), draw.randrange(min(len(content), draw.choice((64, 1024, len(content)))))
    return content[:place] + value + content[place + len(value) :]


def _cut(content: bytes, draw: random.Random) -> bytes:
    return content[: draw.randrange(len(content))]


def _missing(content: bytes, draw: random.Random) -> bytes:
    start, length = draw.randrange(len(content)), draw.choice((1, 7, 512, 5000))
    return content[:start] + content[start + length :]


def _twice(content: bytes, draw: random.Random) -> bytes:
    start, length = draw.randrange(len(content)), draw.choice((1, 16, 512, 5000))
    return content[: start + length] + content[start:]


def _swapped(content: bytes, draw: random.Random) -> bytes:
    one, other = sorted((draw.randrange(len(content)), draw.randrange(len(content))))
    length = min(draw.choice((4, 64, 2000)), other - one)
    return (
        content[:one]
        + content[other : other + length]
        + content[one + length : other]
        + content[one : one + length]
        + content[other + length :]
    )


def _noise(content: bytes, draw: random.Random) -> bytes:
    start, length = draw.randrange(len(content)), draw.choice((8, 100, 3000))
    return content[:start] + draw.randbytes(length) + content[start + length :]


WAYS: tuple[Callable[[bytes, random.Random], bytes], ...] = (_flip, _edge, _cut, _missing, _twice, _swapped, _noise)
