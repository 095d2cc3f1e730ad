"""What the Evaluate page reads: a run's answers, its scores, its pictures, each once for all sessions."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.datasets import Dataset, Edits, ImageRecord
from core.datasets.actions import Action
from core.datasets.report import Report, make_report
from core.datasets.selection import Catalog
from core.datasets.sidecar import edits_stamp, read_actions
from core.errors import DatasetError, ImageError
from core.evaluation.answers import Answers, load_answers, pictures_of
from core.evaluation.chosen import chosen_threshold
from core.evaluation.pairing import Comparison, compare, named, validated_on
from core.evaluation.report_html import write_report
from core.evaluation.seen import explained_jpeg, seen, to_jpeg
from core.evaluation.summary import Honest, Summary, honest_accuracy, summarise
from core.home import subfolder
from core.inference.explanation import Explainer
from core.inference.robustness import data_of
from core.jobs import Latest, Task
from core.progress import Progress
from core.training.runs import Run
from pages.ui.classifier import model_key
from pages.ui.pictures import catalog_of
from pages.ui.progress import AT_ONCE
from pages.ui.words import show_error


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


def today_of(found: Pictures) -> Catalog:
    """The run's data with the edits of today, which need not be the open dataset."""
    try:
        return catalog_of(_today(_state_of(found), found.dataset))
    except DatasetError as error:  # broken edits, which were moved aside: the next call finds none
        show_error(error)
        return catalog_of(_today(_state_of(found), found.dataset))


def edits_now(found: Pictures) -> tuple[Action, ...]:
    """The edits that hold today for the run's data. Call it after `today_of`, which deals with broken ones."""
    return read_actions(found.dataset.root)[0]


def honest_of(run: Run, found: Pictures) -> Honest:
    """The accuracy without leaks and what is excluded today."""
    today = today_of(found).dataset
    return _honest(f"{model_key(run)} {_state_of(found)}", answers_of(run), found, today)


def comparison_task(run: Run, found: Pictures, other: Run) -> Task[Comparison]:
    """The run and another one, the older first, on the pictures that both have."""

    def work(tell: Progress) -> Comparison:
        others = pictures_of(answers_of(other), data_of(other, tell), other)
        mine, theirs = (
            validated_on(run, answers_of(run), found.records),
            validated_on(other, answers_of(other), others),
        )
        first, second = (theirs, mine) if other.created < run.created else (mine, theirs)
        return compare(first, second, truth={named(record): record.label for record in today.usable()})

    today = today_of(found).dataset
    task = comparisons().ask(f"{model_key(run)} {model_key(other)} {_state_of(found)}", work)
    task.wait(AT_ONCE)
    return task


def report_key(run: Run, found: Pictures | None) -> str:
    """Changes with all that a report shows."""
    return f"{model_key(run)} {chosen_threshold(run)} {_state_of(found) if found else ''}"


def prepare_report(run: Run, key: str) -> None:
    target = subfolder("exports") / f"report-{run.id}.html"

    def work(tell: Progress) -> Path:
        write_report(run, target, tell)
        return target

    html_reports().ask(key, work, again=True).wait(AT_ONCE)


@st.cache_resource(show_spinner=False)
def tasks() -> Latest[Pictures]:
    """The run whose pictures are open, for all sessions."""
    return Latest()


@st.cache_resource(show_spinner=False)
def comparisons() -> Latest[Comparison]:
    """The two runs that are compared."""
    return Latest()


@st.cache_resource(show_spinner=False)
def html_reports() -> Latest[Path]:
    """The report that this server writes."""
    return Latest()


@st.cache_data(max_entries=500, show_spinner=False)
def explained(key: str, row: int, label: int, _run: Run, _found: Pictures) -> tuple[bytes, str]:
    """A picture with the evidence for class `label` over it, for `model_key`: a JPEG, or b"" and the reason."""
    return explained_jpeg(_run, _found.dataset, _found.records[row], row, explainer_of(_run), label)


@st.cache_data(max_entries=500, show_spinner=False)
def as_seen(key: str, row: int, _run: Run, _found: Pictures) -> tuple[bytes, str]:
    """A picture as the network saw it, for `model_key`: a JPEG, or b"" and the reason."""
    try:
        return to_jpeg(seen(_run, _found.dataset, _found.records[row], row)), ""
    except ImageError as error:
        return b"", error.received


def _state_of(found: Pictures) -> str:
    return f"{found.dataset.root} {found.dataset.fingerprint} {edits_stamp(found.dataset.root)}"


@st.cache_resource(max_entries=2, show_spinner=False)
def _today(state: str, _dataset: Dataset) -> Dataset:
    return Edits.load(_dataset).apply(_dataset)


@st.cache_resource(max_entries=20, show_spinner=False)
def _honest(state: str, _answers: Answers, _found: Pictures, _today: Dataset) -> Honest:
    return honest_accuracy(_answers, _found.records, _today, _found.report)


@st.cache_resource(max_entries=8, show_spinner=False)
def _answers(key: str, _run: Run) -> Answers:
    return load_answers(_run)


@st.cache_resource(max_entries=20, show_spinner="Working out the intervals")
def _summary(key: str, _answers: Answers) -> Summary:
    return summarise(_answers)


@st.cache_resource(max_entries=2, show_spinner=False)
def _explainer(key: str, _run: Run) -> Explainer:
    return Explainer.open(_run)
