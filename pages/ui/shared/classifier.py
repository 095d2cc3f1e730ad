"""Runs with a model, their classifiers and explainers, each opened once for all sessions."""

import os
import time

import streamlit as st

from core.errors import PawlabError
from core.evaluation.words import as_percent
from core.inference.classifier import Classifier, Prediction
from core.inference.grad_cam import Explainer
from core.runs.names import disambiguate
from core.runs.run import Run
from core.runs.store import list_runs

MOST_BARS = 10


def usable_runs() -> tuple[dict[str, tuple[Run, str]], dict[str, str]]:
    """Runs with a model, newest first, as {id: (run, one line about it)}, and {folder: reason} of those left out."""
    run_list = list_runs()
    runs, lines, broken = {}, {}, dict(run_list.broken)
    for run in run_list.runs:
        if run.has_model():
            try:
                runs[run.id], lines[run.id] = run, line_about(run)
            except PawlabError as error:
                broken[run.id] = str(error)
    return {run_id: (runs[run_id], words) for run_id, words in disambiguate(lines).items()}, broken


def line_about(run: Run) -> str:
    """Name, validation accuracy, date and classes. Raises `RunError` where the run's summary is broken."""
    summary = run.summary()
    accuracy, classes = summary["val_accuracy"], summary["classes"]
    names = ", ".join(classes[:4]) + (", …" if len(classes) > 4 else "")
    date = time.strftime("%d %b %Y, %H:%M", time.localtime(run.created))
    return f"{run.name} · validation accuracy {as_percent(accuracy)} · {date} · {names}"


def classifier_of(run: Run) -> Classifier:
    """Raises `PawlabError` where the run's model is gone or does not load."""
    return _classifier(model_key(run), run)


def explainer_of(run: Run) -> Explainer:
    """Raises `RunError` where the run's model is gone or does not load."""
    return _explainer(model_key(run), run)


def model_key(run: Run) -> str:
    """Changes with the run's model, which a resumed run writes again. Raises `RunError` where there is none."""
    return f"{run.id} {run.model_stamp()}"


@st.cache_resource(max_entries=4, show_spinner="Opening the model")
def _classifier(key: str, _run: Run) -> Classifier:
    return Classifier.open(_run, threads=os.cpu_count() or 1)


@st.cache_resource(max_entries=2, show_spinner=False)
def _explainer(key: str, _run: Run) -> Explainer:
    return Explainer.open(_run)


def confidence_in_words(prediction: Prediction) -> str:
    """How sure the model is, for a heading: "Probably" goes before the label."""
    steps = ((0.99, "Almost certainly"), (0.9, "Very probably"), (0.7, "Probably"), (0.5, "Perhaps"))
    return next((words for least, words in steps if prediction.confidence >= least), "Undecided, at most")


def bars(prediction: Prediction) -> list[tuple[str, float]]:
    """Classes with their probabilities, the most probable first, at most ten."""
    return sorted(prediction.probabilities.items(), key=lambda pair: pair[1], reverse=True)[:MOST_BARS]
