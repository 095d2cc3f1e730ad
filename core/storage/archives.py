"""Unpacks a zip that a stranger made: everything is checked first, and it is refused whole or unpacked whole.

Covers names that lead out of the folder, links and devices, encrypted members, members that share bytes or names,
bombs (many, large, or far larger than they look), sizes that lie, and damage. Memory stays at a few megabytes whatever
the zip holds, its table of contents apart. Does not look inside the members: a zip within is just a file.
"""

import errno
import io
import stat
import struct
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from core.errors import ArchiveError, PawlabError
from core.jobs.progress import Progress, silent
from core.storage.files import atomic_folder
from core.text.file_names import folded, is_device, is_ignored
from core.text.lines import error_line, quoted

# bzip2 and LZMA are left out because zipfile unpacks each piece of them in one go, however large it becomes.
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED = 0x1 | 0x40 | 0x2000  # ordinary, strong, and an encrypted table of contents
_CHUNK = 2**20
DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


@dataclass(frozen=True)
class ArchiveLimits:
    """What a zip may hold: far more than any set of photos has, far less than what harms a computer."""

    members: int = 200_000
    total_bytes: int = 8 * 2**30
    ratio: int = 200  # photos do not shrink at all; text shrinks 10 times, zeros 1,000 times
    free_bytes: int = 10 * 2**20  # below this size the ratio does not matter
    name_bytes: int = 255  # of one folder or file name, the limit of most file systems
    depth: int = 32


@dataclass(frozen=True)
class _Member:
    info: zipfile.ZipInfo
    parts: tuple[str, ...]
    is_folder: bool


def extract_zip(
    source: Path | bytes, target: Path, progress: Progress = silent, limits: ArchiveLimits | None = None
) -> None:
    """Unpacks a zip into the folder `target`, which appears only when all of it is there.

    Args:
        source: The zip, or its content.
        target: The folder to make. Where it exists already and is not empty, it is left as it is.
        progress: Receives the phase "extract", in files. An exception from it stops the work.
        limits: `ArchiveLimits()` when left out.

    Raises:
        ArchiveError: The zip is broken, hostile or too large. Nothing is left behind.
        PawlabError: The disk is full, or cannot be written. Nothing is left behind either.
    """
    try:
        with io.BytesIO(source) if isinstance(source, bytes) else _regular_file(source) as file:
            _unpack(file, target, progress, limits or ArchiveLimits())
    except PawlabError:
        raise
    except OSError as error:
        if error.errno in DISK:  # the zip is not to blame
            raise PawlabError(
                f"The zip cannot be unpacked in {target.parent}: {error.strerror}",
                "room on a disk that can be written",
                "Free some space, then try again",
            ) from error
        raise _refusal(f"cannot be unpacked: {error.strerror or error}") from error
    except Exception as error:  # zipfile under attack raises nearly anything: BadZipFile, zlib.error, EOFError, ...
        raise _refusal(f"is broken: {error_line(error, 120)}") from error


def _unpack(file: IO[bytes], target: Path, progress: Progress, limits: ArchiveLimits) -> None:
    _check_table_size(file, limits)
    with zipfile.ZipFile(file) as archive:
        members = [_checked_member(info, limits) for info in archive.infolist()]
        check_distinct(((member.parts, member.is_folder) for member in members), _refusal)
        _check_sizes(members, limits)
        _check_overlaps(archive, file)
        wanted = [member for member in members if not any(is_ignored(part) for part in member.parts)]
        with atomic_folder(target) as folder:
            _write(archive, wanted, folder, progress, limits)


def _regular_file(path: Path) -> IO[bytes]:
    if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait for ever
        raise _refusal("is not a file")
    return path.open("rb")


def _check_table_size(file: IO[bytes], limits: ArchiveLimits) -> None:
    """Counts the signatures of table entries, because ZipFile builds an object for each before we could stop it."""
    count, rest = 0, b""
    while chunk := file.read(_CHUNK):
        count += (rest + chunk).count(b"PK\x01\x02")
        rest = chunk[-3:]
        if count > limits.members:
            raise _refusal(f"holds more than {limits.members:,} files", f"at most {limits.members:,}")
    file.seek(0)


def _checked_member(info: zipfile.ZipInfo, limits: ArchiveLimits) -> _Member:
    name = info.orig_filename
    shown, parts = quoted(name), path_parts(name, limits, _refusal)
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise _refusal(f"holds a link or another special file: {shown}")
    if info.flag_bits & _ENCRYPTED:
        raise _refusal(f"is protected by a password: {shown}", fix="Make the zip again without a password")
    if info.compress_type not in _METHODS:
        raise _refusal(f"uses an unsupported compression (method {info.compress_type}): {shown}")
    return _Member(info, parts, name.endswith("/"))


