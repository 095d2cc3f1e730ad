"""A small pool of long-lived processes for what a stranger's file may break: the one place where it is decoded.

A decoder that crashes, hangs, or wants all memory takes its process with it and not the server; the file becomes an
error with a reason, and another process takes the place. Processes are started when they are first needed and stay,
idle, until ours ends. multiprocessing is not used: its spawn imports the main module again, which may be a Streamlit
server or a script without a guard, and its fork copies locks that other threads hold.

May be used from any number of threads: one that finds every process busy waits for its turn.
"""

import atexit
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, ClassVar

from core.errors import PawlabError
from core.jobs.messages import receive, send
from core.jobs.pool_worker import READY, SECONDS
from core.jobs.process import module_command, module_environment

COMMAND = module_command("core.jobs.pool_worker")
NUM_PROCESSES = min(os.cpu_count() or 1, 16)  # for one job on all cores; of 50 MB each
SPARE = 2  # for a job that has a thread more (`core.inference.classifier`), and so that a person does not wait for it
_LOOK = 0.25  # seconds between two looks for a process that takes too long
_PIPE_BYTES = 2**20  # where the system lets us: a square of pixels in one go


class WorkerDiedError(Exception):
    """A process ended before its reply. `reason` says how, as that of the file that it had; `hung` is true where it
    took too long."""

    def __init__(self, *, hung: bool) -> None:
        self.hung = hung
        self.reason = f"decoding it took more than {SECONDS} seconds" if hung else "the decoder crashed on it"
        super().__init__(self.reason)


class Worker:
    """One process. It serves one thread at a time; `kill` may be called from any."""

    killed_starts: ClassVar[int] = 0
    """Of all processes, since one was ready the last time: those that a signal ended before they were."""

    def __init__(self) -> None:
        try:
            self._process = subprocess.Popen(
                COMMAND,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=module_environment(OPENBLAS_NUM_THREADS="1"),  # else numpy starts a thread a core
            )
        except OSError as error:
            raise _cannot_start(error.strerror or str(error)) from error
        assert self._process.stdin and self._process.stdout
        self._requests, self._replies = self._process.stdin, self._process.stdout
        _widen(self._requests, self._replies)
        self._ready = False
        self.overdue = False
        self.deadline = float("inf")

    def request(self, function: str, arguments: Any, payload: bytes | memoryview = b"") -> None:
        """Sends a request, without waiting for a reply.

        Args:
            function: Of the worker's side, as "core.images.serve:decode".
            arguments: What JSON can hold.

        Raises:
            WorkerDiedError: It is dead.
            PawlabError: It was never alive, as in `reply`.
        """
        self.deadline = time.monotonic() + SECONDS
        try:
            send(self._requests, [*function.split(":"), arguments], payload)
        except OSError as error:
            if not self._ready:
                self._start()
            raise self._died() from error

    def reply(self) -> tuple[Any, bytearray]:
        """Waits for the next reply.

        Raises:
            WorkerDiedError: None came within `SECONDS`, or none will.
            PawlabError: The process was never alive. That is no matter of files, so another would not be either, unless
                somebody killed it.
        """
        self.deadline = time.monotonic() + SECONDS
        try:
            if not self._ready:
                self._start()
            return receive(self._replies)
        except (OSError, EOFError) as error:
            raise self._died() from error
        finally:
            self.deadline = float("inf")

    def kill(self) -> None:
        """Ends it at once."""
        self._process.kill()

    def close(self) -> None:
        """Ends it and lets go of its pipes."""
        self.kill()
        self._process.wait()
        self._replies.close()
        with suppress(OSError):  # what is still in its buffer cannot be sent
            self._requests.close()

    def _start(self) -> None:
        try:
            if receive(self._replies)[0] == READY:
                self._ready, Worker.killed_starts = True, 0
                return
        except (OSError, EOFError):
            pass
        code = self._process.wait()
        Worker.killed_starts += code < 0
        if code < 0 and Worker.killed_starts == 1 and not self.overdue:  # the next one may live
            raise self._died()
        raise _cannot_start(f"{COMMAND[0]} ended with code {code}")

    def _died(self) -> WorkerDiedError:
        return WorkerDiedError(hung=self.overdue)


class WorkerPool:
    """At most `most` workers, lent to one thread each."""

    def __init__(self, most: int) -> None:
        self._free = threading.Semaphore(most)
        self._idle: list[Worker] = []
        self._all: set[Worker] = set()
        self._watching = False
        self._lock = threading.Lock()

    @contextmanager
    def worker(self) -> Iterator[Worker]:
        """Lends a worker. One that the block leaves with an error is ended: nobody knows what it would say next.

        Raises:
            PawlabError: No process can be started here.
        """
        with self._free:
            worker = self._take()
            try:
                yield worker
            except BaseException:
                self._drop(worker)
                raise
            self._idle.append(worker)

    def start(self) -> None:
        """Starts the workers of one job ahead of it, without waiting for them.

        Raises:
            PawlabError: No process can be started here.
        """
        while len(self._all) < NUM_PROCESSES:
            self._idle.append(self._new())

    def close(self) -> None:
        """Ends every worker. Those that are lent are ended in the middle of their work."""
        with self._lock:
            self._idle.clear()
            workers, self._all = self._all, set()
        for worker in workers:
            worker.close()

    def _take(self) -> Worker:
        with suppress(IndexError):
            return self._idle.pop()
        return self._new()

    def _new(self) -> Worker:
        with self._lock:
            worker = Worker()
            self._all.add(worker)
            if not self._watching:
                self._watching = True
                threading.Thread(target=self._watch, name="pool", daemon=True).start()
        return worker

    def _drop(self, worker: Worker) -> None:
        with self._lock:
            self._all.discard(worker)
        worker.close()

    def _watch(self) -> None:
        while True:
            time.sleep(_LOOK)
            now = time.monotonic()
            for worker in list(self._all):
                if now > worker.deadline:
                    worker.overdue = True
                    worker.kill()


def _widen(*pipes: IO[bytes]) -> None:
    """Not by Popen, which fails where the system refuses: a user may have only so many large pipes at a time."""
    with suppress(ImportError, AttributeError, OSError):  # Linux alone can
        import fcntl

        for pipe in pipes:
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _cannot_start(reason: str) -> PawlabError:
    return PawlabError(
        f"No process for decoding images could be started: {reason}", fix="Close other programs and start again"
    )


POOL = WorkerPool(NUM_PROCESSES + SPARE)
"""The one pool of this process."""
atexit.register(POOL.close)
