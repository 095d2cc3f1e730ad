"""Feature vectors without their zeros, in memory and on disk.

The base ends in ReLU6, so about three quarters of its last activation are exactly 0: leaving them out makes the files
three times smaller and the head's products four times shorter, and changes no number.
"""

import errno
import itertools
import os
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from core.files import read_json, write_json

HELD_BYTES = 64_000_000  # arrays up to this size are read once: average pooling of 8,000 pictures
SCATTER = hasattr(os, "preadv")  # one call of the system for a row; not on Windows
ROWS = "rows.bin"  # row after row: its values, float32, then their places


@dataclass(frozen=True)
class SparseRows:
    """Vectors in compressed rows: row r has `values[offsets[r]:offsets[r + 1]]` at the ascending places `columns[...]`,
    and 0 elsewhere.

    `offsets` is int64 (rows + 1,), `columns` uint16, or uint32 where `width` is above 65,536, and `values` float32.
    """

    width: int
    offsets: NDArray[np.int64]
    columns: NDArray[Any]
    values: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @classmethod
    def of(cls, dense: NDArray[np.float32]) -> Self:
        """From float32 (rows, width)."""
        kept = dense != 0
        places = np.flatnonzero(kept)
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(kept.sum(axis=1))])
        width = dense.shape[1]
        return cls(width, offsets, (places % width).astype(column_type(width)), dense.ravel()[places])

    def dense(self) -> NDArray[np.float32]:
        """As float32 (rows, width)."""
        rows = np.zeros((len(self), self.width), np.float32)
        rows[np.repeat(np.arange(len(self)), np.diff(self.offsets)), self.columns] = self.values
        return rows


def column_type(width: int) -> type[np.uint16] | type[np.uint32]:
    """The smallest type that numbers the places of a vector."""
    return np.uint16 if width <= 2**16 else np.uint32


class RowsWriter:
    """Writes vectors, a few at a time, into an existing folder; `close` makes it whole. A context manager."""

    def __init__(self, folder: Path, width: int) -> None:
        self._folder, self._width, self._counts = folder, width, [np.zeros(1, np.int64)]
        self._file = (folder / ROWS).open("wb")

    def write(self, rows: SparseRows) -> None:
        for low, high in itertools.pairwise(rows.offsets):
            self._file.write(rows.values[low:high].data)
            self._file.write(rows.columns[low:high].data)
        self._counts.append(np.diff(rows.offsets))

    def close(self, labels: NDArray[np.int64]) -> None:
        """Writes what a reader needs to find the vectors, and a label for each: int64 (rows,)."""
        np.save(self._folder / "offsets.npy", np.cumsum(np.concatenate(self._counts)))
        np.save(self._folder / "labels.npy", labels)
        write_json(self._folder / "facts.json", {"width": self._width, "rows": len(labels)})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()


class FeatureArray:
    """Feature vectors on disk, read by row, as `RowsWriter` left them in a folder.

    `labels`, int64 (rows,), are positions in the dataset's classes. A small array is held in memory. Rows of a large
    one are read with plain file reads, not mapped: what is read counts as this process's memory only while it is used.
    One thread at a time.

    Raises:
        OSError, ValueError, KeyError, EOFError: The folder is gone, or not whole: its disk was full, or lost power.
    """

    def __init__(self, folder: Path) -> None:
        self.width: int = read_json(folder / "facts.json")["width"]
        self.labels: NDArray[np.int64] = np.load(folder / "labels.npy", allow_pickle=False)
        self.rows = len(self.labels)
        self._offsets: NDArray[np.int64] = np.load(folder / "offsets.npy", allow_pickle=False)
        self._type = np.dtype(column_type(self.width))
        self._file = (folder / ROWS).open("rb", buffering=0)
        size, expected = (folder / ROWS).stat().st_size, int(self._offsets[-1]) * self._entry
        if size != expected or len(self._offsets) != self.rows + 1:
            self.close()
            raise ValueError(f"{folder / ROWS} has {size} bytes, not {expected} for {self.rows} rows")
        self._held = self._file.read() if size <= HELD_BYTES else None

    @property
    def _entry(self) -> int:
        """Bytes of a value and its place."""
        return 4 + self._type.itemsize

    def read(self, rows: NDArray[np.int64]) -> SparseRows:
        """The vectors of `rows`, int64 (number,), each 0..`self.rows` - 1, in their order.

        Raises:
            OSError: The file has become shorter since it was opened.
        """
        counts = self._offsets[rows + 1] - self._offsets[rows]
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
        values, columns = np.empty(offsets[-1], np.float32), np.empty(offsets[-1], self._type)
        for row, (low, high) in zip(rows, itertools.pairwise(offsets), strict=True):
            first, count = int(self._offsets[row]) * self._entry, int(high - low)
            if self._held is not None:
                values[low:high] = np.frombuffer(self._held, np.float32, count, first)
                columns[low:high] = np.frombuffer(self._held, self._type, count, first + 4 * count)
                continue
            parts = [values[low:high].data, columns[low:high].data]
            if SCATTER:
                got = os.preadv(self._file.fileno(), parts, first)
            else:
                self._file.seek(first)
                got = sum(self._file.readinto(part) for part in parts)
            if got != count * self._entry:  # else what happened to be in memory would be trained on
                raise OSError(errno.EIO, "A row of features is cut short", self._file.name)
        return SparseRows(self.width, offsets, columns, values)

    def close(self) -> None:
        self._file.close()
