"""Reading a folder that somebody labels and making its features: a job of the server, which no reload ends."""

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

import streamlit as st

from core.datasets.source import Source
from core.jobs.background import SingleFlight, Task
from core.jobs.progress import Progress

if TYPE_CHECKING:
    from core.instant.labeller import Labeller

MOST_OPEN = 3
"""Of at most 100 MB each. One that was dropped is opened again, with the features that are stored."""


class Labellers:
    """The folders that this server's visitors label, one job each; sessions share them. Every method may be called from
    any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: OrderedDict[str, SingleFlight[Labeller]] = OrderedDict()

    def prepare(self, source: Source, *, again: bool = False) -> "Task[Labeller, str]":
        """Begins to open it unless that has begun, and returns the job.

        Args:
            again: Anew if it has failed, was stopped, or its files may have changed.
        """

        def work(progress: Progress) -> "Labeller":
            from core.instant.labeller import Labeller  # ONNX Runtime: only where somebody labels

            return Labeller.open(source, progress)

        with self._lock:
            job = self._jobs.setdefault(source.text, SingleFlight())
            self._jobs.move_to_end(source.text)
            dropped = [self._jobs.popitem(last=False)[1] for _ in range(len(self._jobs) - MOST_OPEN)]
        for other in dropped:
            if other.latest is not None:
                other.latest.cancel()
        return job.submit(source.text, work, again=again)

    def close(self) -> None:
        """Stops all jobs and waits for their ends."""
        for job in self._jobs.values():
            job.close()


@st.cache_resource(show_spinner=False)
def labellers() -> Labellers:
    """The one of this server."""
    return Labellers()
