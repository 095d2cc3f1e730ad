"""A collection: classes that somebody fills with the camera and with photos, on disk at every moment.

It is a dataset like any other, opened by its folder or its name. What `Collection.add` has returned is on the disk;
what was removed or moved can be undone. Processes and threads that work on one collection wait for each other.
"""

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from core.datasets.collect.bursts import burst_of, image_name, is_burst, number_of
from core.datasets.collect.cards import ClassCard, card_of, class_labels, image_names, visible_names
from core.datasets.collect.journal import HIDDEN, Journal
from core.datasets.collect.kept_image import kept_image
from core.datasets.collect.places import is_real_folder, lock, new_name, storing
from core.errors import DatasetError
from core.storage.files import drop_unfinished, stamp_of, sync_folder, write_synced
from core.text.lines import quoted

MOST_CLASSES = 100
MOST_IMAGES = 20_000
STALE_SECONDS = 3600
"""A hidden file to which nothing was written for so long was left by a process that was killed."""


@dataclass
class Collection:
    """One collection. Every method may be called from any thread, and by several processes at once.

    All that change something raise `DatasetError` for what is not there, and `PawlabError` where the disk is full or
    cannot be written: then nothing has changed, or the next call completes what was begun.

    Attributes:
        name: What it is called; its folder's name.
        root: Its folder.
    """

    name: str
    root: Path
    _counted: tuple[tuple[int, ...], int] = field(default=((), 0), init=False, repr=False, compare=False)

    def classes(self) -> tuple[ClassCard, ...]:
        """The classes in the order in which they were made, as they are on the disk now."""
        return tuple(card_of(self.root, label) for label in self._labels())

    def stamp(self) -> tuple[int, ...]:
        """Changes whenever a class or an image does, and costs next to nothing: for other tabs."""
        labels = self._labels()
        watched = (self.root / HIDDEN / "changes", self.root, *(self.root / label for label in labels))
        return tuple(number for place in watched for number in stamp_of(place))

    def file(self, path: str) -> Path:
        """Where the image of a path from `ClassCard.images` lies.

        Raises:
            DatasetError: There is none, or the path leads out of the collection.
        """
        label, slash, name = path.partition("/")
        place = Journal(self.root).place(path)
        if not slash or "/" in name or label not in self._labels() or not place.is_file():
            raise DatasetError(f"{self.name} has no image {quoted(path)}", "an image that is there", "Look again")
        return place

    def add_class(self, label: str) -> str:
        """A new class without images. Returns its name, which may differ where no folder can be called `label`.

        Raises:
            DatasetError: There is a class of this name, in whatever case, or there are `MOST_CLASSES`.
        """
        with self.changing() as journal:
            labels = self._labels()
            if len(labels) >= MOST_CLASSES:
                raise DatasetError(
                    f"{self.name} has {len(labels)} classes", f"at most {MOST_CLASSES}", "Remove one, or begin another"
                )
            label = new_name(label, visible_names(self.root), "class")
            journal.write_classes((*labels, label))
            (self.root / label).mkdir()
            return label

    def rename_class(self, label: str, new: str) -> str:
        """Gives a class another name and returns it, as `add_class` does. Can be undone."""
        with self.changing() as journal:
            labels = self._labels()
            self._check_class(label)
            new = new_name(new, (name for name in visible_names(self.root) if name != label), "class")
            if new != label:
                renamed = [new if name == label else name for name in labels]
                journal.act(f"Rename {label} to {new}", lambda _: [(label, new)], renamed)
            return new

    def remove_class(self, label: str) -> None:
        """Removes a class with its images. Can be undone."""
        with self.changing() as journal:
            self._check_class(label)
            number = sum(1 for _ in image_names(self.root / label))
            left = [name for name in self._labels() if name != label]
            title = f"Remove the class {label} ({_images(number)})"
            journal.act(title, lambda removed: [(label, f"{removed}/{label}")], left)

    def add(self, label: str, content: bytes, burst: str, number: int | None = None) -> str:
        """Puts an image into a class and returns its path relative to the root. Then the disk has it.

        Args:
            label: A class that is there.
            content: The file. Kept as it comes if it is small, else as a JPEG of at most 1,024 pixels (`kept_image`).
            burst: From `new_burst`, the same for all images of one recording.
            number: Its number in the burst, 1 and up; by default the next one. The same image sent twice under one
                number is kept once; another one gets the next number that is free.

        Raises:
            ImageError: It is no image that we decode.
            DatasetError: There is no such class, `burst` is none, or there are `MOST_IMAGES`.
        """
        if not is_burst(burst) or not (number is None or 1 <= number < 10**9):
            raise DatasetError(f"Received {quoted(burst)}, {number} as burst and number", "a burst from new_burst()")
        self._check_class(label)
        kept, suffix = kept_image(content)
        temporary = self.root / HIDDEN / f".add.{secrets.token_hex(4)}.tmp"
        try:
            with storing(self.root):
                temporary.parent.mkdir(exist_ok=True)
                write_synced(temporary, kept)  # outside the lock: it is what takes time
            with self.changing() as journal:
                self._check_class(label)
                num_images = self._num_images()
                if num_images >= MOST_IMAGES:
                    raise DatasetError(
                        f"{self.name} has {num_images:,} images", f"at most {MOST_IMAGES:,}", "Remove some first"
                    )
                path = f"{label}/{image_name(burst, number or self._next_number(label, burst), suffix)}"
                if number and _holds(journal.place(path), kept):
                    return path
                path = journal.free(path, set())
                temporary.rename(self.root / path)
                sync_folder(self.root / label)
                journal.changed()
                self._counted = self.stamp(), num_images + 1
                return path
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)

    def remove(self, paths: Iterable[str]) -> None:
        """Removes images; those that are gone already do not matter. Can be undone."""
        with self.changing() as journal:
            there = self._there(journal, paths)
            if there:
                title = f"Remove {_images(len(there))}"
                journal.act(title, lambda removed: [(path, f"{removed}/{path}") for path in there], self._labels())

    def move(self, paths: Iterable[str], label: str) -> None:
        """Moves images into another class, where they keep their bursts. Can be undone."""
        with self.changing() as journal:
            self._check_class(label)
            there = [path for path in self._there(journal, paths) if path.partition("/")[0] != label]
            taken: set[str] = set()
            moves = [(path, journal.free(f"{label}/{path.partition('/')[2]}", taken)) for path in there]
            if moves:
                journal.act(f"Move {_images(len(moves))} to {label}", lambda _: moves, self._labels())

    def undo(self) -> str:
        """Undoes the newest of the last 20 removals, moves and renamings, whoever did it, and returns what that was.

        Raises:
            DatasetError: There is none.
        """
        with self.changing() as journal:
            return journal.undo()

    @property
    def undoable(self) -> str:
        """What `undo` would undo: "Remove 3 images"; "" if there is nothing."""
        actions = Journal(self.root).read().actions
        return actions[-1].title if actions else ""

    def recover(self) -> None:
        """Does what a killed process left half done."""
        state = Journal(self.root).read()
        if state.pending or state.dropped:
            with self.changing():
                pass
        with suppress(OSError):
            drop_unfinished(self.root / HIDDEN, seconds=STALE_SECONDS)

    def _labels(self) -> tuple[str, ...]:
        if not is_real_folder(self.root):
            raise DatasetError(
                f"There is no collection {self.name} any more", "one that is there", "It was renamed or deleted"
            )
        return class_labels(self.root, Journal(self.root).read().classes)

    def _check_class(self, label: str) -> None:
        labels = self._labels()
        if label not in labels:
            known = ", ".join(labels[:10]) + (", …" if len(labels) > 10 else "")
            raise DatasetError(f"{self.name} has no class {quoted(label)}", f"one of {known}" if known else "a class")

    def _there(self, journal: Journal, paths: Iterable[str]) -> list[str]:
        """Those of the paths that are images of the collection now, each once."""
        labels = self._labels()
        there: list[str] = []
        for path in dict.fromkeys(paths):
            label, _, name = path.partition("/")
            place = journal.place(path)
            if not name or "/" in name or label.startswith("."):
                raise DatasetError(f"Received the path {quoted(path)}", "CLASS/NAME, as ClassCard.images has it")
            if label in labels and place.is_file():
                there.append(path)
        return there

    def _next_number(self, label: str, burst: str) -> int:
        names = (name for name in image_names(self.root / label) if burst_of(name) == burst)
        return 1 + max(map(number_of, names), default=0)

    def _num_images(self) -> int:
        """Counted anew only where somebody else changed something."""
        stamp, number = self._counted
        if stamp != self.stamp():
            number = sum(1 for label in self._labels() for _ in image_names(self.root / label))
        return number

    @contextmanager
    def changing(self) -> Iterator[Journal]:
        """Nobody else changes the collection during the block, which begins with nothing half done."""
        with storing(self.root), lock(self.name):
            self._labels()  # raises where it is gone
            journal = Journal(self.root)
            journal.finish()
            yield journal


def _holds(place: Path, content: bytes) -> bool:
    return place.is_file() and place.stat().st_size == len(content) and place.read_bytes() == content


def _images(number: int) -> str:
    return "1 image" if number == 1 else f"{number:,} images"
