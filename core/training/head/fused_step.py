"""One pass over the hidden kernel: gradient, L2, Adam, and the next batch's product, while each row is in the cache.

The kernel lies in panels of 64 units, (inputs, 64) each. A panel depends on no other, so panels go to threads and the
numbers do not depend on how many threads there are. 64 units are four AVX-512 registers: the part of the gradient or
of the product that a row touches never leaves the first-level cache. Only features that are not 0 cost anything.
"""

from dataclasses import dataclass
from typing import Any, Self

import numba
import numpy as np
from numpy.typing import NDArray

from core.backbone.rows import SparseRows
from core.training.head.adam import COMPILED, step
from core.training.head.prefetch import prefetch

Floats = NDArray[np.float32]

PANEL = 64  # units
AHEAD = 8  # rows that are asked for before their turn
_LINE = 64  # bytes of a cache line: a vector that straddles two costs twice
LANES = _LINE // 4


def aligned(*shape: int) -> Floats:
    """Zeros, float32, that begin on a cache line."""
    size = 4 * int(np.prod(shape))
    memory = np.zeros(size + _LINE, np.uint8)
    start = -memory.ctypes.data % _LINE
    return memory[start : start + size].view(np.float32).reshape(shape)


def to_panels(values: Floats) -> Floats:
    """(rows, units) as panels, (panels, rows, PANEL); units that only fill the last panel are 0."""
    rows, units = values.shape
    panels = aligned(-(-units // PANEL), rows, PANEL)
    for number, panel in enumerate(panels):
        part = values[:, number * PANEL : (number + 1) * PANEL]
        panel[:, : part.shape[1]] = part
    return panels


def from_panels(panels: Floats, units: int) -> Floats:
    """The inverse of `to_panels`."""
    return np.concatenate(list(panels), axis=1)[:, :units]


@dataclass(frozen=True)
class Columns:
    """A batch by feature: feature f has `values[starts[f]:ends[f]]` in the images `rows[...]`.

    Room up to a multiple of four is filled with zeros of image 0. `starts` and `ends` are uint32 (width,), `rows`
    uint32, `values` float32, and `size` is the number of images.
    """

    size: int
    starts: NDArray[np.uint32]
    ends: NDArray[np.uint32]
    rows: NDArray[np.uint32]
    values: Floats

    @classmethod
    def of(cls, batch: SparseRows) -> Self:
        room = len(batch.values) + 3 * min(batch.width, len(batch.values))
        starts, ends = np.empty(batch.width, np.uint32), np.zeros(batch.width, np.uint32)
        rows, values = np.empty(room, np.uint32), np.empty(room, np.float32)
        _transpose(batch.offsets, batch.columns, batch.values, starts, ends, rows, values)
        return cls(len(batch), starts, ends, rows, values)

    @property
    def arrays(self) -> tuple[NDArray[Any], ...]:
        """As the compiled loops take them."""
        return self.starts, self.ends, self.rows, self.values


def product(panel: Floats, batch: Columns) -> Floats:
    """`batch @ panel`, float32 (size, PANEL)."""
    result = aligned(batch.size, PANEL)
    _product(panel, *batch.arrays, result)
    return result


def sweep(
    panels: tuple[Floats, Floats, Floats],
    batch: Columns,
    output_gradient: Floats,
    l2: float,
    scaled: tuple[np.float32, np.float32],
    following: Columns,
) -> tuple[Floats, float]:
    """One step of Adam on a panel. Releases the GIL.

    Args:
        panels: The kernel's panel and its two moments, float32 (inputs, PANEL), changed in place.
        output_gradient: Of the loss by the panel's output, float32 (size, PANEL), contiguous.
        l2: The penalty's factor; its gradient is 2 * l2 * weight.
        scaled: What `core.training.head.adam.scaled` gives.
        following: The next batch.

    Returns:
        The next batch's product with the new weights, float32 (size, PANEL), and the sum of the squares of those.
    """
    result, scratch = aligned(following.size, PANEL), aligned(PANEL)
    rates = (np.float32(2 * l2), *scaled)
    squares = _sweep(panels, batch.arrays, output_gradient, following.arrays, result, scratch, rates)
    return result, float(squares)


@numba.njit(**COMPILED)
def _sweep(panels, batch, output_gradient, following, result, gradient, rates):  # type: ignore[no-untyped-def]
    kernel, m, v = panels
    starts, ends, rows, values = batch
    next_starts, next_ends, next_rows, next_values = following
    decay, rate, epsilon = rates
    squares = 0.0
    for feature in range(kernel.shape[0]):
        for i in range(0, PANEL, LANES):
            ahead = (feature + AHEAD) * PANEL + i
            prefetch(kernel, ahead)
            prefetch(m, ahead)
            prefetch(v, ahead)
        w, m_row, v_row = kernel[feature], m[feature], v[feature]
        for i in range(PANEL):
            gradient[i] = decay * w[i]
        for e in range(starts[feature], ends[feature], 4):
            d0, d1 = output_gradient[rows[e]], output_gradient[rows[e + 1]]
            d2, d3 = output_gradient[rows[e + 2]], output_gradient[rows[e + 3]]
            x0, x1, x2, x3 = values[e], values[e + 1], values[e + 2], values[e + 3]
            for i in range(PANEL):
                gradient[i] += (x0 * d0[i] + x1 * d1[i]) + (x2 * d2[i] + x3 * d3[i])
        row_squares = np.float32(0)
        for i in range(PANEL):
            updated, m_row[i], v_row[i] = step(w[i], m_row[i], v_row[i], gradient[i], rate, epsilon)
            w[i] = updated
            gradient[i] = updated  # a copy that no other array overlaps, as far as the compiler can tell
            row_squares += updated * updated
        squares += float(row_squares)
        for e in range(next_starts[feature], next_ends[feature]):
            y, x = result[next_rows[e]], next_values[e]
            for i in range(PANEL):
                y[i] += x * gradient[i]
    return squares


@numba.njit(**COMPILED)
def _product(kernel, starts, ends, rows, values, result):  # type: ignore[no-untyped-def]
    for feature in range(kernel.shape[0]):
        w = kernel[feature]
        for e in range(starts[feature], ends[feature]):
            y, x = result[rows[e]], values[e]
            for i in range(PANEL):
                y[i] += x * w[i]


@numba.njit(nogil=True, cache=True)
def _transpose(offsets, columns, values, starts, ends, to_rows, to_values):  # type: ignore[no-untyped-def]
    for e in range(offsets[-1]):
        ends[columns[e]] += 1
    total = 0
    for column in range(starts.shape[0]):
        count = ends[column]
        starts[column] = ends[column] = total
        room = (count + 3) & ~3
        for e in range(total + count, total + room):
            to_rows[e] = 0
            to_values[e] = 0
        total += room
    for row in range(offsets.shape[0] - 1):
        for e in range(offsets[row], offsets[row + 1]):
            place = ends[columns[e]]
            to_rows[place] = row
            to_values[place] = values[e]
            ends[columns[e]] = place + 1
