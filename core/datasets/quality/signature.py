"""What near-duplicates nearly share: the low frequencies of an image in 81 bytes.

The image is squeezed to 32 x 32, and its cosine transform (DCT-II) cut off after nine frequencies per direction, as
perceptual hashes do (Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010), but kept as
numbers, not signs. That is enough to draw a blurred copy, hence to work out two things without the image: how the
signature of its mirrored copy looks (coefficients of odd horizontal frequency change their sign) and, nearly, that of a
crop of it (`cropped`).

Brightness is not in it, contrast only as `detail`; resizing and re-encoding hardly change it.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

VERSION = 1  # increase it with every change of the numbers below
SIDE = 32
STORED = 9  # frequencies per direction in a signature
COMPARED = 7  # and in a comparison: the two in between serve `cropped`
LENGTH = STORED * STORED  # bytes: the detail takes the place of the mean
SLOPE = 0.6  # weight of a frequency f is f ** SLOPE: it evens out the spectrum of photos and separates them best


def _frequency(number: int) -> NDArray[np.float32]:
    f = np.arange(number, dtype=np.float32)
    return np.asarray(np.hypot(f[:, None], f), np.float32)


def _cosines(positions: NDArray[np.float32]) -> NDArray[np.float32]:
    """The orthonormal DCT's cosines at `positions` (0..1) as (positions, STORED)."""
    basis = np.cos(np.pi * positions[:, None] * np.arange(STORED)) * np.sqrt(2 / SIDE)
    basis[:, 0] /= np.sqrt(2)
    return np.asarray(basis, np.float32)


_CENTRES = ((np.arange(SIDE) + 0.5) / SIDE).astype(np.float32)
_BASIS = _cosines(_CENTRES)
_STORED_WEIGHTS = _frequency(STORED) ** SLOPE
_LINE = np.stack([np.full(SIDE, SIDE**-0.5), (_CENTRES - 0.5) / np.linalg.norm(_CENTRES - 0.5)]).astype(np.float32)
_WEIGHTS = _frequency(COMPARED) ** SLOPE
_ORDER = np.array(  # even horizontal frequencies first, so that a mirrored copy differs by the sign of the tail
    [COMPARED * v + u for parity in (0, 1) for v in range(COMPARED) for u in range(parity, COMPARED, 2) if u + v > 0]
)
EVEN = sum(1 for index in _ORDER if index % COMPARED % 2 == 0)
"""How many of a vector's first numbers a mirrored copy shares; it has the others with the opposite sign."""


def signature(grey: NDArray[np.uint8]) -> bytes:
    """The signature of an upright grey image.

    Args:
        grey: uint8 (height, width), 0..255, 1 pixel a side or more; at most 80 a side is plenty, area averaged.

    Returns:
        `LENGTH` bytes: the detail (`details`) and 80 coefficients as int8, scaled so that the largest is 127.
    """
    return signatures([grey])[0]


def signatures(greys: Sequence[NDArray[np.uint8]]) -> list[bytes]:
    """`signature` of each, together: of a batch of 64 small images that takes a sixth of the time."""
    if not greys:
        return []
    places: dict[tuple[int, ...], list[int]] = {}
    for place, grey in enumerate(greys):
        places.setdefault(grey.shape, []).append(place)
    small = np.empty((len(greys), SIDE, SIDE), np.float32)  # turned on its side: (number, column, row)
    for (height, width), some in places.items():
        pixels = np.stack([greys[place] for place in some]).astype(np.float32)
        small[some] = _both_ways(pixels, _area_matrix(height), _area_matrix(width))
    small -= small.mean((1, 2), keepdims=True)  # it counts for nothing below, and would cost precision
    gradient = _both_ways(small, _LINE, _LINE)
    detail = np.sqrt(np.maximum(_energy(small) - _energy(gradient), 0)) / SIDE
    weighted = _both_ways(small, _BASIS.T, _BASIS.T) * _STORED_WEIGHTS
    largest = np.abs(weighted).max((1, 2), keepdims=True, initial=1)  # less than 1 is rounding: the image is flat
    stored = np.rint(weighted * (127 / largest)).astype(np.int8)
    stored[:, 0, 0] = np.minimum(np.rint(detail * 2), 127)
    return [row.tobytes() for row in stored]


