"""Finds the images in the inputs of the command line: files, folders of any size, and zips.

No folder is listed as a whole: at most `SORTED_AT_ONCE` of its names are in memory at a time; of a zip, its table of
contents.
"""

import itertools
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.errors import InputError
from core.jobs.progress import Progress, silent
from core.storage.archives import extract_zip
from core.text.file_names import is_ignored

SORTED_AT_ONCE = 10_000
WANTED = "images, folders or zips"


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file to classify: the path to show, which is valid Unicode whatever the file's name is; the file with its
    bytes; and `problem`, which says why it cannot be read, or ""."""

    path: str
    file: Path
    problem: str = ""


class InputFiles:
    """Every file in the inputs. Each iteration walks the folders again; zips are unpacked once."""

    def __init__(self, inputs: Sequence[Path], scratch: Path, skip: Sequence[Path], progress: Progress) -> None:
        self._inputs, self._scratch, self._skip, self._progress = inputs, scratch, skip, progress

    def __iter__(self) -> Iterator[InputFile]:
        for number, path in enumerate(self._inputs):
            if path.is_dir():
                skipped = self._skipped_in(path)
                yield from (file for file in _walk(path) if not _lies_in(file.file, skipped))
            elif path.suffix.lower() == ".zip":
                folder = self._scratch / str(number)
                if not folder.is_dir():
                    extract_zip(path, folder, self._progress)
                for member in _walk(folder):
                    inside = member.file.relative_to(folder).as_posix()
                    yield InputFile(f"{_text(path)}/{_text(inside)}", member.file, member.problem)
            else:
                yield InputFile(_text(path), path)

    def _skipped_in(self, folder: Path) -> tuple[Path, ...]:
        """What is to be skipped, as the walk of `folder` spells it: a walk follows no links."""
        real = folder.resolve()
        return tuple(folder / skip.relative_to(real) for skip in self._skip if skip.is_relative_to(real))


def _lies_in(file: Path, places: Sequence[Path]) -> bool:
    return any(file == place or place in file.parents for place in places)


@contextmanager
def find_images(inputs: Sequence[Path], progress: Progress = silent, skip: Sequence[Path] = ()) -> Iterator[InputFiles]:
    """Yields the files in `inputs`; the contents of zips exist only until the block ends.

    Files are taken whatever their extension. Folders and zips are walked in the order of their names (a folder of more
    than `SORTED_AT_ONCE` files in chunks of that size), without hidden files. A symbolic link is followed where it is
    an input itself, or leads to a file in the same input folder; one that leads elsewhere is yielded with its problem,
    and so is a folder that cannot be listed.

    Args:
        progress: Reports the phase "extract", in files.
        skip: Files and folders to leave out although they may be in an input folder: what is being written.

    Raises:
        InputError: A path does not exist.
        ArchiveError: A zip is broken, hostile or too large. (Raised while iterating.)
    """
    for path in inputs:
        check_exists(path)
    with tempfile.TemporaryDirectory(prefix="pawlab-") as scratch:
        yield InputFiles(inputs, Path(scratch), [path.resolve() for path in skip], progress)


def check_exists(path: Path) -> None:
    """Raises `InputError` where there is no file and no folder."""
    try:
        exists = path.is_dir() or path.is_file()
    except (OSError, ValueError):  # a name that is too long; a NUL
        exists = False
    if not exists:
        raise InputError(f"{_text(path)} does not exist or is not a file", WANTED)


def _walk(top: Path) -> Iterator[InputFile]:
    """Depth first, with an explicit stack: folders may be nested deeper than Python's recursion limit."""
    places, open_folders, real = [top], [_entries(top)], top.resolve()
    while open_folders:
        try:
            entry = next(open_folders[-1], None)
        except OSError as error:
            place = places[-1]
            yield InputFile(_text(place), place, f"the folder cannot be listed: {error.strerror}")
            entry = None
        if entry is None:
            open_folders.pop()
            places.pop()
        elif entry.is_dir(follow_symlinks=False):
            places.append(Path(entry.path))
            open_folders.append(_entries(places[-1]))
        elif entry.is_symlink():
            yield from _linked(Path(entry.path), real)
        elif entry.is_file(follow_symlinks=False):
            file = Path(entry.path)
            yield InputFile(_text(file), file)


def _linked(link: Path, top: Path) -> Iterator[InputFile]:
    """What a link in the folder `top` stands for; nothing where that is a folder in `top`, which is walked anyway."""
    try:
        target = link.resolve(strict=True)
    except (OSError, RuntimeError):  # RuntimeError: links in a circle
        yield InputFile(_text(link), link, "a link that leads nowhere")
        return
    if not target.is_relative_to(top):
        yield InputFile(_text(link), link, f"a link that leads out of the folder, to {_text(target)}")
    elif target.is_file():
        yield InputFile(_text(link), link)


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:  # closes itself when it is exhausted, which is before the first of a small one
        visible = (entry for entry in entries if not is_ignored(entry.name))
        while part := sorted(itertools.islice(visible, SORTED_AT_ONCE), key=lambda entry: entry.name):
            yield from part


def _text(path: Path | str) -> str:
    """The path with bytes that are not Unicode escaped, so that it can be printed and written."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