def path_parts(name: str, limits: ArchiveLimits, refuse: Callable[[str], PawlabError]) -> tuple[str, ...]:
    """A stranger's name for a file below a folder of ours, as the parts of a path. Raises what `refuse` makes of what
    is wrong with it."""
    parts = tuple(part for part in name.split("/") if part not in {"", "."})
    if "\x00" in name or "\\" in name or name.encode(errors="ignore").decode() != name:
        raise refuse(f"holds a name that no file can have (backslash, NUL, half a character): {quoted(name)}")
    if name.startswith("/") or any(map(_leads_out, parts)):
        raise refuse(f"holds a name that leads out of its folder: {quoted(name)}")
    if any(map(is_device, parts)):
        raise refuse(f"holds a name that Windows reserves for a device: {quoted(name)}")
    if len(parts) > limits.depth:
        most = f"in more than {limits.depth - 1} folders" if limits.depth > 1 else "in a folder"
        raise refuse(f"holds a file {most}: {quoted(name)}")
    if any(len(part.encode()) > limits.name_bytes for part in parts):
        raise refuse(f"holds a name of more than {limits.name_bytes} bytes: {quoted(name)}")
    return parts


def _leads_out(part: str) -> bool:
    """Also on Windows, which drops dots and spaces at the end of a part and reads a drive or a stream around any
    colon."""
    return not part.rstrip(". ") or ":" in part


def check_distinct(entries: Iterable[tuple[tuple[str, ...], bool]], refuse: Callable[[str], PawlabError]) -> None:
    """No two entries may have the same path on any file system, some of which ignore case or Unicode's spelling.

    Args:
        entries: The parts of each path, and whether it is a folder.
        refuse: As for `path_parts`.
    """
    files: set[tuple[str, ...]] = set()
    folders: set[tuple[str, ...]] = set()
    explicit: set[tuple[str, ...]] = set()
    for parts, is_folder in entries:
        key = tuple(map(folded, parts))
        if key in explicit:
            raise refuse(f"holds the same name twice: {quoted('/'.join(parts))}")
        explicit.add(key)
        if not is_folder:
            files.add(key)
        folders.update(key[:depth] for depth in range(len(key) + is_folder))
    if both := files & folders:
        raise refuse(f"holds a name that is a file and a folder: {quoted('/'.join(min(both)))}")


def _check_sizes(members: list[_Member], limits: ArchiveLimits) -> None:
    sizes = [(member.info.file_size, member.info.compress_size) for member in members]
    total, packed = sum(size for size, _ in sizes), sum(size for _, size in sizes)
    if total > limits.total_bytes:
        raise _refusal(f"unpacks to {total / 2**30:.1f} GB", f"at most {limits.total_bytes / 2**30:.0f} GB")
    for size, small in [*sizes, (total, packed)]:
        if size - limits.free_bytes > limits.ratio * small:
            times = f"{size / max(small, 1):,.0f} times"
            raise _refusal(f"unpacks to {times} its size, like a zip bomb", f"at most {limits.ratio} times")


def _check_overlaps(archive: zipfile.ZipFile, file: IO[bytes]) -> None:
    """Each member has its own bytes: by sharing them a small zip unpacks to petabytes, which Python 3.11's zipfile does
    not check."""
    end = 0
    for info in sorted(archive.infolist(), key=lambda info: info.header_offset):
        if info.header_offset < end:
            raise _refusal("holds members that overlap")
        file.seek(info.header_offset)
        header = file.read(30)
        if len(header) != 30 or not header.startswith(b"PK\x03\x04"):
            raise _refusal("is broken: a member's header is missing")
        name_bytes, extra_bytes = struct.unpack_from("<HH", header, 26)
        end = info.header_offset + 30 + name_bytes + extra_bytes + info.compress_size
    if end > archive.start_dir:
        raise _refusal("holds members that overlap its table of contents")


def _write(
    archive: zipfile.ZipFile, members: list[_Member], folder: Path, progress: Progress, limits: ArchiveLimits
) -> None:
    total, written = sum(not member.is_folder for member in members), 0
    progress("extract", 0, total)
    done = 0
    for member in members:
        path = folder.joinpath(*member.parts)
        if member.is_folder:
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        size = 0
        with archive.open(member.info) as packed, path.open("xb") as file:
            while chunk := packed.read(_CHUNK):  # never more than a chunk in memory, and never more than declared
                size += len(chunk)
                if written + size > limits.total_bytes:
                    raise _refusal("unpacks to more than it declares")
                file.write(chunk)
                if size > _CHUNK:  # so that a large member can be stopped too
                    progress("extract", done, total)
        if size != member.info.file_size:
            raise _refusal(f"is broken: {'/'.join(member.parts)!r} has another size than it declares")
        written, done = written + size, done + 1
        progress("extract", done, total)


def _refusal(problem: str, expected: str = "", fix: str = "") -> ArchiveError:
    return ArchiveError(
        f"The zip {problem}",
        expected or "an ordinary zip of image folders",
        fix or "Unpack it yourself, check what is inside, and open the folder or zip it again",
    )
