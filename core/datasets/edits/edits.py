"""What a user does to a dataset: exclude, relabel, undo. Its own files stay as they are."""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Self

from core.datasets.actions import (
    MAX_ACTIONS,
    TITLE_CHARACTERS,
    Action,
    Change,
    apply_actions,
    carriers,
    check_action,
    folder_label,
    sum_up,
)
from core.datasets.names import check_class_name
from core.datasets.records import Dataset, ImageRecord
from core.datasets.sidecar import lock_edits, read_actions, write_actions
from core.errors import DatasetError


class Edits:
    """A dataset's edits. Every method that changes them works on what the disk holds at that moment, and raises
    `PawlabError` where that cannot be written.

    `actions` are those that hold, `undone` those that `redo` can bring back, latest last, both as this object saw them
    last: the titles are words for buttons.

    Example:
        >>> edits = Edits.load(dataset)
        >>> edits.exclude(leaks, "Remove leaks")
        12
        >>> dataset = edits.apply(dataset)
    """

    def __init__(self, dataset: Dataset) -> None:
        self.actions: tuple[Action, ...] = ()
        self.undone: tuple[Action, ...] = ()
        self._dataset = dataset

    @classmethod
    def load(cls, dataset: Dataset) -> Self:
        """The edits of a dataset; it does not matter whether it has gone through some of them.

        Raises:
            DatasetError: They are broken. The file was moved aside, so that the next call begins without edits.
        """
        edits = cls(dataset)
        edits.actions, edits.undone = read_actions(dataset.root)
        return edits

    def apply(self, dataset: Dataset) -> Dataset:
        """The dataset as these edits leave it: `apply_actions`, which undoes what it had gone through before."""
        return apply_actions(dataset, self.actions)

    def exclude(self, records: Iterable[ImageRecord], title: str = "") -> int:
        """Takes pictures out of counts, training and exports. Gives the number that were not excluded before.

        Args:
            records: Of the dataset, edited or not.
            title: Words for the undo button. Made up when left out.

        Raises:
            DatasetError: A record is not of this dataset, or the edits on disk are broken or have become too many.
        """
        return self._change(records, title, "Exclude", excluded=True)

    def include(self, records: Iterable[ImageRecord], title: str = "") -> int:
        """Takes excluded pictures back in. As `exclude`."""
        return self._change(records, title, "Include", excluded=False)

    def relabel(self, records: Iterable[ImageRecord], label: str, title: str = "") -> int:
        """Gives pictures another class; "" is the one that their folder says. As `exclude`.

        Raises:
            DatasetError: `label` is neither a class nor fit to be a new one (`check_class_name`).
        """
        if label:
            known = {folder_label(record) for record in self._dataset.records}
            known.update(
                change.label for change in sum_up(read_actions(self._dataset.root)[0]).values() if change.label
            )
            check_class_name(label, known)
        return self._change(
            records, title, f"Relabel as {label}:" if label else "Relabel as the folder says:", label=label
        )

    def clear(self) -> int:
        """Takes every edit back, as an action that can be undone. Gives the number of pictures that had one."""
        with self._locked():
            state = [change for change in sum_up(self.actions).values() if change.has_effect]
            changes = tuple(Change(change.digest, change.path, False, "") for change in state)
            if changes:
                self._write((*self.actions, Action("Clear all edits", time.time(), changes)), ())
            return len(changes)

    def undo(self) -> Action:
        """Takes the last action back and gives it.

        Raises:
            DatasetError: There is none, or another session has changed the last one since this object saw it.
        """
        seen = self.actions[-1:]
        with self._locked():
            self._check_same(seen, self.actions[-1:], "undo")
            self._write(self.actions[:-1], (*self.undone, self.actions[-1])[-MAX_ACTIONS:])
            return self.undone[-1]

    def redo(self) -> Action:
        """Brings back the action that was undone last and gives it. Raises as `undo`."""
        seen = self.undone[-1:]
        with self._locked():
            self._check_same(seen, self.undone[-1:], "redo")
            self._write((*self.actions, self.undone[-1]), self.undone[:-1])
            return self.actions[-1]

    def _change(
        self,
        records: Iterable[ImageRecord],
        title: str,
        verb: str,
        *,
        excluded: bool | None = None,
        label: str | None = None,
    ) -> int:
        own = {record.path: record for record in self._dataset.records}
        with self._locked():
            state = sum_up(self.actions)
            carried = carriers(own.values(), self.actions, state)
            changes: dict[str, Change] = {}
            for path, digest in dict.fromkeys((record.path, record.digest) for record in records):
                if path not in own or own[path].digest != digest:
                    raise DatasetError(
                        f"The picture {path} is not in {self._dataset.name} as it was opened",
                        "pictures of the open dataset",
                        "Open the dataset again",
                    )
                if not digest:
                    continue  # it could not be read, so it is not used anyway
                before = state.get(carried.get(path, ("", "")))
                place = before.key if before else (path, digest)
                wanted = "" if label == folder_label(own[path]) else label
                if excluded is not None and excluded == bool(before and before.excluded):
                    continue
                if label is not None and wanted == ((before.label if before else "") or ""):
                    continue
                changes[path] = Change(digest, place[0], excluded, wanted)
            if changes:
                counted = f"{len(changes):,} {'picture' if len(changes) == 1 else 'pictures'}"
                self._add(title or f"{verb} {counted}", changes)
            return len(changes)

    def _add(self, title: str, changes: dict[str, Change]) -> None:
        digests = {change.digest for change in changes.values()}
        copies: dict[str, list[str]] = defaultdict(list)
        for record in self._dataset.records:
            if record.digest in digests and record.path not in changes:
                copies[record.digest].append(record.path)
        title = "".join(letter for letter in title if letter.isprintable())[:TITLE_CHARACTERS] or "Edit"
        action = Action(title, time.time(), tuple(changes.values()), {d: tuple(p) for d, p in copies.items()})
        try:
            check_action(action)
        except ValueError as error:
            raise DatasetError(f"This edit cannot be stored: {error}") from error
        self._write((*self.actions, action), ())

    def _check_same(self, seen: tuple[Action, ...], now: tuple[Action, ...], word: str) -> None:
        if not seen and not now:
            raise DatasetError(f"There is nothing to {word}")
        if seen != now:
            raise DatasetError(
                f"Another session has changed the edits of {self._dataset.name} meanwhile, so nothing was done",
                "the last action to be the one that was shown",
                f"Look at the edits again, then {word}",
            )

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Nobody else writes in the block, which begins with what the disk holds."""
        with lock_edits(self._dataset.root):
            self.actions, self.undone = read_actions(self._dataset.root, locked=True)
            yield

    def _write(self, actions: tuple[Action, ...], undone: tuple[Action, ...]) -> None:
        self.actions, self.undone = write_actions(self._dataset.root, actions, undone)
