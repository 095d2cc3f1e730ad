"""What was done to a collection, so that it can be undone, and so that a kill in the middle leaves nothing half done.

An action is a list of renames. The list is written down, with the state that it leads to, before the first of them;
whoever comes next does what is left. Images that are removed move below the hidden folder of the collection, and go for
good when their action is the twenty-first to last.

    .collection/state.json        order of the classes, actions, and what is still to be done
    .collection/<action>/moves.json
    .collection/<action>/files/   what the action removed
    .collection/changes           grows with each change: the stamp of the collection
"""

import json
import secrets
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated

from pydantic import Field

from core.datasets.collect.bursts import burst_of, image_name, number_of
from core.errors import DatasetError
from core.storage.files import sync_folder, write_durable
from core.storage.models import load_model
from core.text.lines import quoted

HIDDEN = ".collection"
MOST_ACTIONS = 20
MOST_PARTS = 5  # of a path: .collection/ACTION/files/CLASS/NAME
MAX_STATE_BYTES = 2**20
MAX_MOVES_BYTES = 64 * 2**20
Moves = list[tuple[str, str]]
Identity = Annotated[str, Field(pattern="^[0-9a-f]{12}$")]


@dataclass(frozen=True)
class Action:
    """What can be undone: `title` says what it was, `classes` were the classes before it, in their order."""

    identity: Identity
    title: str
    classes: tuple[str, ...]


@dataclass(frozen=True)
class State:
    """The content of state.json.

    Attributes:
        classes: In the order in which they were made. Folders decide which there are (`cards.class_labels`).
        actions: Latest last.
        pending: The action whose moves may not be done yet, or "".
        dropped: Actions whose folders go once that is done.
    """

    classes: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    pending: Identity | Annotated[str, Field(pattern="^$")] = ""
    dropped: tuple[Identity, ...] = ()