def stack(signatures: Iterable[bytes]) -> NDArray[np.int8]:
    """Signatures as int8 (number, LENGTH); one of another length, such as "", becomes zeros: nothing looks like it."""
    rows = b"".join(signature if len(signature) == LENGTH else bytes(LENGTH) for signature in signatures)
    return np.frombuffer(rows, np.int8).reshape(-1, LENGTH)


def details(stacked: NDArray[np.int8]) -> NDArray[np.float32]:
    """How much an image shows beyond a gradient from corner to corner: the standard deviation of what is left when the
    nearest such gradient is taken away, in grey levels, 0..63.5, float32 (number,)."""
    return np.asarray(stacked[:, 0] / 2, np.float32)


def coefficients(stacked: NDArray[np.int8]) -> NDArray[np.float32]:
    """float32 (number, STORED, STORED): the cosine coefficients, vertical frequency first, mean 0, scale unknown."""
    result = stacked.reshape(-1, STORED, STORED).astype(np.float32)
    result[:, 0, 0] = 0
    result /= np.where(_STORED_WEIGHTS > 0, _STORED_WEIGHTS, 1)
    return result


def cropped(
    coefficients: NDArray[np.float32], horizontal: tuple[float, float], vertical: tuple[float, float]
) -> NDArray[np.float32]:
    """The coefficients after a crop, as far as the known ones tell.

    Args:
        coefficients: float32 (number, STORED, STORED).
        horizontal: Shares of the width that go at the left and at the right.
        vertical: Shares of the height that go at the top and at the bottom.
    """
    return np.asarray(_crop_matrix(*vertical) @ coefficients @ _crop_matrix(*horizontal).T)


def vectors(coefficients: NDArray[np.float32]) -> NDArray[np.float32]:
    """float32 (number, 48) of length 1 (0 for a flat image): the dot product of two is their similarity, -1..1.

    The first `EVEN` numbers are shared by the mirrored image, which has the others with the opposite sign.
    """
    weighted = (coefficients[:, :COMPARED, :COMPARED] * _WEIGHTS).reshape(-1, COMPARED * COMPARED)[:, _ORDER]
    length = np.sqrt(np.einsum("ni,ni->n", weighted, weighted))
    return np.asarray(weighted / np.maximum(length, 1e-6)[:, None], np.float32)


def similarity(
    some: NDArray[np.float32], others: NDArray[np.float32], buffers: NDArray[np.float32] | None = None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """How alike images are as they lie or mirrored, whichever is more.

    Args:
        some: Vectors, float32 (m, 48).
        others: Vectors, float32 (n, 48).
        buffers: Where to put the results, float32 (3, m * n or more).

    Returns:
        float32 (m, n), -1..1, and float32 (m, n) that is negative where the mirrored image is more alike.
    """
    shape = len(some), len(others)
    size = shape[0] * shape[1]
    space = np.empty((3, size), np.float32) if buffers is None else buffers
    even, odd, better = (part[:size].reshape(shape) for part in space)
    np.matmul(some[:, :EVEN], others[:, :EVEN].T, out=even)
    np.matmul(some[:, EVEN:], others[:, EVEN:].T, out=odd)
    np.abs(odd, out=better)
    better += even
    return better, odd


@lru_cache(maxsize=256)
def _area_matrix(number: int) -> NDArray[np.float32]:
    """Averages `number` pixels into SIDE, each the mean of what it covers: (SIDE, number). Not OpenCV's: its import
    takes longer than 10,000 signatures, in every process that scans."""
    edges = np.arange(SIDE + 1) * number / SIDE
    pixels = np.arange(number)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return np.asarray(np.maximum(overlap, 0) * SIDE / number, np.float32)


def _both_ways(
    images: NDArray[np.float32], down: NDArray[np.float32], along: NDArray[np.float32]
) -> NDArray[np.float32]:
    """From (number, height, width) to (number, along, down): turned on its side, by two large products."""
    number, height, width = images.shape
    rows = (images.reshape(-1, width) @ along.T).reshape(number, height, -1)
    turned = np.ascontiguousarray(rows.swapaxes(1, 2))
    return np.asarray((turned.reshape(-1, height) @ down.T).reshape(number, len(along), len(down)), np.float32)


def _energy(images: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(np.einsum("nij,nij->n", images, images), np.float32)


def _crop_matrix(before: float, after: float) -> NDArray[np.float32]:
    """From the coefficients of a row of pixels to those of its part: drawn at the part's pixels, transformed again."""
    return np.asarray(_BASIS.T @ _cosines(before + (1 - before - after) * _CENTRES))
