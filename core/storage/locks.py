"""A lock between processes of one machine, on Linux, macOS and Windows.

The lock is the operating system's own (`flock`, on Windows `msvcrt.locking`), taken on an open file. A file that exists
while the lock is held would need somebody to decide when its holder is dead, and two who decide so at once would both
remove it and both hold the lock. The system releases a dead holder's lock itself, whatever killed it.

Each call opens the file anew, so threads of one process exclude each other too. The file stays: removing it would let
one process lock the old file and another the new one. Does not cover network file systems.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from core.errors import PawlabError

PATIENCE = 30.0  # seconds; we hold a lock for a fraction of one
PAUSE = 0.005

if sys.platform == "win32":
    import msvcrt

    def _take(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

    def _give(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _take(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _give(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)  # explicitly: a process forked meanwhile shares the open file


@contextmanager
def locked(path: Path, seconds: float = PATIENCE) -> Iterator[None]:
    """Holds the lock of the file at `path`, made when it is missing, while the block runs. Not reentrant.

    Raises:
        PawlabError: Another process or thread held it for all of `seconds`.
    """
    deadline = time.monotonic() + seconds
    with path.open("ab") as file:
        while not try_lock(file):
            if time.monotonic() > deadline:
                raise PawlabError(
                    f"Another process has held {path} for {seconds:.0f} seconds",
                    "the lock to be held only for a moment",
                    "Stop the Pawlab process that hangs, then try again",
                )
            time.sleep(PAUSE)
        try:
            yield
        finally:
            file.seek(0)
            _give(file.fileno())


def try_lock(file: IO[bytes]) -> bool:
    """Takes the lock of an open file until that is closed, or its process ends; False where another holds it."""
    file.seek(0)  # Windows locks bytes from the position on
    try:
        _take(file.fileno())
    except (BlockingIOError, PermissionError):
        return False
    return True
