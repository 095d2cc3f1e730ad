"""Long work on a thread of its own: its progress, a way to cancel it, its result. It survives a reload of the page.

Every method may be called from any thread.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic

from typing_extensions import TypeVar

from core.errors import Cancelled, PawlabError
from core.jobs.progress import Progress

Result = TypeVar("Result")
Key = TypeVar("Key", bound=Hashable, default=str)
SOON = 1.0
"""Seconds into a phase from which on the time left is estimated."""


@dataclass(frozen=True)
class Step:
    """Where a job is: `done` of `total` (0 while unknown), in bytes in the phase "download" and in files in all others.
    `seconds_left` is that of this phase, None while unknown."""

    phase: str
    done: int
    total: int
    seconds_left: float | None = None


class Job:
    """A piece of work. `id` is unique. `error` says why a job that is done has no result; it is `Cancelled` where the
    user stopped it."""

    def __init__(self) -> None:
        self.id = uuid.uuid4().hex[:8]
        self.error: PawlabError | None = None
        self._cancelled, self._ended = threading.Event(), threading.Event()
        self._begun = (time.monotonic(), 0)  # when this phase began, and how much was done by then
        self._step = Step("data", 0, 0)

    @property
    def done(self) -> bool:
        return self._ended.is_set()

    @property
    def stopping(self) -> bool:
        """True once `cancel` was called, also while the job still cleans up."""
        return self._cancelled.is_set()

    @property
    def progress(self) -> Step:
        """Its current step."""
        step, (begun, first) = self._step, self._begun
        seconds = time.monotonic() - begun
        left = None
        if seconds >= SOON and first < step.done <= step.total:
            left = (step.total - step.done) * seconds / (step.done - first)
        return Step(step.phase, step.done, step.total, left)

    def cancel(self) -> None:
        self._cancelled.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Waits until the job is done, at most so many seconds. True if it is done."""
        return self._ended.wait(seconds)

    def report(self, phase: str, done: int, total: int) -> None:
        """The job's progress callback."""
        if self.stopping:
            raise Cancelled("Stopped")
        if phase != self._step.phase or done < self._step.done:
            self._begun = (time.monotonic(), done)
        self._step = Step(phase, done, total)

    def end(self, error: PawlabError | None = None) -> None:
        self.error = error
        self._ended.set()


class Task(Job, Generic[Result, Key]):
    """A job with a result: `result` is set once it is done without an error. `key` identifies it."""

    def __init__(self, key: Key) -> None:
        super().__init__()
        self.key = key
        self.result: Result | None = None


class SingleFlight(Generic[Result, Key]):
    """At most one task of a kind at a time, for all sessions: submitting the same key again gives the same task."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._task: Task[Result, Key] | None = None

    @property
    def latest(self) -> Task[Result, Key] | None:
        return self._task

    def find(self, key: Key) -> Task[Result, Key] | None:
        """The latest task, running or done, if it has this key."""
        task = self._task
        return task if task is not None and task.key == key else None

    def submit(self, key: Key, work: Callable[[Progress], Result], *, again: bool = False) -> Task[Result, Key]:
        """Starts `work`, which takes a progress callback, unless the latest task has this key.

        Args:
            key: Everything that the result depends on. A task with another key is cancelled.
            again: Start anew if the latest task has ended or is being cancelled.
        """
        with self._lock:
            before = self._task
            if before is not None and before.key == key and not (again and (before.done or before.stopping)):
                return before
            if before is not None:
                before.cancel()
            task = self._task = Task[Result, Key](key)
        start_thread(task, work, after=before)
        return task

    def close(self) -> None:
        """Cancels the task and waits for its end."""
        if self._task is not None:
            self._task.cancel()
            self._task.wait()


def start_thread(task: Task[Result, Key], work: Callable[[Progress], Result], after: Job | None = None) -> None:
    """Does the work of a task on a thread of its own, once `after` has ended: two at once would only share the
    processor."""

    def run() -> None:
        try:
            if after is not None:
                after.wait()
            task.report("data", 0, 0)
            task.result = work(task.report)
            task.end()
        except Exception as error:
            task.end(explained(error))

    threading.Thread(target=run, name="task", daemon=True).start()


def explained(error: Exception) -> PawlabError:
    """The error as a page shows it. One that is not ours is a bug or a full disk, and is logged."""
    if isinstance(error, PawlabError):
        return error
    logging.getLogger(__name__).error("a job failed", exc_info=error)
    return PawlabError(f"The work failed: {type(error).__name__}: {error}")
