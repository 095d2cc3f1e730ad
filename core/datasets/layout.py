"""Which files of a folder belong to a dataset, and what their folders say about split and class.

Nothing is opened here. Links are never followed out of the dataset, and linked folders are not entered at all.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.archives import is_ignored
from core.errors import DatasetError

ALIASES = {
    "train": ("train", "training"),
    "validation": ("validation", "val", "valid"),
    "test": ("test", "testing"),
}
EXPECTED = "one folder a class, two or more, or such class folders below train/ and validation/ (and test/)"


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file below a class folder: its path relative to the root, with forward slashes; its split, "" in plain class
    folders; its class; and `problem`, which says why it must not be opened, or "".

    A name that is not valid Unicode is shown with replacement characters and has a problem, so that every text here can
    be printed and stored.
    """

    path: str
    split: str
    label: str
    problem: str = ""


@dataclass(frozen=True)
class Layout:
    """Where the dataset begins, its classes (also those without files) and its files, sorted by path."""

    root: Path
    classes: tuple[str, ...]
    files: tuple[FoundFile, ...]


def find_layout(folder: Path) -> Layout:
    """Looks for class folders, plain or below split folders, inside any number of wrapping folders.

    Raises:
        DatasetError: The folder cannot be listed, or two of its folders mean the same split.
    """
    root = find_root(folder)
    folders = _folders(root)
    splits = _split_folders(folders)
    if "train" in splits:
        class_folders = [(split, entry) for split, parent in splits.items() for entry in _folders(Path(parent.path))]
    else:
        class_folders = [("", entry) for entry in folders]
    files = [file for split, entry in class_folders for file in _files(entry, root, split)]
    classes = {_text(entry.name) for _, entry in class_folders}
    return Layout(root, tuple(sorted(classes)), tuple(sorted(files, key=lambda file: file.path)))


def find_root(folder: Path) -> Path:
    """The folder that holds the class folders or the train folder, inside any number of wrapping folders. Raises as
    `find_layout`, which is slower because it lists every file."""
    root = folder.resolve()
    while True:
        folders = _folders(root)
        if "train" in _split_folders(folders) or len(folders) != 1 or not _folders(Path(folders[0].path)):
            return root
        root = Path(folders[0].path)


def _split_folders(folders: list[os.DirEntry[str]]) -> dict[str, os.DirEntry[str]]:
    """The split folders among them; none without a train folder that holds folders, for "train" may be a class."""
    found: dict[str, os.DirEntry[str]] = {}
    for split, names in ALIASES.items():
        same = [entry for entry in folders if entry.name.casefold() in names]
        if split == "train" and not any(_folders(Path(entry.path)) for entry in same):
            return {}
        if len(same) > 1:
            names_found = " and ".join(sorted(entry.name for entry in same))
            raise DatasetError(f"Found {names_found}, which both mean {split}", f"one {split} folder", "Merge them")
        if same:
            found[split] = same[0]
    return found


def _folders(folder: Path) -> list[os.DirEntry[str]]:
    try:
        return [entry for entry in _visible(folder) if entry.is_dir(follow_symlinks=False)]
    except OSError as error:
        raise DatasetError(f"The folder {folder} cannot be listed: {error.strerror}", EXPECTED) from error


def _files(class_folder: os.DirEntry[str], root: Path, split: str) -> Iterator[FoundFile]:
    label = _text(class_folder.name)
    begin = len(str(root / "x")) - 1  # of a path below the root, as text: pathlib takes ten times as long for each file
    waiting = [Path(class_folder.path)]
    while waiting:
        folder = waiting.pop()
        try:
            entries = _visible(folder)
        except OSError as error:
            problem = f"the folder cannot be listed: {error.strerror}"
            yield FoundFile(_text(folder.relative_to(root).as_posix()), split, label, problem)
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                waiting.append(Path(entry.path))
            else:
                path = entry.path[begin:].replace(os.sep, "/")
                if path.isascii() and not entry.is_symlink():
                    yield FoundFile(path, split, label)
                else:
                    yield FoundFile(_text(path), split, label, _problem(entry, path, root))


def _problem(entry: os.DirEntry[str], path: str, root: Path) -> str:
    if _text(path) != path:
        return "the name is not valid Unicode"
    if not entry.is_symlink():
        return ""
    try:
        target = Path(entry.path).resolve(strict=True)
    except (OSError, RuntimeError):  # RuntimeError: links in a circle
        return "a link that leads nowhere"
    if not target.is_relative_to(root):
        return "a link that leads out of the dataset"
    return "" if target.is_file() else "a link to a folder"


def _visible(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted((entry for entry in entries if not is_ignored(entry.name)), key=lambda entry: entry.name)


def _text(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "replace")
