"""What a browser sends: a zip, or a folder's files. Kept below `home()` under its own name, keyed by its content.

Names come from strangers and become paths here, so they are checked by the rules that `core.archives` has for the names
in a zip, and a folder is refused whole or written whole.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from core.archives import ArchiveLimits, is_ignored
from core.errors import ArchiveError, DatasetError
from core.files import atomic_folder, write_atomic
from core.home import subfolder

Content = bytes | memoryview
MAX_FILES = 20_000
MAX_FOLDER_BYTES = 2**30
"""All of it is in the server's memory while it is uploaded."""
NAMELESS = "uploaded folder"
_LIMITS = ArchiveLimits()
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # no file on Windows may be called so


def keep_zip(content: Content, name: str) -> Path:
    """Stores an uploaded zip as `home()/uploads/<digest>/<name>.zip` and gives that path, a source like any other.

    Raises:
        ArchiveError: It does not begin as a zip does. Whether it is a good one shows when it is opened.
    """
    if bytes(content[:4]) not in (b"PK\x03\x04", b"PK\x05\x06"):
        raise ArchiveError(f"{name!r} is no zip", "a zip of image folders")
    path = subfolder("uploads", hashlib.sha256(content).hexdigest()[:20]) / f"{_plain_name(name)}.zip"
    if not path.is_file():
        write_atomic(path, bytes(content))
    return path


def keep_folder(files: Sequence[tuple[str, Content]]) -> Path:
    """Writes an uploaded folder below `home()/datasets` and gives its path, a source like any other.

    Args:
        files: (path, content) of each file; paths are relative, with forward slashes, and begin with the name of the
            folder that was chosen. What no dataset means (hidden files, Thumbs.db) is left out.

    Raises:
        DatasetError: There is nothing in it, it is too large, or a path leads out of the folder, is too long, falls
            on another, or cannot exist on some system. Nothing is left behind.
    """
    if len(files) > MAX_FILES:
        raise _refusal(f"has {len(files):,} files", f"at most {MAX_FILES:,}")
    total = sum(len(content) for _, content in files)
    if total > MAX_FOLDER_BYTES:
        raise _refusal(f"has {total / 2**30:.1f} GB", f"at most {MAX_FOLDER_BYTES / 2**30:.0f} GB")
    checked = zip(_checked([name for name, _ in files]), (content for _, content in files), strict=True)
    wanted = {parts: content for parts, content in checked if not any(map(is_ignored, parts))}
    if not wanted:
        raise _refusal("holds no files")
    tops = {parts[0] for parts in wanted}
    if len(tops) > 1 or any(len(parts) == 1 for parts in wanted):  # a browser that leaves out the folder's name
        wanted = {(NAMELESS, *parts): content for parts, content in wanted.items()}
        tops = {NAMELESS}
    target = subfolder("datasets") / f"upload-{_digest(wanted)}"
    if not target.is_dir():
        with atomic_folder(target) as folder:
            for parts, content in wanted.items():
                path = folder.joinpath(*parts)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
    return target / tops.pop()


def _checked(names: Iterable[str]) -> list[tuple[str, ...]]:
    """The names as parts of paths, in order."""
    checked: list[tuple[str, ...]] = []
    files: set[tuple[str, ...]] = set()
    folders: set[tuple[str, ...]] = set()
    for name in names:
        parts = tuple(part for part in name.split("/") if part not in {"", "."})
        shown = repr(name if len(name) <= 80 else name[:80] + "…")
        if not parts or "\x00" in name or "\\" in name or not _is_unicode(name):
            raise _refusal(f"holds a name that no file can have: {shown}")
        if name.startswith("/") or ".." in parts or re.match(r"[A-Za-z]:", parts[0]):
            raise _refusal(f"holds a name that leads out of it: {shown}")
        if len(parts) > _LIMITS.depth or any(len(part.encode()) > _LIMITS.name_bytes for part in parts):
            raise _refusal(f"holds a name that is too long or too deep: {shown}")
        if any(_DEVICE.fullmatch(part) for part in parts):
            raise _refusal(f"holds a name that Windows keeps for a device: {shown}")
        key = tuple(unicodedata.normalize("NFC", unicodedata.normalize("NFC", p).casefold()) for p in parts)
        if key in files:
            raise _refusal(f"holds the same name twice: {shown}")
        files.add(key)
        folders.update(key[:depth] for depth in range(1, len(key)))
        checked.append(parts)
    if both := files & folders:
        raise _refusal(f"holds a name that is a file and a folder: {'/'.join(min(both))!r}")
    return checked


def _digest(files: dict[tuple[str, ...], Content]) -> str:
    digest = hashlib.sha256()
    for parts in sorted(files):
        digest.update("/".join(parts).encode() + b"\0" + hashlib.sha256(files[parts]).digest())
    return digest.hexdigest()[:20]


def _plain_name(name: str) -> str:
    """What is left of an uploaded zip's name that every file system takes, without its ending."""
    stem = PurePosixPath(name.replace("\\", "/")).name
    stem = re.sub(r"\.zip\Z", "", stem, flags=re.IGNORECASE)
    stem = "".join(c if c.isprintable() and c not in '<>:"/|?*' else "_" for c in stem)
    stem = stem.encode()[:100].decode(errors="ignore").strip(". ")
    return stem if stem and not _DEVICE.fullmatch(stem) else f"zip {stem}".strip()


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refusal(problem: str, expected: str = "") -> DatasetError:
    return DatasetError(
        f"The uploaded folder {problem}",
        expected or "a folder of image folders",
        "Give the folder's path instead, or a zip of it",
    )
