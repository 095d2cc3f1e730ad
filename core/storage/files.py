"""Files that another process may read: written whole or not at all, and a log that survives a kill.

Covers a reader that comes at any moment and a writer killed at any moment. A power cut is covered by `write_durable`
alone: a run that is lost with the machine can be trained again, an image that was acknowledged cannot be taken again.
"""

import errno
import hashlib
import json
import os
import shutil
import stat
import time
import uuid
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from core.errors import ConfigError

MAX_JSON_BYTES = 64_000_000
MAX_LOG_BYTES = 500_000_000  # that is read at once: a thousand epochs of 25,000 batches


def write_atomic(path: Path, content: bytes | str) -> None:
    """Makes `content` the file's: a reader sees the old or the new one."""
    with atomic_file(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def write_durable(path: Path, content: bytes) -> None:
    """`write_atomic` that returns once the disk has the content and the name."""
    with atomic_file(path) as temporary:
        write_synced(temporary, content)
    sync_folder(path.parent)


def write_synced(path: Path, content: bytes) -> None:
    """Writes a new file, and returns once the disk has its content."""
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Returns once the disk has the names in a folder; at once where the system cannot tell, as on Windows."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yields a name for a file that takes the place of `path` when the block ends, and vanishes when it raises."""
    temporary = path.with_name(f".{path.name[:50]}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """`write_atomic` of `value` as indented JSON."""
    write_atomic(path, _encoded(json.dumps(value, indent=2, ensure_ascii=False) + "\n"))


@contextmanager
def open_regular(path: Path, max_bytes: int) -> Iterator[BinaryIO]:
    """Opens a file for reading that a stranger may have put there: never waits for a pipe, never begins with what is
    too large to read.

    Raises:
        OSError: It cannot be read, is no regular file, or has more than `max_bytes`.
    """
    with open(path, "rb", opener=_without_waiting) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
        if status.st_size > max_bytes:
            raise OSError(errno.EFBIG, f"it has {status.st_size:,} bytes, and the limit is {max_bytes:,}", str(path))
        yield file


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # without it, a pipe waits for its writer


def read_json(path: Path, max_bytes: int = MAX_JSON_BYTES) -> Any:
    """What a file of JSON holds.

    Raises:
        OSError: It cannot be read, or is larger than `max_bytes`.
        ValueError: It is no JSON, or is nested deeper than Python can follow.
    """
    try:
        with open_regular(path, max_bytes) as file:
            return json.loads(file.read().decode("utf-8"))
    except RecursionError as error:
        raise ValueError(f"{path.name} is nested too deep") from error


def _encoded(text: str) -> bytes:
    """JSON as UTF-8. A path need not be Unicode: its odd bytes, halves of surrogate pairs in Python, become JSON's own
    escapes."""
    return text.encode("utf-8", "backslashreplace")


def check_place(path: Path) -> None:
    """Checks that a file may be written at `path`, before work that may take minutes.

    Raises:
        ConfigError: It is a folder, or its folder does not exist.
    """
    try:
        bad = path.is_dir() or not path.absolute().parent.is_dir()
    except OSError:  # a name too long, links in a circle
        bad = True
    if bad:
        raise ConfigError(f"{path} cannot be a file", "a file in a folder that exists")


@contextmanager
def atomic_folder(target: Path) -> Iterator[Path]:
    """Yields a temporary folder that becomes `target` when the block ends, and vanishes when the block raises.

    Where another process finished the same `target` first, theirs stays and ours is dropped: both were made from the
    same content.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.tmp")
    temporary.mkdir()
    try:
        yield temporary
        try:
            temporary.replace(target)
        except OSError:
            if not target.is_dir():
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def drop_unfinished(folder: Path, target: str = "*", seconds: float = 0) -> None:
    """Removes the temporary files and folders that killed writers left in `folder`.

    Args:
        target: A pattern for the names they were to have; all of them by default.
        seconds: Keep those that were written to within so many seconds. Pass 0 only where nobody else writes.
    """
    before = time.time() - seconds
    for left in folder.glob(f".{target}.????????.tmp"):
        with suppress(OSError):  # its writer is alive after all, or it is not ours to remove
            if max(entry.lstat().st_mtime for entry in (left, *left.rglob("*"))) > before:
                continue
            if left.is_dir() and not left.is_symlink():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink()


def stamp_of(path: Path) -> tuple[int, ...]:
    """Changes whenever the file does, and costs next to nothing; () where there is none."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_mtime_ns, status.st_size, status.st_ino


def size_of(folder: Path) -> int:
    """Bytes of all files in a folder, even while others write and remove files there."""
    total = 0
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                own = entry.stat(follow_symlinks=False)
                total += size_of(Path(entry.path)) if stat.S_ISDIR(own.st_mode) else own.st_size
    return total


def sha256_file(path: Path) -> str:
    """The hexadecimal SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def crc32_of_rest(file: BinaryIO) -> int:
    """The CRC-32 of what follows in an open file, which stays where it is. It finds what a disk or a memory damages, at
    1 GB/s, and nobody who forges."""
    start, total = file.tell(), 0
    while piece := file.read(2**20):
        total = zlib.crc32(piece, total)
    file.seek(start)
    return total


class EventLog:
    """An append-only file of JSON objects, one a line.

    The writer may be killed in the middle of a line: a reader leaves an unfinished last line for later and skips a line
    that never became JSON; the next writer starts a new line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, event: dict[str, Any]) -> None:
        """Adds one event in a single write."""
        self.extend([event])

    def extend(self, events: Iterable[dict[str, Any]]) -> None:
        """Adds events in a single write."""
        line = "".join(json.dumps(event, ensure_ascii=False, separators=(",", ":")) + "\n" for event in events)
        with self.path.open("ab+") as file:
            if file.seek(0, os.SEEK_END) > 0:
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":  # the writer before us was killed in mid-line
                    line = "\n" + line
            file.write(_encoded(line))

    def read(self, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
        """The events that begin at byte `offset` or later, and the offset to go on from."""
        try:
            with open_regular(self.path, MAX_LOG_BYTES) as file:
                file.seek(offset)
                content = file.read()
        except FileNotFoundError:
            return [], offset
        complete = content[: content.rfind(b"\n") + 1]
        events = []
        for line in complete.splitlines():
            try:
                event = json.loads(line)
            except (ValueError, RecursionError):  # half a line, left by a killed writer
                continue
            if isinstance(event, dict):
                events.append(event)
        return events, offset + len(complete)
