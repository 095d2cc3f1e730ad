"""A scan on all cores, in the workers of `core.jobs.pool`.

A worker that dies leaves files without a reply. These, and images that take so much memory that they have to wait for
it, are done one by one: the file that ends its worker then is recorded with that reason.
"""

import hashlib
import threading
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue

from core.datasets.scan.file import Scanned, from_row, stamp
from core.errors import ImageError
from core.images.files import read_image_file
from core.images.isolated import LARGE_IMAGES
from core.images.limits import MAX_MEMORY, SMALL_MEMORY
from core.jobs.pool import NUM_PROCESSES, POOL, Worker, WorkerDiedError

BATCH = 64  # files a request: 10 ms of small ones
BATCH_CHARACTERS = 4000
POLL_SECONDS = 0.5

Results = list[tuple[str, Scanned]]


def scan_in_processes(
    root: Path, paths: Sequence[str], processes: int = NUM_PROCESSES
) -> Generator[Results, None, None]:
    """Yields what is found, some files at a time in no order, and nothing every half second while nothing is.

    Leaving the loop early, by a break or an error, ends every worker that is at it at once.

    Args:
        processes: How many are at it at once, at most.

    Raises:
        PawlabError: No process can be started here. Some files may have been yielded.
    """
    scan = _Scan(str(root.absolute()), paths, processes)
    try:
        yield from scan.run()
    finally:
        scan.stop()


class _Scan:
    def __init__(self, root: str, paths: Sequence[str], processes: int) -> None:
        self._root = root
        self._batches = deque(_batches(paths))
        self._workers: set[Worker] = set()
        self._threads = [
            threading.Thread(target=self._work, name="scan", daemon=True)
            for _ in range(min(processes, len(self._batches)))
        ]
        self._lock = threading.Lock()
        self._stopped = False
        self._results: SimpleQueue[Results | BaseException | None] = SimpleQueue()

    def run(self) -> Generator[Results, None, None]:
        for thread in self._threads:
            thread.start()
        running = len(self._threads)
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

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            self._batches.clear()
            for worker in self._workers:
                worker.kill()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        try:
            while self._batches:
                left, _ = self._request(self._batches.popleft(), SMALL_MEMORY)
                for path, memory in left.items():
                    self._request_alone(path, memory)
        except IndexError:  # another thread took the last batch
            pass
        except BaseException as error:
            self._results.put(error)
        finally:
            self._results.put(None)

    def _request_alone(self, path: str, memory: int) -> None:
        """A worker may die of the file that it had before: a second one decides."""
        crashed = False
        for _ in range(3):
            with LARGE_IMAGES.take(memory):
                left, died = self._request([path], memory)
            if not left or self._stopped:
                return
            if died and (crashed or died.hung):
                break
            crashed, memory = crashed or bool(died), left[path]
        reason = (died or WorkerDiedError(hung=False)).reason
        self._results.put([(path, _deadly(f"{self._root}/{path}", reason))])

    def _request(self, paths: Sequence[str], memory: int) -> tuple[dict[str, int], WorkerDiedError | None]:
        """Has files scanned. Gives those that were not, {path: bytes of memory that it takes}: large images that were
        left alone, and after the death of the worker whatever it did not reply to."""
        left: dict[str, int] = {}
        waiting = deque(paths)
        try:
            with POOL.worker() as worker:
                self._hold(worker)
                try:
                    worker.request("core.datasets.scan.serve:serve", [self._root, memory, paths])
                    while waiting:
                        rows = _parsed(worker.reply()[0], len(waiting))
                        replies = [(waiting.popleft(), row) for row in rows]
                        left |= {path: row for path, row in replies if isinstance(row, int)}
                        self._results.put([(path, row) for path, row in replies if isinstance(row, Scanned)])
                finally:
                    with self._lock:
                        self._workers.discard(worker)
        except WorkerDiedError as error:
            return left | dict.fromkeys(waiting, memory), error
        return left, None

    def _hold(self, worker: Worker) -> None:
        with self._lock:
            self._workers.add(worker)
            if self._stopped:
                worker.kill()


def _parsed(rows: object, most: int) -> list[Scanned | int]:
    if isinstance(rows, list) and 0 < len(rows) <= most:
        try:
            return [row if type(row) is int and 0 < row <= MAX_MEMORY else from_row(row) for row in rows]
        except ValueError:
            pass
    raise WorkerDiedError(hung=False)  # it says what no worker of ours would, which ends it


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


def _deadly(path: str, reason: str) -> Scanned:
    """The record of a file that ended its worker. It has a digest, so that it is remembered and not tried again."""
    try:
        size, changed = stamp(path)
        digest = hashlib.sha256(read_image_file(path)).hexdigest()
    except (ImageError, OSError, ValueError):
        return Scanned(0, 0, "", None, None, reason)
    return Scanned(size, changed, digest, None, None, reason)
