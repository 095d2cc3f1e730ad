"""Pictures that a classifier got wrong, kept with their right class as a folder dataset that anybody can train on.

Plain class folders below `home()`, each picture once, named by its content. A class that cannot be a folder's name has
a folder whose name is near it and a hidden file that says what it is. Everything stays on this machine.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from core.archives import is_ignored
from core.datasets.names import CLASS_BYTES, safe_name, same_place
from core.errors import DatasetError, ImageError, InputError, PawlabError
from core.files import write_atomic
from core.home import home, subfolder
from core.images import inspect_image
from core.locks import locked

FOLDER = "my-corrections"
_LABEL = ".class.json"
_DIGEST_LETTERS = 32


def corrections_folder() -> Path:
    """Where corrections lie, or will: nothing is made before the first one."""
    return home() / FOLDER


def add_correction(content: bytes, label: str, name: str) -> Path:
    """Keeps a picture as one of the class `label`. One that is there already moves to this class.

    Args:
        content: The picture's file.
        label: Its right class: any text but an empty one.
        name: What the picture is called, for the error.

    Returns:
        Where it lies now.

    Raises:
        ImageError: It is not a picture that we decode; nothing is kept.
        InputError: The label is empty.
        PawlabError: The folder cannot be written.
    """
    if not label.strip():
        raise InputError("Received an empty class", "the picture's right class")
    try:
        facts, _ = inspect_image(content)
    except ImageError as error:
        raise ImageError(f"{name} cannot be kept: {error.received}", error.expected, error.fix) from error
    file = f"{_digest(content)}.{facts.format.lower()}"
    try:
        root = subfolder(FOLDER)
        with locked(root / ".lock"):
            before = _found(root, content)
            target = _class_folder(root, label) / file
            if before:
                before.replace(target)
            else:
                write_atomic(target, content)
            _drop_empty(root)
    except OSError as error:
        raise PawlabError(
            f"{name} cannot be kept in {corrections_folder()}: {error.strerror}", "a folder that can be written"
        ) from error
    return target


def correction_of(content: bytes) -> str:
    """The class under which a picture lies among the corrections; "" where it does not."""
    file = _found(corrections_folder(), content)
    return next((label for label, folder in _folders(corrections_folder()) if file and folder == file.parent), "")


def drop_correction(content: bytes, name: str) -> None:
    """Takes a picture out again, where it is still there.

    Args:
        content: The picture's file.
        name: What the picture is called, for the error.

    Raises:
        PawlabError: The folder cannot be written.
    """
    root = corrections_folder()
    if not root.is_dir():
        return
    try:
        with locked(root / ".lock"):
            if file := _found(root, content):
                file.unlink()
            _drop_empty(root)
    except OSError as error:
        raise PawlabError(
            f"{name} cannot be taken out of {root}: {error.strerror}", "a folder that can be written"
        ) from error


def corrections() -> dict[str, int]:
    """How many pictures each class has, by label, in the labels' order; empty before the first correction."""
    counts = ((label, len(_pictures(folder))) for label, folder in _folders(corrections_folder()))
    return {label: count for label, count in sorted(counts) if count}


def corrections_source() -> str:
    """The corrections as a source for `core.datasets.open_dataset`.

    Raises:
        DatasetError: There are none yet, or all are of one class.
    """
    counts = corrections()
    if len(counts) < 2:
        found = ", ".join(f"{count} of {label!r}" for label, count in counts.items()) or "none"
        raise DatasetError(
            f"Found {found} among your corrections",
            "pictures of two classes or more, to train on",
            "Add more on the Classify page: say what a picture really shows, and keep it",
        )
    root = corrections_folder()
    with locked(root / ".lock"):
        _drop_empty(root)
    return str(root)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_DIGEST_LETTERS]


def _found(root: Path, content: bytes) -> Path | None:
    return next(root.glob(f"*/{_digest(content)}.*"), None)


def _class_folder(root: Path, label: str) -> Path:
    """The folder of `label`, made where it is missing. No two labels share one, however alike they are."""
    known = dict(_folders(root))
    if label in known:
        return known[label]
    taken = {same_place(folder.name) for folder in known.values()}
    name = safe_name(label, CLASS_BYTES)
    if same_place(name) in taken:
        mark = "-" + hashlib.sha256(label.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        name = safe_name(label, CLASS_BYTES - len(mark)) + mark
    folder = root / name
    folder.mkdir(exist_ok=True)
    if name != label:
        write_atomic(folder / _LABEL, json.dumps(label))  # in ASCII: a label may hold half a surrogate pair
    return folder


def _folders(root: Path) -> Iterator[tuple[str, Path]]:
    """Each class with its folder."""
    try:
        entries = [entry for entry in root.iterdir() if not is_ignored(entry.name) and entry.is_dir()]
    except FileNotFoundError:
        return
    for entry in entries:
        try:
            label = json.loads((entry / _LABEL).read_bytes())
        except (OSError, ValueError):
            label = None
        yield label if isinstance(label, str) else entry.name, entry


def _pictures(folder: Path) -> list[Path]:
    """None where another session has just moved the last one and removed the folder."""
    try:
        return [file for file in folder.iterdir() if not is_ignored(file.name) and file.is_file()]
    except FileNotFoundError:
        return []


def _drop_empty(root: Path) -> None:
    """Class folders without pictures, left by one that moved away or by a kill, would keep the rest from being opened
    as a dataset. Under the lock: a folder is empty for a moment before its first picture comes."""
    for _, folder in _folders(root):
        if not _pictures(folder):
            (folder / _LABEL).unlink(missing_ok=True)
            with suppress(OSError):  # something else is in it
                folder.rmdir()
