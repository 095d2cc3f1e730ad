"""Which files of a folder belong to a dataset, and what their folders say about split and class.

Opens no file. Links to files are followed inside the dataset only, links to folders never.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import DatasetError
from core.images.files import EXTENSIONS
from core.text.file_names import is_ignored

ALIASES = {
    "train": ("train", "training"),
    "validation": ("validation", "val", "valid"),
    "test": ("test", "testing"),
}
_IMAGES = frozenset().union(*EXTENSIONS.values())
EXPECTED = "two or more folders, one per class, or such class folders inside train/ and validation/ (and test/)"


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file below a class folder.

    Attributes:
        path: Relative to the root, with forward slashes. A name that is not valid Unicode has replacement characters
            and a problem, so that every text here can be printed and stored.
        split: "train", "validation" or "test"; "" in plain class folders.
        label: Its class.
        problem: Why it must not be opened, or "".
    """

    path: str
    split: str
    label: str
    problem: str = ""


@dataclass(frozen=True)
class Layout:
    """The dataset's root, its classes (including those without files) and its files, sorted by path.

    `loose` are images that lie beside the class folders, relative to the root: they belong to no class.
    """

    root: Path
    classes: tuple[str, ...]
    files: tuple[FoundFile, ...]
    loose: tuple[str, ...] = ()


def find_layout(folder: Path) -> Layout:
    """Looks for class folders, plain or inside split folders, within any number of wrapping folders.

    Raises:
        DatasetError: The folder cannot be listed, or two of its folders mean the same split.
    """
    root = find_root(folder)
    folders = subfolders(root)
    splits = _split_folders(folders)
    parents = [root]
    if "train" in splits:
        class_folders = [(split, entry) for split, parent in splits.items() for entry in subfolders(Path(parent.path))]
        parents += [Path(entry.path) for entry in splits.values()]
    else:
        class_folders = [("", entry) for entry in folders]
    beside = [entry for parent in parents for entry in list_visible(parent) if is_image_name(entry.name)]
    loose = sorted(_path(entry, root) for entry in beside if not entry.is_dir(follow_symlinks=False))
    files = [
        file for split, entry in class_folders for file in files_below(Path(entry.path), root, split, _text(entry.name))
    ]
    classes = {_text(entry.name) for _, entry in class_folders}
    return Layout(root, tuple(sorted(classes)), tuple(sorted(files, key=lambda file: file.path)), tuple(loose))


def find_root(folder: Path) -> Path:
    """The folder that holds the class folders or the train folder. Raises as `find_layout`, which also lists every
    file and so takes longer."""
    root = folder.resolve()
    while True:
        folders = subfolders(root)
        if "train" in _split_folders(folders) or len(folders) != 1 or not subfolders(Path(folders[0].path)):
            return root
        root = Path(folders[0].path)


def is_image_name(name: str) -> bool:
    """Whether a file's name ends like that of an image."""
    return Path(name).suffix.lower() in _IMAGES


def loose_in_words(loose: Sequence[str]) -> str:
    """What the images of `Layout.loose` mean.

    Example:
        >>> loose_in_words(["a.jpg"])
        '1 image lies beside the class folders and is not used: a.jpg'
    """
    one = len(loose) == 1
    names = ", ".join(loose[:5]) + (", …" if len(loose) > 5 else "")
    lie = "image lies beside the class folders and is" if one else "images lie beside the class folders and are"
    return f"{len(loose):,} {lie} not used: {names}"


def _split_folders(folders: list[os.DirEntry[str]]) -> dict[str, os.DirEntry[str]]:
    """The split folders among them; none unless a train folder holds folders, because "train" may be a class."""
    splits: dict[str, os.DirEntry[str]] = {}
    for split, names in ALIASES.items():
        same = [entry for entry in folders if entry.name.casefold() in names]
        if split == "train" and not any(subfolders(Path(entry.path)) for entry in same):
            return {}
        if len(same) > 1:
            both = " and ".join(sorted(entry.name for entry in same))
            raise DatasetError(f"Found {both}, which both mean {split}", f"one {split} folder", "Merge them")
        if same:
            splits[split] = same[0]
    return splits


def subfolders(folder: Path) -> list[os.DirEntry[str]]:
    """The folders directly in a folder, by name. Raises as `find_layout`."""
    try:
        return [entry for entry in list_visible(folder) if entry.is_dir(follow_symlinks=False)]
    except OSError as error:
        raise DatasetError(f"The folder {folder} cannot be listed: {error.strerror}", EXPECTED) from error


def files_below(top: Path, root: Path, split: str, label: str) -> Iterator[FoundFile]:
    """Every file below the folder `top`, in no order; a folder that cannot be listed is one, with a problem."""
    begin = len(str(root / "x")) - 1  # slices the root off a path: ten times as fast as pathlib, for every file
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        try:
            entries = list_visible(folder)
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
                    yield check_file(entry, root, split, label)


def check_file(entry: os.DirEntry[str], root: Path, split: str, label: str) -> FoundFile:
    """The file of an entry below `root`, with the reason why it must not be opened, if there is one."""
    return FoundFile(_path(entry, root), split, label, _problem(entry, root))


def _path(entry: os.DirEntry[str], root: Path) -> str:
    return _text(Path(entry.path).relative_to(root).as_posix())


def _problem(entry: os.DirEntry[str], root: Path) -> str:
    path = Path(entry.path).relative_to(root).as_posix()
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


def list_visible(folder: Path) -> list[os.DirEntry[str]]:
    """What lies in a folder, by name, without what no dataset means (`is_ignored`)."""
    with os.scandir(folder) as entries:
        return sorted((entry for entry in entries if not is_ignored(entry.name)), key=lambda entry: entry.name)


def _text(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "replace")
