"""Repeated cross-validation, offered where a run's data have no test split."""

import streamlit as st

from core.evaluation.cross_validation import REPEATS, CrossValidation, cross_validate
from core.evaluation.words import interval, percent
from core.jobs.background import SingleFlight, Task
from core.jobs.progress import Progress
from core.runs.run import Run
from pages.ui.evaluate.score import show_score
from pages.ui.shared.classifier import model_key
from pages.ui.shared.job_widgets import asked_for
from pages.ui.shared.progress import AT_ONCE


@st.cache_resource(show_spinner=False)
def cross_validations() -> SingleFlight[CrossValidation]:
    """The run that is cross-validated, for all sessions."""
    return SingleFlight()


def cross_validation_view(run: Run) -> None:
    """Raises `RunError` where the run has no model."""
    with st.expander("No test split: cross-validate", key="evaluate_cross", expanded=_task(run) is not None):
        st.markdown(
            "The validation split chose the best epoch, so its scores are slightly optimistic, and these data have no "
            "`test/` folder. Cross-validation deals all training and validation images into folds and predicts each "
            "fold by a classifier fitted to the others, again and again with other folds."
        )
        result = asked_for(
            _task(run),
            "Cross-validate",
            lambda: _ask(run),
            note="You can use the rest of the page meanwhile.",
            help=f"Extracts the features of these images, unless they are cached, and fits {REPEATS} × 5 ridge "
            "classifiers, which takes seconds.",
            key="evaluate_cross_start",
        )
        if result is not None:
            _show(result)


def _task(run: Run) -> Task[CrossValidation] | None:
    return cross_validations().find(model_key(run))


def _ask(run: Run) -> None:
    def work(progress: Progress) -> CrossValidation:
        return cross_validate(run, progress=progress)

    cross_validations().submit(model_key(run), work, again=True).wait(AT_ONCE)


def _show(result: CrossValidation) -> None:
    with st.container(horizontal=True, gap="small", key="evaluate_cross_scores"):
        for label, score, words in (
            ("Accuracy", result.accuracy, "The mean over all folds of all repetitions."),
            ("F1, macro average", result.macro_f1, "The mean over all folds of all repetitions."),
        ):
            show_score(label, percent(score), f"95% CI {interval(score)}", words)
    low, high = min(result.each), max(result.each)
    st.caption(
        f"{result.num_images:,} images in {result.num_folds} folds, {len(result.each)} times; the repetitions lie "
        f"between {low:.1%} and {high:.1%}. Identical and nearly identical images share a fold. The classifier is "
        "ridge regression on the features of the frozen base, in place of this run's head: it sees no augmentation "
        "and no fine-tuning. The interval (Nadeau and Bengio) takes into account that folds share training images."
    )
