"""The examples of a learner: their features in one array that grows at its end, so that a model of 2,000 of them may be
made without copying them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.backbone.architecture import FEATURES
from core.instant.model import Examples

FIRST_ROWS = 64

Floats = NDArray[np.float32]


@dataclass
class _Row:
    label: str
    burst: str
    place: int
    id: int


class Table:
    """Examples by their keys, in the order in which they came. One thread at a time."""

    def __init__(self) -> None:
        self._rows: dict[str, _Row] = {}  # in the order of places and ids
        self._features = np.empty((FIRST_ROWS, FEATURES), np.float32)
        self._used = self._next_id = 0

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def keys(self) -> frozenset[str]:
        """Of all examples."""
        return frozenset(self._rows)

    def put(self, key: str, label: str, burst: str, feature: Floats) -> None:
        """Adds an example at the end, in the place of one with this key."""
        self._rows.pop(key, None)
        if self._used == len(self._features):  # a model may be reading the array, so the old one stays as it is
            self._features = np.concatenate([self._features, np.empty_like(self._features)])
        self._features[self._used] = feature
        self._rows[key] = _Row(label, burst, self._used, self._next_id)
        self._used, self._next_id = self._used + 1, self._next_id + 1

    def drop(self, key: str) -> bool:
        """Removes an example; False where it was not there."""
        return self._rows.pop(key, None) is not None

    def relabel(self, key: str, label: str, new_key: str) -> bool:
        """Gives an example another class and key; False where it was not there."""
        row = self._rows.get(key)
        if row is None:
            return False
        feature = self._features[row.place].copy()
        self.drop(key)
        self.put(new_key, label, row.burst, feature)
        return True

    def label(self, key: str) -> str:
        """The class of an example. Raises KeyError."""
        return self._rows[key].label

    def labelled(self, labels: frozenset[str]) -> None:
        """Keeps the examples of these classes alone."""
        self._rows = {key: row for key, row in self._rows.items() if row.label in labels}

    def bursts(self) -> dict[str, set[str]]:
        """The bursts of each class that has any."""
        bursts: dict[str, set[str]] = {}
        for row in self._rows.values():
            bursts.setdefault(row.label, set()).add(row.burst)
        return bursts

    def examples(self, classes: tuple[str, ...]) -> Examples:
        """All of them, which must be of these classes. What comes later does not change it."""
        rows = list(self._rows.values())
        if len(rows) < self._used:  # some are gone
            room = max(FIRST_ROWS, len(rows) + len(rows) // 2)
            features = np.empty((room, FEATURES), np.float32)
            np.take(self._features, [row.place for row in rows], axis=0, out=features[: len(rows)])
            for place, row in enumerate(rows):
                row.place = place
            self._features, self._used = features, len(rows)
        places = {name: place for place, name in enumerate(classes)}
        bursts = {burst: number for number, burst in enumerate(dict.fromkeys(row.burst for row in rows))}
        return Examples(
            self._features[: len(rows)],
            np.array([places[row.label] for row in rows], np.int64),
            np.array([bursts[row.burst] for row in rows], np.int64),
            len(classes),
            np.array([row.id for row in rows], np.int64),
        )
