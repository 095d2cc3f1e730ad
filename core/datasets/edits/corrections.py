"""Misclassified images, stored with their correct class as a folder dataset to train on.

Plain class folders below `home()`, each image once, named by its content. A class whose name cannot be a folder's has a
folder with a similar name and a hidden file with the real one. Everything stays on this machine.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from core.datasets.names import CLASS_BYTES
from core.errors import DatasetError, ImageError, InputError, PawlabError
from core.images.isolated import inspect_image
from core.storage.files import write_atomic
from core.storage.home import home, subfolder
from core.storage.locks import locked
from core.text.file_names import file_name, folded, is_ignored

FOLDER = "my-corrections"
_LABEL = ".class.json"
_DIGEST_LETTERS = 32


def corrections_folder() -> Path:
    """Where corrections are, or will be: the first one creates it."""
    return home() / FOLDER


def add_correction(content: bytes, label: str, name: str) -> Path:
    """Stores an image as one of the class `label`; if it is stored already, moves it to this class.

    Args:
        content: The image's file.
        label: Its correct class: any text that is not blank.
        name: What errors call the image.

    Returns:
        Where it is now.

    Raises:
        ImageError: It is not an image that we decode; nothing is stored.
        InputError: The label is empty.
        PawlabError: The folder cannot be written.
    """
    if not label.strip():
        raise InputError("Received an empty class", "the image's correct class")
    try:
        facts = inspect_image(content)
    except ImageError as error:
        raise ImageError(f"{name} cannot be kept: {error.received}", error.expected, error.fix) from error
    file = f"{_digest(content)}.{facts.format.lower()}"
    try:
        root = subfolder(FOLDER)
        with locked(root / ".lock"):
            before = _stored_file(root, content)
            target = _class_folder(root, label) / file
            if before:
                before.replace(target)
            else:
                write_atomic(target, content)
            _drop_empty(root)
    except OSError as error:
        raise PawlabError(
            f"{name} cannot be kept in {corrections_folder()}: {error.strerror}", "a writable folder"
        ) from error
    return target


def correction_of(content: bytes) -> str:
    """The class of an image among the corrections; "" if it is not there."""
    file = _stored_file(corrections_folder(), content)
    return next((label for label, folder in _folders(corrections_folder()) if file and folder == file.parent), "")


def drop_correction(content: bytes, name: str) -> None:
    """Removes an image, if it is still there.

    Args:
        content: The image's file.
        name: What errors call the image.

    Raises:
        PawlabError: The folder cannot be written.
    """
    root = corrections_folder()
    if not root.is_dir():
        return
    try:
        with locked(root / ".lock"):
            if file := _stored_file(root, content):
                file.unlink()
            _drop_empty(root)
    except OSError as error:
        raise PawlabError(f"{name} cannot be removed from {root}: {error.strerror}", "a writable folder") from error


def corrections() -> dict[str, int]:
    """How many images each class has, sorted by label; empty before the first correction."""
    counts = ((label, len(_images(folder))) for label, folder in _folders(corrections_folder()))
    return {label: count for label, count in sorted(counts) if count}


def corrections_source() -> str:
    """The corrections as a source for `core.datasets.open_dataset`.

    Raises:
        DatasetError: There are none yet, or all are of one class.
    """
    counts = corrections()
    if len(counts) < 2:
        images = ", ".join(f"{count} of {label!r}" for label, count in counts.items()) or "none"
        raise DatasetError(
            f"Found {images} among your corrections",
            "images of two classes or more, to train on",
            "Add more on the Classify page: correct a prediction and save the image",
        )
    root = corrections_folder()
    with locked(root / ".lock"):
        _drop_empty(root)
    return str(root)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_DIGEST_LETTERS]


def _stored_file(root: Path, content: bytes) -> Path | None:
    return next(root.glob(f"*/{_digest(content)}.*"), None)


def _class_folder(root: Path, label: str) -> Path:
    """The folder of `label`, created if it is missing. No two labels share one, however similar they are."""
    known = dict(_folders(root))
    if label in known:
        return known[label]
    taken = {folded(folder.name) for folder in known.values()}
    name = file_name(label, CLASS_BYTES)
    if folded(name) in taken:
        mark = "-" + hashlib.sha256(label.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        name = file_name(label, CLASS_BYTES - len(mark)) + mark
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


def _images(folder: Path) -> list[Path]:
    """Its images; none if another session has just moved the last one and removed the folder."""
    try:
        return [file for file in folder.iterdir() if not is_ignored(file.name) and file.is_file()]
    except FileNotFoundError:
        return []


def _drop_empty(root: Path) -> None:
    """Removes class folders without images, which would keep the rest from opening as a dataset. Call it under the
    lock: a folder is empty for a moment before its first image arrives."""
    for _, folder in _folders(root):
        if not _images(folder):
            (folder / _LABEL).unlink(missing_ok=True)
            with suppress(OSError):  # something else is in it
                folder.rmdir()
