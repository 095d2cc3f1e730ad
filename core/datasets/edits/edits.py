"""A user's edits of a dataset: exclude, relabel, undo. Its files never change."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Self

from core.datasets.edits.actions import MAX_ACTIONS, TITLE_CHARACTERS, Action, Change, from_json, sum_up, to_json
from core.datasets.edits.apply import apply_actions, folder_label, match_changes
from core.datasets.edits.sidecar import lock_edits, read_actions, write_actions
from core.datasets.names import check_class_name
from core.datasets.records import UNLABELLED, Dataset, ImageRecord
from core.errors import DatasetError
from core.text.lines import one_line


class Edits:
    """A dataset's edits, shared by everybody who has it open. Every method that changes them first reads the disk, and
    raises `PawlabError` if it cannot write.

    Args:
        author: The session in whose name edits are made.
        ended: Whether another session has ended: `undo` and `redo` leave alone what a living one did.

    Attributes:
        actions: Those that apply, latest last, as this object last saw them.
        undone: Those that were undone, latest last.

    Example:
        >>> edits = Edits.load(dataset)
        >>> edits.exclude(leaks, "Remove leaks")
        12
        >>> dataset = edits.apply(dataset)
    """

    def __init__(self, dataset: Dataset, author: str = "", ended: Callable[[str], bool] = lambda author: False) -> None:
        self.actions: tuple[Action, ...] = ()
        self.undone: tuple[Action, ...] = ()
        self._dataset, self._author, self._ended = dataset, author, ended

    @classmethod
    def load(cls, dataset: Dataset, author: str = "", ended: Callable[[str], bool] = lambda author: False) -> Self:
        """The edits of a dataset, whether or not some are applied to it.

        Raises:
            DatasetError: They are broken. The file was moved aside, so the next call starts without edits.
        """
        edits = cls(dataset, author, ended)
        edits.actions, edits.undone = read_actions(dataset.root)
        return edits

    @property
    def undoable(self) -> Action | None:
        """What `undo` undoes: the last action of this session, of the command line, or of a session that has ended."""
        return next((action for action in reversed(self.actions) if self._own(action)), None)

    @property
    def redoable(self) -> Action | None:
        """What `redo` brings back."""
        return next((action for action in reversed(self.undone) if self._own(action)), None)

    def apply(self, dataset: Dataset) -> Dataset:
        """The dataset with exactly these edits (`apply_actions`)."""
        return apply_actions(dataset, self.actions)

    def exclude(self, records: Iterable[ImageRecord], title: str = "") -> int:
        """Takes images out of counts, training and exports. Returns how many were not excluded before.

        Args:
            records: Of the dataset, edited or not.
            title: Words for the undo button; generated if left out.

        Raises:
            DatasetError: A record is not of this dataset, or the edits on disk are broken or too many.
        """
        return self._change(records, title, "Exclude", excluded=True)

    def include(self, records: Iterable[ImageRecord], title: str = "") -> int:
        """Uses excluded images again. As `exclude`."""
        return self._change(records, title, "Include", excluded=False)

    def relabel(self, records: Iterable[ImageRecord], label: str, title: str = "") -> int:
        """Gives images another class; "" restores the one of their folder. As `exclude`.

        Raises:
            DatasetError: `label` is neither a class nor fit to be a new one (`check_class_name`).
        """
        if label:
            known = {folder_label(record) for record in self._dataset.records} - {UNLABELLED}
            known.update(
                change.label for change in sum_up(read_actions(self._dataset.root)[0]).values() if change.label
            )
            check_class_name(label, known)
        return self._change(
            records, title, f"Relabel as {label}:" if label else "Restore the folder's label:", label=label
        )

    def clear(self) -> int:
        """Undoes every edit, as an action that can itself be undone. Returns how many images had one."""
        with self._locked():
            state = [change for change in sum_up(self.actions).values() if change.has_effect]
            changes = tuple(Change(change.digest, change.path, False, "") for change in state)
            if changes:
                self._append(Action("Undo all edits", time.time(), changes, author=self._author))
            return len(changes)

    def undo(self) -> Action:
        """Undoes the last own action (`undoable`) and returns it; what others did since stays.

        Raises:
            DatasetError: There is none, or it is no longer the one that this object saw last.
        """
        expected = self.undoable
        with self._locked():
            action = self._checked(expected, self.undoable, "undo")
            self._write(_without(self.actions, action), (*self.undone, action)[-MAX_ACTIONS:])
            return action

    def redo(self) -> Action:
        """Brings back the own action that was undone last, as the latest of all, and returns it. Raises as `undo`."""
        expected = self.redoable
        with self._locked():
            action = self._checked(expected, self.redoable, "redo")
            self._write((*self.actions, action), _without(self.undone, action))
            return action

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
            matched = match_changes(own.values(), self.actions, state)
            changes: dict[str, Change] = {}
            for path, digest in dict.fromkeys((record.path, record.digest) for record in records):
                if path not in own or own[path].digest != digest:
                    raise DatasetError(
                        f"The image {path} is not in {self._dataset.name} as it was opened",
                        "images of the open dataset",
                        "Open the dataset again",
                    )
                if not digest:
                    continue  # it could not be read, so it is not used anyway
                before = state.get(matched.get(path, ("", "")))
                place = before.key if before else (path, digest)
                wanted = "" if label == folder_label(own[path]) else label
                if excluded is not None and excluded == bool(before and before.excluded):
                    continue
                if label is not None and wanted == ((before.label if before else "") or ""):
                    continue
                changes[path] = Change(digest, place[0], excluded, wanted)
            if changes:
                counted = f"{len(changes):,} {'image' if len(changes) == 1 else 'images'}"
                self._add(title or f"{verb} {counted}", changes)
            return len(changes)

    def _add(self, title: str, changes: dict[str, Change]) -> None:
        digests = {change.digest for change in changes.values()}
        copies: dict[str, list[str]] = defaultdict(list)
        for record in self._dataset.records:
            if record.digest in digests and record.path not in changes:
                copies[record.digest].append(record.path)
        title = one_line(title, TITLE_CHARACTERS) or "Edit"
        paths = {digest: tuple(paths) for digest, paths in copies.items()}
        action = Action(title, time.time(), tuple(changes.values()), paths, self._author)
        try:
            from_json(to_json([action]).encode())
        except ValueError as error:
            raise DatasetError(f"This edit cannot be stored: {error}") from error
        self._append(action)

    def _append(self, action: Action) -> None:
        """What this session undid before cannot be brought back any more."""
        self._write((*self.actions, action), tuple(undone for undone in self.undone if not self._own(undone)))

    def _own(self, action: Action) -> bool:
        return action.author in ("", self._author) or self._ended(action.author)

    def _checked(self, expected: Action | None, now: Action | None, word: str) -> Action:
        if now is None and expected is None:
            raise DatasetError(f"There is nothing to {word}")
        if now is None or expected != now:
            raise DatasetError(
                f"The edits of {self._dataset.name} were changed in another window meanwhile, so nothing was done",
                "the last action to be the one shown",
                f"Check the edits, then {word} again",
            )
        return now

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Nobody else writes during the block, which starts with what the disk holds."""
        with lock_edits(self._dataset.root):
            self.actions, self.undone = read_actions(self._dataset.root, locked=True)
            yield

    def _write(self, actions: tuple[Action, ...], undone: tuple[Action, ...]) -> None:
        self.actions, self.undone = write_actions(self._dataset.root, actions, undone)


def _without(actions: tuple[Action, ...], action: Action) -> tuple[Action, ...]:
    place = len(actions) - 1 - actions[::-1].index(action)
    return actions[:place] + actions[place + 1 :]
