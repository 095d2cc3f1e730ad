"""Finds the pictures behind what a user names on the command line: files, folders and zips."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.archives import extract_zip
from core.errors import InputError
from core.progress import Progress, silent


@dataclass(frozen=True)
class Found:
    """A file to classify: the path to show, and where its bytes are now."""

    path: str
    file: Path


@contextmanager
def find_pictures(inputs: list[Path], progress: Progress = silent) -> Iterator[list[Found]]:
    """Yields every file behind `inputs`; what zips hold is there only until the block ends.

    Files are taken whatever their ending. Folders and zips are walked in the order of their names, without hidden
    files; a symbolic link is followed only when it is named itself.

    Raises:
        InputError: A path does not exist, or nothing was found.
        ArchiveError: A zip is broken, hostile or too large.
    """
    found: list[Found] = []
    with tempfile.TemporaryDirectory(prefix="pawlab-") as temporary:
        for number, path in enumerate(inputs):
            if path.is_dir():
                found += [Found(str(path / file.relative_to(path)), file) for file in _walk(path)]
            elif path.suffix.lower() == ".zip":
                folder = Path(temporary) / str(number)
                extract_zip(path, folder, progress)
                found += [Found(f"{path}/{file.relative_to(folder).as_posix()}", file) for file in _walk(folder)]
            elif path.is_file():
                found.append(Found(str(path), path))
            else:
                raise InputError(f"{path} does not exist", "pictures, folders or zips")
        if not found:
            raise InputError(f"There are no files in {', '.join(map(str, inputs))}", "pictures, folders or zips")
        yield found


def _walk(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name in ("__MACOSX", "Thumbs.db", "desktop.ini") or path.is_symlink():
            continue
        if path.is_dir():
            yield from _walk(path)
        elif path.is_file():
            yield path
