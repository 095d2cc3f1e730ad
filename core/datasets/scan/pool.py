"""A scan on all cores in processes of its own.

Threads hold each other up where files are small, for Python's lock is taken between any two decodes; and a decoder that
crashes or hangs must not take the server with it. multiprocessing is not used: its spawn imports the main module again,
which may be a Streamlit server or a script without a guard, and its fork copies locks that other threads hold.

A process that dies leaves files without an answer. These, and pictures so large that only one may be decoded at a time,
are done last, one by one: the file that ends its process then is recorded with that reason.
"""

import hashlib
import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue

from core.datasets.scan_file import Scanned, stamp
from core.datasets.scan_process import SECONDS, ScanProcess
from core.errors import ImageError
from core.image_files import read_image_file

BATCH = 64  # files a request: 10 ms of small ones
BATCH_CHARACTERS = 4000  # so that two requests always fit into a pipe, and writing one never waits
MAX_PROCESSES = 16  # of 50 MB each
POLL_SECONDS = 0.5

Found = list[tuple[str, Scanned]]


def scan_in_processes(root: Path, paths: Sequence[str]) -> Generator[Found, None, None]:
    """Yields what is found, some files at a time in no order, and nothing every half second while nothing is.

    Leaving the loop early, by a break or an error, ends every process at once.

    Raises:
        CannotStartError: Processes cannot be started here. Some files may have been yielded.
    """
    pool = _Pool(str(root.absolute()), paths)
    try:
        yield from pool.run([pool.serve] * min(os.cpu_count() or 1, MAX_PROCESSES, len(pool.batches)))
        yield from pool.run([pool.serve_alone])
    finally:
        pool.stop()


class _Pool:
    def __init__(self, root: str, paths: Sequence[str]) -> None:
        self.root = root
        self.batches = deque(_batches(paths))
        self.alone: deque[str] = deque()
        self._processes: set[ScanProcess] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._stopped = False
        self._results: SimpleQueue[Found | BaseException | None] = SimpleQueue()

    def run(self, jobs: Sequence[Callable[[], None]]) -> Generator[Found, None, None]:
        """Runs each job in a thread and yields what they find, until all have ended."""
        self._threads = [threading.Thread(target=self._job, args=(job,), name="scan", daemon=True) for job in jobs]
        for thread in self._threads:
            thread.start()
        running = len(jobs)
        while running:
            try:
                result = self._results.get(timeout=POLL_SECONDS)
            except Empty:
                result = []
            if result is None:
                running -= 1
            elif isinstance(result, BaseException):
                raise result
            else:
                yield result

    def serve(self) -> None:
        """Keeps a process busy with batches: two at a time, so that it never waits for the next."""
        while batch := self._next():
            with self._process() as process:
                try:
                    process.ask(batch, decode_large=False)
                    while process.asked:
                        if len(process.asked) <= BATCH and (batch := self._next()):
                            process.ask(batch, decode_large=False)
                        answers = process.answers()
                        self.alone.extend(path for path, scanned in answers if scanned is None)
                        self._results.put([(path, scanned) for path, scanned in answers if scanned])
                except (OSError, EOFError):
                    self.alone.extend(process.asked)

    def serve_alone(self) -> None:
        """Goes through the files that are left, with another process after each that dies."""
        while self.alone and not self._stopped:
            with self._process() as process:
                try:
                    while self.alone:
                        process.ask([self.alone[0]], decode_large=True)
                        answers = process.answers()
                        self._results.put([(path, scanned) for path, scanned in answers if scanned])
                        self.alone.popleft()
                except (OSError, EOFError):
                    if not self._stopped:
                        path = self.alone.popleft()
                        self._results.put([(path, _deadly(f"{self.root}/{path}", process.has_hung()))])

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            self.batches.clear()
            for process in self._processes:
                process.kill()
        for thread in self._threads:
            thread.join()

    def _job(self, job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as error:
            self._results.put(error)
        finally:
            self._results.put(None)

    def _next(self) -> list[str]:
        try:
            return self.batches.popleft()
        except IndexError:
            return []

    @contextmanager
    def _process(self) -> Iterator[ScanProcess]:
        with ScanProcess(self.root) as process:
            with self._lock:
                self._processes.add(process)
                if self._stopped:
                    process.kill()
            try:
                yield process
            finally:
                with self._lock:
                    self._processes.discard(process)


def _batches(paths: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    characters = 0
    for path in paths:
        if batch and (len(batch) == BATCH or characters + len(path) > BATCH_CHARACTERS):
            yield batch
            batch, characters = [], 0
        batch.append(path)
        characters += len(path)
    if batch:
        yield batch


def _deadly(path: str, hung: bool) -> Scanned:
    """The record of a file that ended its process. It has a digest, so that it is remembered and not tried again."""
    reason = f"decoding it took more than {SECONDS} seconds" if hung else "the decoder crashed on it"
    try:
        size, changed = stamp(path)
        digest = hashlib.sha256(read_image_file(path)).hexdigest()
    except (ImageError, OSError, ValueError):
        return Scanned(0, 0, "", None, None, reason)
    return Scanned(size, changed, digest, None, None, reason)
