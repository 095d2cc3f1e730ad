"""Finds the pictures behind what a user names on the command line: files, folders of any size, and zips.

Nothing is listed as a whole: what is in memory at a time is at most `SORTED_AT_ONCE` names of one folder, a zip's table
of contents apart.
"""

import itertools
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.archives import extract_zip, is_ignored
from core.errors import InputError
from core.progress import Progress, silent

SORTED_AT_ONCE = 10_000
WANTED = "pictures, folders or zips"


@dataclass(frozen=True, slots=True)
class Found:
    """A file to classify: the path to show, which is valid Unicode whatever the file's name is; where its bytes are
    now; and `problem`, which says why they cannot be had, or ""."""

    path: str
    file: Path
    problem: str = ""


class Pictures:
    """Every file behind the inputs, each time that it is iterated: folders are walked anew, zips are unpacked once."""

    def __init__(self, inputs: Sequence[Path], scratch: Path, skip: Path | None, progress: Progress) -> None:
        self._inputs, self._scratch, self._skip, self._progress = inputs, scratch, skip, progress

    def __iter__(self) -> Iterator[Found]:
        for number, path in enumerate(self._inputs):
            if path.is_dir():
                yield from (found for found in _walk(path) if not self._is_skipped(found))
            elif path.suffix.lower() == ".zip":
                folder = self._scratch / str(number)
                if not folder.is_dir():
                    extract_zip(path, folder, self._progress)
                for found in _walk(folder):
                    inside = found.file.relative_to(folder).as_posix()
                    yield Found(f"{_text(path)}/{_text(inside)}", found.file, found.problem)
            else:
                yield Found(_text(path), path)

    def _is_skipped(self, found: Found) -> bool:
        return self._skip is not None and found.file.name == self._skip.name and found.file.resolve() == self._skip


@contextmanager
def find_pictures(inputs: Sequence[Path], progress: Progress = silent, skip: Path | None = None) -> Iterator[Pictures]:
    """Yields the files behind `inputs`; what zips hold is there only until the block ends.

    Files are taken whatever their ending. Folders and zips are walked in the order of their names (a folder of more
    than `SORTED_AT_ONCE` files in parts of so many), without hidden files; a symbolic link is followed only when it is
    named itself. A folder that cannot be listed is found with its problem.

    Args:
        progress: Told of the phase "extract", in files.
        skip: A file that is none of the pictures although it may lie among them: the table that is being written.

    Raises:
        InputError: A path does not exist.
        ArchiveError: A zip is broken, hostile or too large. (While the pictures are iterated.)
    """
    for path in inputs:
        try:
            exists = path.is_dir() or path.is_file()
        except (OSError, ValueError):  # a name that is too long; a NUL
            exists = False
        if not exists:
            raise InputError(f"{_text(path)} does not exist, or is no file", WANTED)
    with tempfile.TemporaryDirectory(prefix="pawlab-") as scratch:
        yield Pictures(inputs, Path(scratch), skip.resolve() if skip else None, progress)


def _walk(top: Path) -> Iterator[Found]:
    """Depth first, by a stack of our own: folders may be deeper than Python's calls."""
    places, open_folders = [top], [_entries(top)]
    while open_folders:
        try:
            entry = next(open_folders[-1], None)
        except OSError as error:
            place = places[-1]
            yield Found(_text(place), place, f"the folder cannot be listed: {error.strerror}")
            entry = None
        if entry is None:
            open_folders.pop()
            places.pop()
        elif entry.is_dir(follow_symlinks=False):
            places.append(Path(entry.path))
            open_folders.append(_entries(places[-1]))
        elif entry.is_file(follow_symlinks=False):
            file = Path(entry.path)
            yield Found(_text(file), file)


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:  # closes itself when it is exhausted, which is before the first of a small one
        visible = (entry for entry in entries if not is_ignored(entry.name))
        while part := sorted(itertools.islice(visible, SORTED_AT_ONCE), key=lambda entry: entry.name):
            yield from part


def _text(path: Path | str) -> str:
    """The path with an escape for each byte that is no Unicode, so that it can be printed and written."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
