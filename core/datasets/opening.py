"""Opening datasets as jobs on threads of their own, so that no page waits for one and a reload finds it at work."""

import threading
from functools import partial

from core.datasets.current import remember_source
from core.datasets.edits.apply import apply_actions
from core.datasets.edits.sidecar import edits_stamp, read_actions
from core.datasets.loading import open_dataset
from core.datasets.records import Dataset
from core.datasets.remote import fetch_zip
from core.datasets.source import Source
from core.errors import Cancelled
from core.jobs.background import Task, start_thread
from core.jobs.progress import Progress
from core.storage.files import drop_unfinished
from core.storage.home import subfolder

Opening = Task[None, Source]
"""The job; its `key` is the source."""
STALE_SECONDS = 24 * 3600
"""A hidden folder to which nothing was unpacked for a day was left by a process that was killed."""
MOST_OPEN = 8
"""Datasets in memory. One that was dropped is opened again by whoever needs it, which takes a moment."""


class Openings:
    """The open datasets and the jobs that open others: one of it for each server.

    Each session has at most one job; sessions that open the same source at once share it. Every method may be called
    from any thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._datasets: dict[Source, tuple[Dataset, tuple[int, ...]]] = {}  # with the stamp of its edits; latest last
        self._jobs: dict[str, Opening] = {}  # of each session
        self._latest: dict[Source, Opening] = {}

    def opened(self, source: Source) -> Dataset | None:
        """The dataset of `source` if it is open, with its edits as they are now.

        Raises:
            DatasetError: The edits are broken (`Edits.load`).
        """
        with self._lock:
            if source not in self._datasets:
                return None
            dataset, before = self._datasets.pop(source)
            self._datasets[source] = dataset, before
            stamp = edits_stamp(dataset.root)
            if stamp != before:  # edited by another session or the command line
                dataset = apply_actions(dataset, read_actions(dataset.root)[0])
                self._datasets[source] = dataset, stamp
            return dataset

    def job(self, session: str) -> Opening | None:
        """What this session started and has not left, at work or done."""
        return self._jobs.get(session)

    def start(self, source: Source, session: str, *, download_again: bool = False) -> Opening:
        """Opens `source` for a session, which leaves what it was opening before.

        Args:
            download_again: Download a remote zip once more, because it may have changed.
        """
        with self._lock:
            before, job = self._jobs.get(session), self._latest.get(source)
            if job is None or job.done or job.stopping:
                stopping, job = job, Opening(source)
                # After one that still cleans up: both write the same files.
                start_thread(job, partial(self._open, source, download_again=download_again), after=stopping)
                self._latest[source] = job
            self._jobs[session] = job
            self._drop_if_unwanted(before)
        return job

    def leave(self, session: str) -> None:
        """The session no longer waits for its job, which is stopped unless another session does."""
        with self._lock:
            self._drop_if_unwanted(self._jobs.pop(session, None))

    def stop(self, session: str) -> None:
        """Stops the session's job. One that another session waits for goes on without this session."""
        with self._lock:
            job = self._jobs.get(session)
            if job is None or job.done:
                return
            if sum(other is job for other in self._jobs.values()) == 1:
                job.cancel()
                return
            stopped = self._jobs[session] = Opening(job.key)
            stopped.cancel()
            stopped.end(Cancelled("Stopped"))

    def close(self) -> None:
        """Stops all jobs and waits for their ends."""
        for job in list(self._latest.values()):
            job.cancel()
            job.wait()

    def _drop_if_unwanted(self, job: Opening | None) -> None:
        if job is not None and job not in self._jobs.values():
            job.cancel()

    def _open(self, source: Source, progress: Progress, *, download_again: bool) -> None:
        drop_unfinished(subfolder("datasets"), seconds=STALE_SECONDS)
        if download_again and source.is_remote:
            fetch_zip(source, progress, again=True)
        dataset = open_dataset(source, progress=progress)
        with self._lock:
            progress("data", 0, 0)  # the last moment to stop
            remember_source(source)
            self._datasets.pop(source, None)
            self._datasets[source] = dataset, ()
            while len(self._datasets) > MOST_OPEN:
                del self._datasets[next(iter(self._datasets))]
