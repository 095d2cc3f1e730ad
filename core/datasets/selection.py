"""Which records to show, in what order, a page at a time: fast at 100,000 because all that is asked for often lies in
columns of numbers."""

import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from core.datasets.records import Dataset, ImageRecord

State = Literal["all", "usable", "excluded", "relabelled", "unreadable"]
Column = Literal["name", "pixels", "bytes", "brightness", "sharpness", "entropy"]
STATES: tuple[State, ...] = get_args(State)
COLUMNS: tuple[Column, ...] = get_args(Column)
Indices = NDArray[np.int32]
"""Shape (n,): positions in `Dataset.records`."""


@dataclass(frozen=True)
class Filter:
    """What a record must be to be shown; "" and None ask for nothing.

    `label` is the class as it is now. `problem` is a key of the problems given to `Catalog.choose`. `text` is any part
    of the path, in any case. `width` and `height` are (least, most) in pixels, both included. `paths` are the only ones
    to show, such as a group that was picked in a chart.
    """

    split: str = ""
    label: str = ""
    state: State = "all"
    problem: str = ""
    text: str = ""
    format: str = ""
    mode: str = ""
    width: tuple[int, int] | None = None
    height: tuple[int, int] | None = None
    paths: frozenset[str] | None = None


class Catalog:
    """The columns of one dataset: about 60 bytes a record, made once in a tenth of a second for 100,000.

    `splits`, `formats` and `modes` are those of the readable records, the most frequent first. May be used by many
    threads.
    """

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self._split = self._category(lambda record: record.split)
        self._label = self._category(lambda record: record.label)
        self._format = self._category(lambda record: record.format)
        self._mode = self._category(lambda record: record.mode)
        self._width = self._numbers("width", np.int32)
        self._height = self._numbers("height", np.int32)
        readable = self._flags(record.reason == "" for record in dataset.records)
        excluded = self._flags(record.excluded for record in dataset.records)
        self._states: dict[State, NDArray[np.bool_]] = {
            "usable": readable & ~excluded,
            "excluded": excluded,
            "relabelled": self._flags(record.folder_label != "" for record in dataset.records),
            "unreadable": ~readable,
        }
        self._columns: dict[Column, NDArray[Any]] = {
            "pixels": self._width.astype(np.int64) * self._height,
            "bytes": self._numbers("bytes", np.int64),
            "brightness": self._numbers("brightness", np.float32),
            "sharpness": self._numbers("sharpness", np.float32),
            "entropy": self._numbers("entropy", np.float32),
        }
        self._orders: dict[tuple[Column, bool], Indices] = {}
        self.splits, self.formats, self.modes = (
            category.by_frequency(readable) for category in (self._split, self._format, self._mode)
        )

    def choose(
        self,
        wanted: Filter,
        sort: Column = "name",
        descending: bool = False,
        problems: Mapping[str, Set[str]] | None = None,
    ) -> Indices:
        """The records that `wanted` lets through, sorted.

        Args:
            sort: Records that are equal in it keep the order of their paths, whichever way it goes. What cannot be read
                has no pixels, brightness or sharpness, and comes last either way.
            problems: Paths of the records that have each problem; a key that is not in it has none.
        """
        mask = np.ones(len(self.dataset.records), bool)
        if wanted.state != "all":
            mask &= self._states[wanted.state]
        for category, name in (
            (self._split, wanted.split),
            (self._label, wanted.label),
            (self._format, wanted.format),
            (self._mode, wanted.mode),
        ):
            if name:
                mask &= category.is_one(name)
        for column, limits in ((self._width, wanted.width), (self._height, wanted.height)):
            if limits:
                mask &= (column >= limits[0]) & (column <= limits[1])
        if wanted.paths is not None:
            mask &= self._within(wanted.paths)
        if wanted.problem:
            mask &= self._within((problems or {}).get(wanted.problem, frozenset()))
        if wanted.text:
            text = _folded(wanted.text)
            mask &= self._flags(text in _folded(record.path) for record in self.dataset.records)
        order = self._order(sort, descending)
        return order[mask[order]]

    def records(self, indices: Indices) -> list[ImageRecord]:
        return [self.dataset.records[index] for index in indices.tolist()]

    def page(self, chosen: Indices, number: int, size: int) -> list[ImageRecord]:
        """Page `number`, 1 and up, of the chosen records; the nearest page that exists where there is no such one."""
        number = min(max(1, number), num_pages(len(chosen), size))
        return self.records(chosen[(number - 1) * size : number * size])

    def find(self, path: str) -> ImageRecord | None:
        """The record with this path, if the dataset still has it."""
        records = self.dataset.records
        index = bisect_left(records, path, key=attrgetter("path"))
        return records[index] if index < len(records) and records[index].path == path else None

    def position(self, chosen: Indices, path: str) -> int:
        """Where the record with this path stands among the chosen ones, from 0; -1 where it is not among them."""
        index = bisect_left(self.dataset.records, path, key=attrgetter("path"))
        hits = np.flatnonzero(chosen == index)
        return int(hits[0]) if hits.size and self.dataset.records[index].path == path else -1

    def share_below(self, column: Column, value: float) -> float:
        """The share of the readable records, 0..1, whose value in `column` is lower."""
        values = self._columns[column][~self._states["unreadable"]]
        return float(np.mean(values < np.asarray(value, values.dtype))) if values.size else 0.0

    def _order(self, sort: Column, descending: bool) -> Indices:
        order = self._orders.get((sort, descending))
        if order is None:
            order = np.arange(len(self.dataset.records), dtype=np.int32)
            if sort == "name":
                order = order[::-1] if descending else order
            else:
                values = -self._columns[sort] if descending else self._columns[sort]
                order = np.argsort(values, kind="stable").astype(np.int32)
                if sort != "bytes":
                    unreadable = self._states["unreadable"][order]
                    order = np.concatenate([order[~unreadable], order[unreadable]])
            self._orders[sort, descending] = order
        return order

    def _within(self, paths: Set[str]) -> NDArray[np.bool_]:
        return self._flags(record.path in paths for record in self.dataset.records)

    def _flags(self, values: Iterable[bool]) -> NDArray[np.bool_]:
        return np.fromiter(values, bool, len(self.dataset.records))

    def _numbers(self, name: str, kind: type[np.generic]) -> NDArray[Any]:
        return np.fromiter(map(attrgetter(name), self.dataset.records), kind, len(self.dataset.records))

    def _category(self, name_of: Callable[[ImageRecord], str]) -> "_Category":
        return _Category([name_of(record) for record in self.dataset.records])


class _Category:
    """A column of names, as numbers."""

    def __init__(self, names: list[str]) -> None:
        self._codes = {name: code for code, name in enumerate(sorted(set(names)))}
        self._column = np.fromiter((self._codes[name] for name in names), np.int32, len(names))

    def is_one(self, name: str) -> NDArray[np.bool_]:
        same: NDArray[np.bool_] = self._column == self._codes.get(name, -1)
        return same

    def by_frequency(self, among: NDArray[np.bool_]) -> tuple[str, ...]:
        names = list(self._codes)
        counts = Counter(self._column[among].tolist())
        return tuple(names[code] for code, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def num_pages(count: int, size: int) -> int:
    """Pages that `count` pictures take, `size` on each: 1 or more."""
    return max(1, -(-count // size))


def _folded(text: str) -> str:
    """For comparing without case; letters with accents are the same whether typed or stored in one part or in two."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", text).casefold()
