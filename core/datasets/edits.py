"""The edits of a dataset on disk: which pictures are excluded or relabelled, with undo. Its own files stay as they are.

One JSON file a dataset below `home()/edits/`, replaced whole under a lock: sessions, servers and command lines that
edit at once lose nothing of each other. It is found again by the dataset's root: for what lies below `home()/datasets`
(unpacked zips, whose folder is named after their content; the sample) by the place there, else by the whole path.
"""

import hashlib
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from core.datasets.actions import (
    MAX_ACTIONS,
    MAX_BYTES,
    TITLE_CHARACTERS,
    Action,
    Change,
    apply_actions,
    carriers,
    check_action,
    folder_label,
    from_json,
    merge,
    sum_up,
    to_json,
)
from core.datasets.names import check_class_name
from core.datasets.records import Dataset, ImageRecord
from core.errors import DatasetError
from core.files import write_atomic
from core.home import home, subfolder


class Edits:
    """A dataset's edits. Every method that changes them works on what the disk holds at that moment.

    `actions` are those that hold, `undone` those that `redo` can bring back, latest last, both as this object saw them
    last: the titles are words for buttons.

    Example:
        >>> edits = Edits.load(dataset)
        >>> edits.exclude(leaks, "Remove leaks")
        12
        >>> dataset = edits.apply(dataset)
    """

    def __init__(self, dataset: Dataset) -> None:
        self.file = edits_file(dataset.root)
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
        edits.actions, edits.undone = _read(edits.file)
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
            known.update(change.label for change in sum_up(_read(self.file)[0]).values() if change.label)
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
        with _lock(self.file):
            self.actions, self.undone = _read(self.file, locked=True)
            yield

    def _write(self, actions: tuple[Action, ...], undone: tuple[Action, ...]) -> None:
        if len(actions) > MAX_ACTIONS:
            actions = (merge(actions[: MAX_ACTIONS // 2], "Earlier edits"), *actions[MAX_ACTIONS // 2 :])
        text = to_json(actions, undone, dataset=str(self._dataset.root)).encode()
        if len(text) > MAX_BYTES:  # the oldest steps of undo give way
            actions, undone = (merge(actions[:-1], "Earlier edits"), *actions[-1:]) if actions[1:] else actions, ()
            text = to_json(actions, dataset=str(self._dataset.root)).encode()
        if len(text) > MAX_BYTES:
            raise DatasetError(
                f"The edits of {self._dataset.name} would take {len(text) / 2**20:.0f} MB",
                f"at most {MAX_BYTES // 2**20} MB",
                "Write the cleaned dataset to a zip and go on with that",
            )
        write_atomic(self.file, text)
        self.actions, self.undone = actions, undone


def edits_file(root: Path) -> Path:
    """Where the edits of the dataset at `root` are kept, whether there are any or not."""
    datasets = (home() / "datasets").resolve()
    key = root.relative_to(datasets) if root.is_relative_to(datasets) else root
    return subfolder("edits") / f"{hashlib.sha256(os.fsencode(key)).hexdigest()[:32]}.json"


def edits_stamp(root: Path) -> tuple[int, ...]:
    """Changes with every change of the edits of the dataset at `root`: what to keep an edited dataset under."""
    try:
        status = edits_file(root).stat()
    except FileNotFoundError:
        return ()
    return status.st_mtime_ns, status.st_size, status.st_ino


def saved_actions(root: Path) -> tuple[Action, ...]:
    """The actions that hold for the dataset at `root`. Raises `DatasetError` as `Edits.load` does."""
    return _read(edits_file(root))[0]


def _read(file: Path, locked: bool = False) -> tuple[tuple[Action, ...], tuple[Action, ...]]:
    try:
        with file.open("rb") as stream:
            return from_json(stream.read(MAX_BYTES + 1))
    except FileNotFoundError:
        return (), ()
    except OSError as error:
        raise DatasetError(
            f"The edits in {file} cannot be read: {error.strerror}", "a file that we may read", "Check its permissions"
        ) from error
    except ValueError as error:
        if not locked:
            with _lock(file):  # somebody may have mended it, or be about to
                return _read(file, locked=True)
        aside = _move_aside(file)
        raise DatasetError(
            f"The edits in {file} are broken: {error}. They were moved to {aside.name}",
            "the file as Pawlab wrote it",
            "Open the dataset again to begin without edits, or mend that file and give it its name back",
        ) from error


def _move_aside(file: Path) -> Path:
    number = 1
    while (aside := file.with_suffix(f".json{'' if number == 1 else f'-{number}'}.broken")).exists():
        number += 1
    return file.rename(aside)


@contextmanager
def _lock(file: Path) -> Iterator[None]:
    """Holds a lock of the system, which a killed process gives back; threads of one process exclude each other too."""
    with file.with_suffix(".lock").open("ab") as lock:
        if sys.platform == "win32":
            import msvcrt

            lock.seek(0)
            msvcrt.locking(lock.fileno(), msvcrt.LK_LOCK, 1)
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            if sys.platform == "win32":
                lock.seek(0)
                msvcrt.locking(lock.fileno(), msvcrt.LK_UNLCK, 1)
