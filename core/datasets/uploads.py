"""What a browser uploads: a zip, or a folder's files. Stored below `home()` under its own name, keyed by its content.

Names come from strangers and become paths here, so they are checked like the names in a zip (`core.storage.archives`),
and a folder is written whole or not at all.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from core.errors import ArchiveError, DatasetError, PawlabError
from core.storage.archives import ArchiveLimits, check_distinct, path_parts
from core.storage.files import atomic_folder, write_atomic
from core.storage.home import subfolder
from core.text.file_names import file_name, is_ignored
from core.text.lines import quoted

Content = bytes | memoryview
MAX_FILES = 20_000
MAX_FOLDER_BYTES = 2**30
"""The server holds all of it in memory during the upload."""
NAMELESS = "uploaded folder"
_LIMITS = ArchiveLimits()


def keep_zip(content: Content, name: str) -> Path:
    """Stores an uploaded zip as `home()/uploads/<digest>/<name>.zip` and returns that path, a source like any other.

    Raises:
        ArchiveError: It does not begin like a zip. Whether it is intact shows when it is opened.
        PawlabError: The disk refuses it. Nothing is left behind.
    """
    if bytes(content[:4]) not in (b"PK\x03\x04", b"PK\x05\x06"):
        raise ArchiveError(f"The zip is broken: {name!r} does not begin like one", "a zip of image folders")
    path = subfolder("uploads", hashlib.sha256(content).hexdigest()[:20]) / f"{_plain_name(name)}.zip"
    if not path.is_file():
        with _storing(path.parent):
            write_atomic(path, bytes(content))
    return path


def keep_folder(files: Sequence[tuple[str, Content]]) -> Path:
    """Writes an uploaded folder below `home()/datasets` and returns its path, a source like any other.

    Args:
        files: (path, content) of each file; paths are relative, with forward slashes, and begin with the name of the
            chosen folder. Hidden files and the like (Thumbs.db) are left out.

    Raises:
        DatasetError: It is empty or too large, or a path leads out of the folder, is too long, collides with another,
            or cannot exist on some system. Nothing is left behind.
        PawlabError: The disk refuses it. Nothing is left behind either.
    """
    if len(files) > MAX_FILES:
        raise _refusal(f"has {len(files):,} files", f"at most {MAX_FILES:,}")
    total = sum(len(content) for _, content in files)
    if total > MAX_FOLDER_BYTES:
        raise _refusal(f"has {total / 2**30:.1f} GB", f"at most {MAX_FOLDER_BYTES / 2**30:.0f} GB")
    checked = [(_checked(name), content) for name, content in files]
    check_distinct(((parts, False) for parts, _ in checked), _refusal)
    wanted = {parts: content for parts, content in checked if not any(map(is_ignored, parts))}
    if not wanted:
        raise _refusal("holds no files")
    tops = {parts[0] for parts in wanted}
    if len(tops) > 1 or any(len(parts) == 1 for parts in wanted):  # a browser that leaves out the folder's name
        wanted = {(NAMELESS, *parts): content for parts, content in wanted.items()}
        tops = {NAMELESS}
    target = subfolder("datasets") / f"upload-{_digest(wanted)}"
    if not target.is_dir():
        with _storing(target.parent), atomic_folder(target) as folder:
            for parts, content in wanted.items():
                path = folder.joinpath(*parts)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
    return target / tops.pop()


@contextmanager
def _storing(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PawlabError(
            f"The upload cannot be stored in {place}: {error.strerror or error}",
            "room on a disk that can be written",
            "Free some space, or open the folder or zip by its path",
        ) from error


def _checked(name: str) -> tuple[str, ...]:
    """The name as parts of a path."""
    parts = path_parts(name, _LIMITS, _refusal)
    if not parts:
        raise _refusal(f"holds a name that no file can have: {quoted(name)}")
    return parts


def _digest(files: dict[tuple[str, ...], Content]) -> str:
    digest = hashlib.sha256()
    for parts in sorted(files):
        digest.update("/".join(parts).encode() + b"\0" + hashlib.sha256(files[parts]).digest())
    return digest.hexdigest()[:20]


def _plain_name(name: str) -> str:
    """The name of an uploaded zip without its ending, as every file system accepts it."""
    stem = PurePosixPath(name.replace("\\", "/")).name
    stem = re.sub(r"\.zip\Z", "", stem, flags=re.IGNORECASE)
    return file_name(stem, 100, fallback="zip")


def _refusal(problem: str, expected: str = "") -> DatasetError:
    return DatasetError(
        f"The uploaded folder {problem}",
        expected or "a folder of image folders",
        "Open the folder by its path instead, or upload a zip of it",
    )
