"""Long work on a thread of its own: where it is, how to stop it, what came of it. A page that is reloaded finds it.

Every method may be called from any thread.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from core.errors import Cancelled, PawlabError
from core.progress import Progress

Result = TypeVar("Result")
SOON = 1.0
"""Seconds of a phase after which its pace says something about the rest."""


@dataclass(frozen=True)
class Step:
    """Where a job is: `done` of `total` (0 while unknown), in bytes in the phase "download" and in files in all others.
    `seconds_left` for this phase, None while that cannot be known."""

    phase: str
    done: int
    total: int
    seconds_left: float | None = None


class Job:
    """A piece of work. `id` tells it from any other. `error` says why one that is done brought nothing; it is
    `Cancelled` where the user stopped it."""

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
        """True once `cancel` was called, also while the job still puts away what it had begun."""
        return self._cancelled.is_set()

    def look(self) -> Step:
        """Where it is now."""
        step, (begun, first) = self._step, self._begun
        seconds = time.monotonic() - begun
        left = None
        if seconds >= SOON and first < step.done <= step.total:
            left = (step.total - step.done) * seconds / (step.done - first)
        return Step(step.phase, step.done, step.total, left)

    def cancel(self) -> None:
        self._cancelled.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Waits until the job is done, or for so long. True when it is done."""
        return self._ended.wait(seconds)

    def tell(self, phase: str, done: int, total: int) -> None:
        """The job's progress callback."""
        if self.stopping:
            raise Cancelled("Stopped")
        if phase != self._step.phase or done < self._step.done:
            self._begun = (time.monotonic(), done)
        self._step = Step(phase, done, total)

    def end(self, error: PawlabError | None = None) -> None:
        self.error = error
        self._ended.set()


class Task(Job, Generic[Result]):
    """A job with a result: `result` once it is done without an error. `key` says of what."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key
        self.result: Result | None = None


class Latest(Generic[Result]):
    """At most one task of a kind at a time, for all sessions: asked for the same key again, it is the same task."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._task: Task[Result] | None = None

    def find(self, key: str) -> Task[Result] | None:
        """The task for `key`, at work or done, where it is the latest."""
        task = self._task
        return task if task is not None and task.key == key else None

    def ask(self, key: str, work: Callable[[Progress], Result], *, again: bool = False) -> Task[Result]:
        """Begins `work`, which is given a progress callback, unless the latest task is for this key.

        Args:
            key: Everything that the result depends on. A task for another key is stopped.
            again: Begin anew where the latest has ended, such as after a stop.
        """
        with self._lock:
            before = self._task
            if before is not None and before.key == key and not (again and before.done):
                return before
            if before is not None:
                before.cancel()
            task = self._task = Task[Result](key)
        threading.Thread(target=self._work, args=(task, work, before), name="task", daemon=True).start()
        return task

    def close(self) -> None:
        """Stops the task and waits for its end."""
        if self._task is not None:
            self._task.cancel()
            self._task.wait()

    @staticmethod
    def _work(task: Task[Result], work: Callable[[Progress], Result], before: Job | None) -> None:
        try:
            if before is not None:
                before.wait()  # two at once would only share the processor
            task.tell("data", 0, 0)
            task.result = work(task.tell)
            task.end()
        except Exception as error:
            task.end(explained(error))


def explained(error: Exception) -> PawlabError:
    """The error as a page shows it. One that is none of ours is a full disk or our mistake, and goes to the log."""
    if isinstance(error, PawlabError):
        return error
    logging.getLogger(__name__).error("a job failed", exc_info=error)
    return PawlabError(f"The work failed: {type(error).__name__}: {error}")
