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

from core.storage.files import crc32_of_rest, read_json, write_json

HELD_BYTES = 64_000_000  # arrays up to this size are read once: average pooling of 8,000 images
SCATTER = hasattr(os, "preadv")  # one call of the system for a row; not on Windows
ROWS = "rows.bin"  # row after row: its values, float32, then their places
FILES = (ROWS, "offsets.npy", "labels.npy")  # facts.json has the CRC-32 of each


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
        nonzero = dense != 0
        places = np.flatnonzero(nonzero)
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(nonzero.sum(axis=1))])
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


def entry_bytes(width: int) -> int:
    """Bytes of a value and its place in a vector of that width."""
    return 4 + np.dtype(column_type(width)).itemsize


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
        self._file.flush()
        np.save(self._folder / "offsets.npy", np.cumsum(np.concatenate(self._counts)))
        np.save(self._folder / "labels.npy", labels)
        facts = {"width": self._width, "rows": len(labels), "crc32": checksums(self._folder)}
        write_json(self._folder / "facts.json", facts)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()


def checksums(folder: Path) -> dict[str, int]:
    """The CRC-32 of each of `FILES`."""
    sums = {}
    for name in FILES:
        with (folder / name).open("rb", buffering=0) as file:
            sums[name] = crc32_of_rest(file)
    return sums


class StoredRows:
    """Vectors on disk, as `RowsWriter` left them in a folder, and their labels. `FeatureArray` reads them.

    Raises:
        OSError, ValueError, KeyError, EOFError: The folder is gone, or not what was written: its disk was full, lost
            power, or damages what it keeps.
    """

    def __init__(self, folder: Path) -> None:
        facts = read_json(folder / "facts.json")
        self.width: int = facts["width"]
        if facts["crc32"] != checksums(folder):
            raise ValueError(f"{folder} has other bytes than were written")
        self.labels: NDArray[np.int64] = np.load(folder / "labels.npy", allow_pickle=False)
        self.offsets: NDArray[np.int64] = np.load(folder / "offsets.npy", allow_pickle=False)
        self.file = (folder / ROWS).open("rb", buffering=0)
        self.size, expected = (folder / ROWS).stat().st_size, int(self.offsets[-1]) * entry_bytes(self.width)
        if self.size != expected or len(self.offsets) != len(self.labels) + 1:
            self.close()
            raise ValueError(f"{folder / ROWS} has {self.size} bytes, not {expected} for {len(self.labels)} rows")

    def close(self) -> None:
        self.file.close()


class FeatureArray:
    """Feature vectors of images and their augmented copies, read by row: an image, its copies, the next image.

    `labels`, int64 (rows,), are positions in the dataset's classes. A small array is held in memory. Rows of a large
    one are read with plain file reads, not mapped: what is read counts as this process's memory only while it is used.
    One thread at a time.

    Args:
        originals: Of the images.
        copies: Of their copies, as many of each image; None where there are none.
    """

    def __init__(self, originals: StoredRows, copies: StoredRows | None = None) -> None:
        parts = [originals] if copies is None else [originals, copies]
        images = len(originals.labels)
        self.width, self.rows = originals.width, sum(len(part.labels) for part in parts)
        self._files = [part.file for part in parts]
        # What each row of each part is, laid out as one line per image: its own row, then those of its copies.
        lines = [(images, len(part.labels) // max(1, images)) for part in parts]
        self.labels: NDArray[np.int64] = np.repeat(originals.labels, sum(number for _, number in lines))
        self._part = self._rows_of([np.full(line, part) for part, line in enumerate(lines)])
        self._counts = self._rows_of([np.diff(part.offsets).reshape(lines[at]) for at, part in enumerate(parts)])
        self._starts = self._rows_of([part.offsets[:-1].reshape(lines[at]) for at, part in enumerate(parts)])
        self._type = np.dtype(column_type(self.width))
        small = sum(part.size for part in parts) <= HELD_BYTES
        self._held = [file.read() for file in self._files] if small else None

    @staticmethod
    def _rows_of(parts: list[NDArray[np.int64]]) -> NDArray[np.int64]:
        return np.concatenate(parts, axis=1).ravel()

    def read(self, rows: NDArray[np.int64]) -> SparseRows:
        """The vectors of `rows`, int64 (number,), each 0..`self.rows` - 1, in their order.

        Raises:
            OSError: A file has changed since it was opened: it is shorter, or a place lies beyond `width`.
        """
        entry = entry_bytes(self.width)
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(self._counts[rows])])
        values, columns = np.empty(offsets[-1], np.float32), np.empty(offsets[-1], self._type)
        for row, (low, high) in zip(rows, itertools.pairwise(offsets), strict=True):
            part, first, count = int(self._part[row]), int(self._starts[row]) * entry, int(high - low)
            if self._held is not None:
                values[low:high] = np.frombuffer(self._held[part], np.float32, count, first)
                columns[low:high] = np.frombuffer(self._held[part], self._type, count, first + 4 * count)
                continue
            file, buffers = self._files[part], [values[low:high].data, columns[low:high].data]
            if SCATTER:
                got = os.preadv(file.fileno(), buffers, first)
            else:
                file.seek(first)
                got = sum(file.readinto(buffer) for buffer in buffers)
            if got != count * entry:  # else what happened to be in memory would be trained on
                raise OSError(errno.EIO, "A row of features is cut short", file.name)
        if columns.size and columns.max() >= self.width:  # the compiled loops write where it says
            raise OSError(
                errno.EIO, f"A row of {self.width} features names feature {columns.max()}", self._files[0].name
            )
        return SparseRows(self.width, offsets, columns, values)

    def close(self) -> None:
        for file in self._files:
            file.close()
