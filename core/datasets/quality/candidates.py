"""Which pairs of images may show the same photo, from their signatures alone.

Every image is compared with every other by blocked matrix products: as it is and with its edges cropped by 6%, which
is nearest to all crops of 0 to 10% per side. Pairs that are a little alike are compared again under 25 different crops,
which is exact enough that few pairs of different photos are left (`benchmarks/near_duplicates.py` counts them).

Bounded: a block of comparisons takes a few megabytes however many images there are, and no image keeps more than
`MOST` candidates, its best ones, even where all images look alike.
"""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from core.datasets.quality.signature import coefficients, cropped, details, similarity, vectors
from core.jobs.parallel import ordered_map
from core.jobs.progress import Progress, silent

FIRST = 0.68  # similarity, with the edges cropped by 6% or not, from which a pair is compared again
SECOND = 0.85  # similarity under the best of the crops below from which the pixels are looked at
MOST = 32
MIN_DETAIL = 4.0
"""Grey levels (`details`). Images with less, such as a white or black image or a gradient, are no candidates: flat
images look alike without showing the same. Photos have 13 or more."""

_CROPS = [(0.0, 0.0), (0.05, 0.05), (0.1, 0.1), (0.09, 0.01), (0.01, 0.09)]
_ROWS, _COLUMNS = 256, 1024


@dataclass(frozen=True)
class Candidates:
    """Pairs that may show the same photo, the most alike first.

    `pairs` is int32 (number, 2), indices of images, the lower one first; `similarities` float32 (number,), 0.85..1;
    `mirrored` bool (number,): whether the second has to be mirrored to look like the first.
    """

    pairs: NDArray[np.int32]
    similarities: NDArray[np.float32]
    mirrored: NDArray[np.bool_]


def find_candidates(stacked: NDArray[np.int8], progress: Progress = silent) -> Candidates:
    """Compares all with all.

    Args:
        stacked: `core.datasets.quality.signature.stack` of the images' signatures.
        progress: Told of phase "compare", in images.

    Raises:
        Cancelled: From `progress`.
    """
    usable = np.flatnonzero(details(stacked) >= MIN_DETAIL).astype(np.int32)
    known = coefficients(stacked[usable])
    all_vectors = vectors(known)
    starts = range(0, len(usable), _ROWS)
    pairs = []
    with (  # the blocks are spread over the cores, which is faster than spreading each product
        threadpool_limits(1, user_api="blas"),
        closing(ordered_map(lambda start: _block(start, known, all_vectors), starts, "compare")) as blocks,
    ):
        for start, block in zip(starts, blocks, strict=True):
            pairs.append(block)
            progress("compare", min(start + _ROWS, len(usable)), len(usable))
    return _merge(pairs, usable)


def _block(start: int, known: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float64]:
    """The candidates of a block of images: float64 (number, 4) of index, other index, similarity, 1 if mirrored."""
    rows = slice(start, start + _ROWS)
    nearest = _nearest(start, vectors(cropped(known[rows], (0.06, 0.06), (0.06, 0.06))), others)
    crops = np.stack([vectors(cropped(known[rows], h, v)) for h in _CROPS for v in _CROPS], axis=1)
    tables = []
    for row, columns in enumerate(nearest):
        if len(columns) == 0:
            continue
        even, odd = similarity(crops[row], others[columns])
        best = even.argmax(axis=0)
        values = even[best, np.arange(len(columns))]
        close = np.flatnonzero(values >= SECOND)
        close = close[np.argsort(-values[close], kind="stable")[:MOST]]
        mirrored = odd[best[close], close] < 0
        tables.append(np.column_stack([np.full(len(close), start + row), columns[close], values[close], mirrored]))
    return np.concatenate(tables) if tables else np.empty((0, 4))


def _nearest(start: int, cropped_rows: NDArray[np.float32], others: NDArray[np.float32]) -> list[NDArray[np.int64]]:
    """For each image of a block the others that are a little alike, at most 4 * MOST, the most alike ones."""
    number = len(cropped_rows)
    own = np.arange(start, start + number)
    some = np.concatenate([others[start : start + number], cropped_rows])
    thresholds = np.full(number, FIRST, np.float32)
    columns: list[NDArray[np.int64]] = [np.empty(0, np.int64)] * number
    values: list[NDArray[np.float32]] = [np.empty(0, np.float32)] * number
    buffers = np.empty((3, len(some) * _COLUMNS), np.float32)  # fresh memory a step would cost more than the products
    for left in range(0, len(others), _COLUMNS):
        both = similarity(some, others[left : left + _COLUMNS], buffers)[0]
        alike = np.maximum(both[:number], both[number:], out=both[:number])
        inside = np.flatnonzero((own >= left) & (own < left + _COLUMNS))
        alike[inside, own[inside] - left] = -1  # itself
        for row in np.flatnonzero(alike.max(axis=1) > thresholds):
            more = np.flatnonzero(alike[row] > thresholds[row])
            columns[row] = np.concatenate([columns[row], more + left])
            values[row] = np.concatenate([values[row], alike[row, more]])
            if len(columns[row]) > 4 * MOST:  # from here on only what is more alike than the least of the best
                best = np.argpartition(values[row], -4 * MOST)[-4 * MOST :]
                columns[row], values[row] = columns[row][best], values[row][best]
                thresholds[row] = values[row].min()
    return columns


def _merge(blocks: Iterable[NDArray[np.float64]], usable: NDArray[np.int32]) -> Candidates:
    """One entry per pair, the more similar of its two comparisons."""
    table = np.concatenate([np.empty((0, 4)), *blocks])
    pairs = np.sort(table[:, :2].astype(np.int64), axis=1)
    order = np.lexsort((pairs[:, 1], pairs[:, 0], -table[:, 2]))
    pairs, table = pairs[order], table[order]
    _, first = np.unique(pairs[:, 0] * max(len(usable), 1) + pairs[:, 1], return_index=True)
    first.sort()
    return Candidates(
        usable[pairs[first]].reshape(-1, 2), table[first, 2].astype(np.float32), table[first, 3].astype(np.bool_)
    )
