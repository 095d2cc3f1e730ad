"""What the Evaluate page reads: a run's answers, its scores, its pictures, each once for all sessions."""

from dataclasses import dataclass

import streamlit as st

from core.datasets import Dataset, ImageRecord
from core.datasets.report import Report, make_report
from core.evaluation.answers import Answers, load_answers, pictures_of
from core.evaluation.summary import Summary, summarise
from core.inference.explanation import Explainer
from core.inference.robustness import data_of
from core.jobs import Latest, Task
from core.progress import Progress
from core.training.runs import Run
from pages.ui.classifier import model_key
from pages.ui.progress import AT_ONCE


@dataclass(frozen=True)
class Pictures:
    """What a run was validated on: its dataset, the picture of each row of its answers, and the trust report."""

    dataset: Dataset
    records: tuple[ImageRecord, ...]
    report: Report


def answers_of(run: Run) -> Answers:
    """Raises `RunError`."""
    return _answers(model_key(run), run)


def summary_of(run: Run) -> Summary:
    return _summary(model_key(run), answers_of(run))


def explainer_of(run: Run) -> Explainer:
    """Raises `RunError`."""
    return _explainer(model_key(run), run)


def pictures_task(run: Run, again: bool = False) -> Task[Pictures]:
    """Opens the run's pictures, and compares them for leaks."""

    def work(tell: Progress) -> Pictures:
        dataset = data_of(run, tell)
        return Pictures(dataset, pictures_of(answers_of(run), dataset, run), make_report(dataset, tell))

    task = tasks().ask(model_key(run), work, again=again)
    task.wait(AT_ONCE)
    return task


@st.cache_resource(show_spinner=False)
def tasks() -> Latest[Pictures]:
    """The run whose pictures are open, for all sessions."""
    return Latest()


@st.cache_resource(max_entries=8, show_spinner=False)
def _answers(key: str, _run: Run) -> Answers:
    return load_answers(_run)


@st.cache_resource(max_entries=20, show_spinner="Working out the intervals")
def _summary(key: str, _answers: Answers) -> Summary:
    return summarise(_answers)


@st.cache_resource(max_entries=2, show_spinner=False)
def _explainer(key: str, _run: Run) -> Explainer:
    return Explainer.open(_run)
