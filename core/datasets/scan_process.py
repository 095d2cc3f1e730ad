"""The server's end of a process that decodes for a scan (`core.datasets.scan_worker` is the other)."""

import json
import os
import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from core.datasets.scan_file import Scanned, from_row

READY = b'"ready"\n'
SECONDS = 60  # for one file, after which it counts as one that hangs the decoder; the slowest real ones take 5
HUNG = 1  # the exit code then, which faulthandler fixes
FAILED = 3  # the exit code of a worker with nobody to answer to, or with a bug
ANSWER_BYTES = 2**20  # a line of 64 rows has about 20,000
COMMAND = [sys.executable, "-m", "core.datasets.scan_worker"]
PROJECT = Path(__file__).parents[2]


class CannotStartError(Exception):
    """A process did not come up. That is no matter of the files, so another would not come up either."""


class ScanProcess:
    """A process, and the paths that it was asked for and has not answered. Leaving the block ends it, at once."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.asked: deque[str] = deque()
        self._ready = False
        try:
            self._process = subprocess.Popen(
                COMMAND,
                cwd=PROJECT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # else numpy starts a thread a core
            )
        except OSError as error:
            raise CannotStartError(str(error)) from error
        assert self._process.stdin and self._process.stdout
        self._requests, self._answers = self._process.stdin, self._process.stdout

    def ask(self, paths: Sequence[str], decode_large: bool) -> None:
        """Raises OSError when it is dead."""
        self.asked.extend(paths)
        self._requests.write(json.dumps([self.root, decode_large, paths]).encode() + b"\n")
        self._requests.flush()

    def answers(self) -> list[tuple[str, Scanned | None]]:
        """Waits for the next answers, one or more, in the order of the paths; None for a picture left alone.

        Raises:
            EOFError: It died, or says what it never would.
            CannotStartError: It was never alive.
        """
        if not self._ready:
            if self._answers.readline(ANSWER_BYTES) != READY:
                raise CannotStartError(f"no answer from {COMMAND}")
            self._ready = True
        try:
            rows = json.loads(self._answers.readline(ANSWER_BYTES))
            if not isinstance(rows, list) or not 0 < len(rows) <= len(self.asked):
                raise EOFError
            found = [None if row is None else from_row(row) for row in rows]
        except (ValueError, RecursionError) as error:
            raise EOFError from error
        return [(self.asked.popleft(), one) for one in found]

    def kill(self) -> None:
        """Ends it at once; may be called from any thread."""
        self._process.kill()

    def has_hung(self) -> bool:
        """Of one that answers no more: whether a file took longer than `SECONDS`."""
        try:
            return self._process.wait(5) == HUNG  # its pipes are closed a moment before it has ended
        except subprocess.TimeoutExpired:
            return False

    def __enter__(self) -> "ScanProcess":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.kill()
        self._process.wait()
        self._answers.close()
        with suppress(OSError):  # what is still in its buffer cannot be sent
            self._requests.close()
