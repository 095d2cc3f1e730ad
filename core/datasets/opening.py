"""Opening a dataset as a job on a thread of its own, so that no page waits for it, and a reload finds it at work.

One `Openings` a server holds the dataset that is open and the latest job. The dataset stays open until the job has
another one ready, and for good where the job fails or is stopped. Every method may be called from any thread.
"""

import threading

from core.datasets.current import remember_source
from core.datasets.edits import Edits
from core.datasets.records import Dataset
from core.datasets.remote import fetch_zip, is_remote, remembered_as
from core.datasets.sidecar import edits_stamp
from core.datasets.sources import open_dataset
from core.files import drop_unfinished
from core.home import subfolder
from core.jobs import Job, explained

STALE_SECONDS = 24 * 3600
"""Nothing is unpacked for a day without a further file: such a hidden folder was left by a process that was killed."""


class Opening(Job):
    """Opening `source`, which is as it is remembered, without secrets."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source


class Openings:
    """The open dataset and the job that opens the next."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._dataset: Dataset | None = None
        self._stamp: tuple[int, ...] = ()
        self._job: Opening | None = None

    @property
    def job(self) -> Opening | None:
        """The latest job, at work or done."""
        return self._job

    def opened(self, source: str) -> Dataset | None:
        """The open dataset, where it is that of `source`, as its edits are now.

        Raises:
            DatasetError: The edits are broken (`Edits.load`).
        """
        with self._lock:
            found = self._dataset
            if found is None or found.source != source:
                return None
            stamp = edits_stamp(found.root)
            if stamp != self._stamp:  # another session, or the command line
                self._dataset = found = Edits.load(found).apply(found)
                self._stamp = stamp
            return found

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

    def close(self) -> None:
        """Stops the job and waits for its end."""
        if self._job is not None:
            self._job.cancel()
            self._job.wait()

    def _work(self, job: Opening, source: str, again: bool, before: Opening | None) -> None:
        try:
            if before is not None:
                before.wait()  # two at once would only share the processor
            drop_unfinished(subfolder("datasets"), seconds=STALE_SECONDS)
            if again and is_remote(source):
                fetch_zip(source, job.tell, again=True)
            found = open_dataset(source, progress=job.tell)
            with self._lock:
                job.tell("data", 0, 0)  # the last moment to stop
                remember_source(found.source)
                self._dataset, self._stamp = found, ()
            job.end()
        except Exception as error:  # a page that waits must hear of it
            job.end(explained(error))
