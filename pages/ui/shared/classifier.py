"""Trained runs that can answer, and words for what they say."""

import os
import time

import streamlit as st

from core.errors import PawlabError, RunError
from core.inference.classifier import Answer, Classifier
from core.training.labels import told_apart
from core.training.runs import Run
from core.training.shelf import list_runs
from pages.ui.words import confident

MOST_BARS = 10


def usable_runs() -> tuple[dict[str, tuple[Run, str]], dict[str, str]]:
    """Runs with a model, newest first, as {id: (run, one line about it)}, and {folder: reason} of those left out."""
    shelf = list_runs()
    runs, lines, broken = {}, {}, dict(shelf.broken)
    for run in shelf.runs:
        if run.has_model():
            try:
                runs[run.id], lines[run.id] = run, line_about(run)
            except PawlabError as error:
                broken[run.id] = str(error)
    return {run_id: (runs[run_id], words) for run_id, words in told_apart(lines).items()}, broken


def line_about(run: Run) -> str:
    """Name, validation accuracy, date and classes. Raises `RunError` where the run's summary is broken."""
    summary = run.summary()
    try:
        accuracy, classes = float(summary["val_accuracy"]), [str(name) for name in summary["classes"]]
    except (KeyError, TypeError, ValueError):
        raise RunError(f"The summary of the run {run.id} is broken", "run.json as Pawlab wrote it") from None
    names = ", ".join(classes[:4]) + (", …" if len(classes) > 4 else "")
    date = time.strftime("%d %b %Y, %H:%M", time.localtime(run.created))
    return f"{run.name} · {confident(accuracy)} on validation · {date} · {names}"


def classifier_of(run: Run) -> Classifier:
    """The run's classifier, opened once for all sessions.

    Raises:
        PawlabError: The run's model is gone or does not load.
    """
    return _opened(model_key(run), run)


def model_key(run: Run) -> str:
    """Changes with the run's model, which a resumed run writes anew. Raises `RunError` where there is none."""
    try:
        return f"{run.id} {(run.directory / 'model.onnx').stat().st_mtime_ns}"
    except OSError as error:
        raise RunError(f"The model of the run {run.id} cannot be read: {error.strerror}", "model.onnx") from None


@st.cache_resource(max_entries=4, show_spinner="Opening the model")
def _opened(key: str, _run: Run) -> Classifier:
    return Classifier.open(_run, threads=os.cpu_count() or 1)


def confidence_in_words(answer: Answer) -> str:
    """How sure the model is, for a heading: "Probably" goes before the label."""
    steps = ((0.99, "Almost certainly"), (0.9, "Very probably"), (0.7, "Probably"), (0.5, "Perhaps"))
    return next((words for least, words in steps if answer.confidence >= least), "Undecided, at most")


def bars(answer: Answer) -> list[tuple[str, float]]:
    """Classes with their probabilities, the most probable first, at most ten."""
    return sorted(answer.probabilities.items(), key=lambda pair: pair[1], reverse=True)[:MOST_BARS]
