"""Where the edits of datasets are kept: one JSON file a dataset below `home()/edits/`.

It is replaced whole, under a lock: sessions, servers and command lines that edit at once lose nothing of each other. It
is found again by the dataset's root: for what lies below `home()/datasets` (unpacked zips, whose folder is named after
their content; the sample) by the place there, else by the whole path.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core import locks
from core.datasets.actions import MAX_ACTIONS, MAX_BYTES, Action, from_json, merge, to_json
from core.errors import DatasetError, PawlabError
from core.files import write_atomic
from core.home import home, subfolder

Actions = tuple[Action, ...]


def edits_file(root: Path) -> Path:
    """The file with the edits of the dataset at `root`, whether there is one or not."""
    datasets = (home() / "datasets").resolve()
    key = root.relative_to(datasets) if root.is_relative_to(datasets) else root
    return subfolder("edits") / f"{hashlib.sha256(os.fsencode(key)).hexdigest()[:32]}.json"


def edits_stamp(root: Path) -> tuple[int, ...]:
    """Changes with every change of the edits of the dataset at `root`, and costs nothing: what to keep an edited
    dataset under."""
    try:
        status = edits_file(root).stat()
    except FileNotFoundError:
        return ()
    return status.st_mtime_ns, status.st_size, status.st_ino


def read_actions(root: Path, *, locked: bool = False) -> tuple[Actions, Actions]:
    """The actions that hold for the dataset at `root` and those that were undone, latest last.

    Args:
        locked: Whether the caller is inside `lock_edits`.

    Raises:
        DatasetError: They cannot be read, or are broken: then the file was moved aside, and the next call finds none.
    """
    file = edits_file(root)
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
            with lock_edits(root):  # another session may be writing a sound one
                return read_actions(root, locked=True)
        aside = _move_aside(file)
        raise DatasetError(
            f"The edits in {file} are broken: {error}. They were moved to {aside.name}",
            "the file as Pawlab wrote it",
            "Open the dataset again to begin without edits, or mend that file and give it its name back",
        ) from error


def write_actions(root: Path, actions: Actions, undone: Actions) -> tuple[Actions, Actions]:
    """Keeps them, to be called inside `lock_edits`, and gives what was kept: beyond `MAX_ACTIONS` or `MAX_BYTES` the
    oldest actions become one, so that undo goes back less far.

    Raises:
        DatasetError: They are too many even so. What was there before stays.
    """
    if len(actions) > MAX_ACTIONS:
        actions = (merge(actions[: MAX_ACTIONS // 2], "Earlier edits"), *actions[MAX_ACTIONS // 2 :])
    content = to_json(actions, undone, dataset=_shown(root)).encode()
    if len(content) > MAX_BYTES:
        actions, undone = (merge(actions[:-1], "Earlier edits"), actions[-1]) if actions[1:] else actions, ()
        content = to_json(actions, dataset=_shown(root)).encode()
    if len(content) > MAX_BYTES:
        raise DatasetError(
            f"The edits of {root} would take {len(content) / 2**20:.0f} MB",
            f"at most {MAX_BYTES // 2**20} MB",
            "Write the cleaned dataset to a zip and go on with that",
        )
    write_atomic(edits_file(root), content)
    return actions, undone


@contextmanager
def lock_edits(root: Path) -> Iterator[None]:
    """Nobody else changes these edits while the block runs.

    Raises:
        PawlabError: Somebody else held the lock for half a minute, or the disk refuses what the block writes.
    """
    try:
        with locks.locked(edits_file(root).with_suffix(".lock")):
            yield
    except OSError as error:
        raise PawlabError(
            f"The edits of {_shown(root)} cannot be changed: {error.strerror or error}",
            "a folder that can be written, with room on the disk",
            "Make room, or check the permissions, and try again",
        ) from error


def _move_aside(file: Path) -> Path:
    number = 1
    while (aside := file.with_suffix(f".json{'' if number == 1 else f'-{number}'}.broken")).exists():
        number += 1
    return file.rename(aside)


def _shown(root: Path) -> str:
    return os.fsencode(root).decode(errors="replace")
