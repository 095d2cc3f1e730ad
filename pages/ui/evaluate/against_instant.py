"""Whether training has paid: a run on images that were collected or labelled here, against the instant model."""

import streamlit as st

from core.datasets.collect.places import collections_folder
from core.datasets.source import resolve_source
from core.evaluation.words import with_interval
from core.instant.against_run import AgainstRun, against_run
from core.jobs.background import SingleFlight
from core.jobs.progress import Progress
from core.runs.run import Run
from pages.ui.shared.classifier import model_key
from pages.ui.shared.job_widgets import asked_for
from pages.ui.shared.progress import AT_ONCE


@st.cache_resource(show_spinner=False)
def comparisons_with_instant() -> SingleFlight[AgainstRun]:
    """The run that is compared, for all sessions."""
    return SingleFlight()


def against_instant_view(run: Run) -> None:
    """Nothing for other runs. Raises `RunError` where the run has no model."""
    if not _had_an_instant_model(run):
        return
    task = comparisons_with_instant().find(model_key(run))
    with st.expander("Against the instant model", key="evaluate_instant", expanded=task is not None):
        result = asked_for(
            task,
            "Compare with the instant model",
            lambda: _ask(run),
            note="You can use the rest of the page meanwhile.",
            help="Fits the instant model to this run's training images, and scores both on its validation images: "
            "bursts that neither has seen. Takes seconds where the features are stored.",
            key="evaluate_instant_start",
        )
        if result is not None:
            _show(result)


def _had_an_instant_model(run: Run) -> bool:
    source = resolve_source(run.source)
    return source.by_hand or collections_folder().resolve() in source.path.resolve().parents


def _ask(run: Run) -> None:
    def work(progress: Progress) -> AgainstRun:
        return against_run(run, progress)

    comparisons_with_instant().submit(model_key(run), work, again=True).wait(AT_ONCE)


def _show(result: AgainstRun) -> None:
    st.markdown(f"**{result.verdict}**")
    counted = f"{result.num_images:,} validation images"
    if result.num_bursts < result.num_images:
        counted += f" in {result.num_bursts:,} bursts"
    st.markdown(f"Accuracy on {counted}: trained {with_interval(result.run)}, instant {with_interval(result.instant)}.")
