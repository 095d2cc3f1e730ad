"""Opening a dataset as a job on a thread of its own, so that no page waits for it, and a reload finds it at work.

One `Openings` a server holds the dataset that is open and the latest job. The dataset stays open until the job has
another one ready, and for good where the job fails or is stopped. Every method may be called from any thread.
"""

import logging
import re
import shutil
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.datasets.current import remember_source
from core.datasets.records import Dataset
from core.datasets.remote import fetch_zip, is_remote, remembered_as
from core.datasets.sources import open_dataset
from core.errors import Cancelled, PawlabError
from core.home import subfolder

STALE_SECONDS = 24 * 3600
"""No unpacking takes a day: a hidden folder older than that was left by a process that was killed."""
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


class Opening:
    """One job. `source` is as it is remembered, without secrets; `id` tells the job from any other. `error` says why a
    job that is done brought nothing; it is `Cancelled` where the user stopped it."""

    def __init__(self, source: str) -> None:
        self.source, self.id = source, uuid.uuid4().hex[:8]
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


class Openings:
    """The open dataset and the job that opens the next."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._dataset: Dataset | None = None
        self._job: Opening | None = None

    @property
    def job(self) -> Opening | None:
        """The latest job, at work or done."""
        return self._job

    def opened(self, source: str) -> Dataset | None:
        """The open dataset, where it is that of `source`."""
        found = self._dataset
        return found if found is not None and found.source == source else None

    def start(self, source: str, *, again: bool = False) -> Opening:
        """Opens `source`, as `open_dataset` takes it, and makes it the current one for this server and the next.

        The same source is joined where it is being opened already; the opening of another is stopped.

        Args:
            again: Fetch a zip on the web once more, because it may have changed.
        """
        name = remembered_as(source)
        with self._lock:
            before = self._job
            if before is not None and before.source == name and not before.done and not before.stopping:
                return before
            if before is not None:
                before.cancel()
            job = self._job = Opening(name)
        threading.Thread(target=self._work, args=(job, source, again, before), name="opening", daemon=True).start()
        return job

    def replace(self, changed: Dataset) -> None:
        """Puts the open dataset's new state in its place, as after an edit; without effect where another is open."""
        with self._lock:
            if self.opened(changed.source):
                self._dataset = changed

    def close(self) -> None:
        """Stops the job and waits for its end."""
        if self._job is not None:
            self._job.cancel()
            self._job.wait()

    def _work(self, job: Opening, source: str, again: bool, before: Opening | None) -> None:
        try:
            if before is not None:
                before.wait()  # two at once would only share the processor
            drop_stale(subfolder("datasets"))
            if again and is_remote(source):
                fetch_zip(source, job.tell, again=True)
            found = open_dataset(source, progress=job.tell)
            with self._lock:
                job.tell("data", 0, 0)  # the last moment to stop
                remember_source(found.source)
                self._dataset = found
            job.end()
        except PawlabError as error:
            job.end(error)
        except Exception as error:  # a full disk, or a mistake of ours: a page that waits must hear of it
            logging.getLogger(__name__).exception("opening failed")
            job.end(PawlabError(f"Opening the data failed: {type(error).__name__}: {error}"))


def drop_stale(folder: Path) -> None:
    """Removes the temporary folders of `core.files.atomic_folder` that are older than a day."""
    for path in folder.iterdir():
        if re.fullmatch(r"\..+\.[0-9a-f]{8}\.tmp", path.name) and not path.is_symlink():
            with suppress(OSError):
                if path.is_dir() and time.time() - path.stat().st_mtime > STALE_SECONDS:
                    shutil.rmtree(path, ignore_errors=True)
