"""The advice on the open dataset: made once for all sessions, and what has changed since."""

from dataclasses import dataclass

import streamlit as st

from core.advice.advice import Advice, advise
from core.datasets import Dataset
from core.jobs.background import SingleFlight, Task
from core.jobs.progress import Progress
from core.runs.run import Run
from core.runs.store import list_runs
from pages.ui.shared.progress import AT_ONCE


@dataclass(frozen=True)
class Made:
    """Advice, the state of the dataset that it was made for, and the name of the run as which it sees the images; ""
    for none."""

    advice: Advice
    fingerprint: str
    seen_by: str


@st.cache_resource(show_spinner=False)
def advices() -> SingleFlight[Made]:
    """The advice that this server makes or has made last, for all sessions."""
    return SingleFlight()


def latest_run(dataset: Dataset) -> Run | None:
    """The newest run with a model on this dataset: the advice looks at the images as it does."""
    return next((run for run in list_runs().runs if run.source == dataset.source.text and run.has_model()), None)


def task_of(dataset: Dataset) -> Task[Made] | None:
    """What was asked for on this dataset, whatever was edited since: advice that is being followed stays."""
    return advices().find(str(dataset.root))


def ask(dataset: Dataset, run: Run | None) -> None:
    """Begins to make it, with the edits as they are now. For `on_click`."""

    def work(progress: Progress) -> Made:
        return Made(advise(dataset, run, progress=progress), dataset.fingerprint, run.name if run else "")

    advices().submit(str(dataset.root), work, again=True).wait(AT_ONCE)