class Journal:
    """The journal of the collection at `root`. Its holder has the collection's lock for every call but `read`."""

    def __init__(self, root: Path) -> None:
        self.root, self.folder = root, root / HIDDEN
        self._real: set[Path] = set()  # folders that are there and no links: an action has thousands of images in few

    def read(self) -> State:
        """The state.

        Raises:
            DatasetError: It is broken; then it is moved aside, and the next call begins without actions.
        """
        file = self.folder / "state.json"
        if self.folder.is_symlink():
            raise DatasetError(f"{self.folder} is a link", "a folder that Pawlab made", "Remove the link")
        try:
            return load_model(file, State, max_bytes=MAX_STATE_BYTES)
        except FileNotFoundError:
            return State()
        except OSError as error:
            raise DatasetError(
                f"The journal {file} cannot be read: {error.strerror or error}", "a readable file", "Check it"
            ) from error
        except ValueError as error:
            aside = file.with_name(f"state-{secrets.token_hex(3)}.broken")
            file.rename(aside)
            raise DatasetError(
                f"The journal {file} is broken: {error}. It was moved to {aside.name}",
                "the file as Pawlab wrote it",
                "Try again: the collection is there, but what was done before cannot be undone",
            ) from error

    def write_classes(self, classes: Sequence[str]) -> None:
        """Makes `classes` the order of the classes."""
        self._write(replace(self.finish(), classes=tuple(classes)))

    def act(self, title: str, moves: Callable[[str], Moves], classes: Sequence[str]) -> None:
        """Does what can be undone.

        Args:
            title: What `undo` will call it.
            moves: Gives (from, to) of each rename, relative to the root; called with the folder for what is removed.
            classes: The classes after it, in their order.

        Raises:
            DatasetError: Something lies in the way of a move, or a path leads out of the collection.
        """
        state, identity = self.finish(), secrets.token_hex(6)
        renames = moves(f"{HIDDEN}/{identity}/files")
        actions = (*state.actions, Action(identity, title, state.classes))
        old = tuple(action.identity for action in actions[:-MOST_ACTIONS])
        self._do(renames, State(tuple(classes), actions[-MOST_ACTIONS:], identity, old))

    def undo(self) -> str:
        """Undoes the newest action and returns its title. What has a place taken meanwhile comes back beside it, under
        the next free name.

        Raises:
            DatasetError: There is none; or as `act`.
        """
        state = self.finish()
        if not state.actions:
            raise DatasetError("There is nothing to undo")
        action, identity = state.actions[-1], secrets.token_hex(6)
        moves: Moves = []
        taken: set[str] = set()
        names: dict[str, str] = {}
        for source, target in reversed(self._moves(action.identity)):
            if self.place(target).exists():
                back = self.free(source, taken, self.place(target))
                moves.append((target, back))
                names[source] = back
        order = [names.get(label, label) for label in action.classes]
        classes = (*order, *(label for label in state.classes if label not in order))
        self._do(moves, State(classes, state.actions[:-1], identity, (action.identity, identity)))
        return action.title

    def finish(self) -> State:
        """Does what a killed process left to be done, and returns the state. Raises as `act`."""
        state = self.read()
        if not state.pending and not state.dropped:
            return state
        if state.pending:
            moves = [(self.place(source), self.place(target)) for source, target in self._moves(state.pending)]
            for source, target in moves:
                self._move(source, target)
            for folder in {place.parent for move in moves for place in move}:
                sync_folder(folder)
        for identity in state.dropped:
            shutil.rmtree(self.folder / identity, ignore_errors=True)
        state = replace(state, pending="", dropped=())
        self._write(state)
        return state

    def place(self, path: str) -> Path:
        """Where a path relative to the root lies.

        Raises:
            DatasetError: It leads out of the collection.
        """
        parts = path.split("/")
        if len(parts) > MOST_PARTS or any(part in ("", "..") or Path(part).name != part for part in parts):
            raise _leads_out(path)
        place = self.root.joinpath(*parts)
        above = place.parents[: len(parts) - 1]
        try:
            is_link = any(folder.is_symlink() for folder in (place, *above) if folder not in self._real)
        except OSError as error:  # a name too long
            raise _leads_out(path) from error
        if is_link:
            raise _leads_out(path)
        self._real.update(folder for folder in above if folder not in self._real and folder.is_dir())
        return place

    def free(self, path: str, taken: set[str], mover: Path | None = None) -> str:
        """`path`, or one beside it that nothing has but `mover`; then it is in `taken` too."""
        folder, slash, name = path.rpartition("/")
        stem, suffix = (name, "") if not slash else (name[: -len(Path(name).suffix) or None], Path(name).suffix)
        number = number_of(name) or 1
        while path in taken or _is_in_the_way(self.place(path), mover):
            number += 1
            other = image_name(burst_of(name), number, suffix) if burst_of(name) else f"{stem}-{number}{suffix}"
            path = folder + slash + other
        taken.add(path)
        return path

    def changed(self) -> None:
        """Makes the stamp another one."""
        with suppress(OSError), (self.folder / "changes").open("ab") as file:  # a full disk is said by what follows
            file.write(b".")

    def _moves(self, identity: str) -> Moves:
        try:
            return load_model(self.folder / identity / "moves.json", Moves, max_bytes=MAX_MOVES_BYTES)
        except FileNotFoundError:
            return []
        except ValueError as error:
            raise DatasetError(f"The journal of {self.root.name} is broken: {error}") from error

    def _do(self, moves: Moves, state: State) -> None:
        """Writes down what `state.pending` moves and what it leads to, then does it."""
        folder = self.folder / state.pending
        folder.mkdir(parents=True)
        try:
            write_durable(folder / "moves.json", json.dumps(moves).encode())
            self._write(state)
        except OSError:
            if self.read().pending != state.pending:
                shutil.rmtree(folder, ignore_errors=True)
            raise
        self.finish()

    def _move(self, source: Path, target: Path) -> None:
        if not source.exists():  # done already, or gone by other hands
            return
        if _is_in_the_way(target, source):
            raise DatasetError(
                f"{source.relative_to(self.root)} cannot become {target.relative_to(self.root)}, because that is there",
                "a free name",
                f"Rename what lies in {target}",
            )
        if target.parent not in self._real:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._real.add(target.parent)
        source.rename(target)

    def _write(self, state: State) -> None:
        self.folder.mkdir(exist_ok=True)
        write_durable(self.folder / "state.json", json.dumps(asdict(state), ensure_ascii=False).encode())
        self.changed()


def _is_in_the_way(target: Path, mover: Path | None) -> bool:
    """Whether `target` is there, and is not the mover itself, as where only the case of a name changes."""
    return target.exists() and not (mover and mover.exists() and target.samefile(mover))


def _leads_out(path: str) -> DatasetError:
    return DatasetError(f"Received the path {quoted(path)}", "the path of an image in the collection")
