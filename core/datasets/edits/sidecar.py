"""Where edits are stored: one JSON file per dataset below `home()/edits/`.

It is replaced whole, under a lock, so that sessions, servers and command lines that edit at once lose nothing. Its name
comes from the dataset's root: relative to `home()/datasets` for what is in there (the sample, and unpacked zips, whose
folder is named after their content), else the whole path.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.datasets.edits.actions import MAX_ACTIONS, MAX_BYTES, Action, from_json, merge, to_json
from core.errors import DatasetError, PawlabError
from core.storage import locks
from core.storage.files import stamp_of, write_atomic
from core.storage.home import home, subfolder

Actions = tuple[Action, ...]


def edits_file(root: Path) -> Path:
    """The file for the edits of the dataset at `root`, whether or not it exists."""
    datasets = (home() / "datasets").resolve()
    key = root.relative_to(datasets) if root.is_relative_to(datasets) else root
    return subfolder("edits") / f"{hashlib.sha256(os.fsencode(key)).hexdigest()[:32]}.json"


def edits_stamp(root: Path) -> tuple[int, ...]:
    """Changes with every edit of the dataset at `root` and costs next to nothing: a cache key for edited datasets."""
    return stamp_of(edits_file(root))


def read_actions(root: Path, *, locked: bool = False) -> tuple[Actions, Actions]:
    """The actions that apply to the dataset at `root` and those that were undone, latest last.

    Args:
        locked: Whether the caller is inside `lock_edits`.

    Raises:
        DatasetError: They cannot be read, or are broken; then the file is moved aside, and the next call finds none.
    """
    file = edits_file(root)
    try:
        with file.open("rb") as stream:
            return from_json(stream.read(MAX_BYTES + 1))
    except (FileNotFoundError, NotADirectoryError):
        return (), ()
    except OSError as error:
        raise DatasetError(
            f"The edits in {file} cannot be read: {error.strerror}", "a readable file", "Check its permissions"
        ) from error
    except ValueError as error:
        if not locked:
            with lock_edits(root):  # another session may be writing a sound one
                return read_actions(root, locked=True)
        aside = _move_aside(file)
        raise DatasetError(
            f"The edits in {file} are broken: {error}. They were moved to {aside.name}",
            "the file as Pawlab wrote it",
            "Open the dataset again to start without edits, or repair that file and restore its name",
        ) from error


def write_actions(root: Path, actions: Actions, undone: Actions) -> tuple[Actions, Actions]:
    """Stores them and returns what was stored; call it inside `lock_edits`. Beyond `MAX_ACTIONS` or `MAX_BYTES` the
    oldest actions are merged into one, so that undo goes back less far.

    Raises:
        DatasetError: They are still too many. What was there before stays.
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
            "Export the cleaned dataset as a zip and continue with that",
        )
    write_atomic(edits_file(root), content)
    return actions, undone


@contextmanager
def lock_edits(root: Path) -> Iterator[None]:
    """Nobody else changes these edits during the block.

    Raises:
        PawlabError: Somebody else holds the lock for half a minute, or the block cannot write to the disk.
    """
    try:
        with locks.locked(edits_file(root).with_suffix(".lock")):
            yield
    except OSError as error:
        raise PawlabError(
            f"The edits of {_shown(root)} cannot be changed in {edits_file(root).parent}: {error.strerror or error}",
            "a writable folder with room on the disk",
            "Make room or check the permissions, then try again",
        ) from error


def _move_aside(file: Path) -> Path:
    number = 1
    while (aside := file.with_suffix(f".json{'' if number == 1 else f'-{number}'}.broken")).exists():
        number += 1
    return file.rename(aside)


def _shown(root: Path) -> str:
    return os.fsencode(root).decode(errors="replace")
