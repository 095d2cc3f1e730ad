"""The scores at the top of the Evaluate page, and what has to be known beside them."""

import numpy as np
import streamlit as st

from core.evaluation.splits import TEST, VALIDATION, WHY_TEST, has_test_split
from core.evaluation.words import DECIMAL, confidence_interval, decimal, percent
from pages.ui.evaluate.against_instant import against_instant_view
from pages.ui.evaluate.cross_validation import cross_validation_view
from pages.ui.evaluate.score import show_score
from pages.ui.evaluate.state import Evaluation, clean_accuracy_of
from pages.ui.shared.text import plain

SMALLER = "<style>[class*='scores'] [data-testid='stMetricValue'] {font-size: 1.5rem; line-height: 1.3}</style>"


def headline(evaluation: Evaluation) -> None:
    summary, count = evaluation.summary, len(evaluation.predictions)
    st.html(SMALLER)
    if evaluation.on == TEST:
        st.markdown(f"**Test split**, {count:,} images. {WHY_TEST}")
    with st.container(horizontal=True, gap="small", key="scores"):
        show_score(
            "Accuracy",
            percent(summary.accuracy),
            confidence_interval(summary.accuracy),
            f"The share of the {count:,} {evaluation.words} that the model classifies correctly. 95% CI: the "
            "confidence interval of a score measured on this many images; smaller differences between runs can be "
            "chance.",
        )
        clean_score(evaluation)
        show_score(
            "F1, macro average",
            percent(summary.macro_f1),
            confidence_interval(summary.macro_f1),
            "The harmonic mean of precision and recall, averaged over the classes: a rare class counts as much as a "
            "frequent one.",
        )
        for k, top in summary.top_k.items():
            words = f"The share of the images whose true class is among the {k} most probable."
            show_score(f"Top-{k} accuracy", percent(top), confidence_interval(top), words)
        if len(summary.classes) == 2:
            area = summary.classes[1].roc_area
            show_score(
                "ROC area",
                decimal(area),
                confidence_interval(area, DECIMAL),
                f"The probability that the model ranks a random image of {plain(summary.classes[1].name)} above a "
                f"random image of {plain(summary.classes[0].name)}. 0.5 is guessing.",
            )
    if evaluation.has_images and evaluation.images.notes:
        st.warning("  \n".join(map(plain, evaluation.images.notes)))
    if evaluation.on == VALIDATION:
        if has_test_split(evaluation.run):
            st.caption("The validation split chose the best epoch, so these scores are slightly optimistic: see Test.")
        else:
            cross_validation_view(evaluation.run)
        against_instant_view(evaluation.run)
        if words := about_this_run(evaluation):
            st.info(words)


def clean_score(evaluation: Evaluation) -> None:
    value, below, words = "…", "checking for leaks", "The images are being opened and checked for leaks."
    if evaluation.has_images:
        clean = clean_accuracy_of(evaluation)
        if clean is None:
            value, below, words = "–", "not known", "The images that the run was trained on can no longer be opened."
        else:
            value, below = percent(clean.accuracy), confidence_interval(clean.accuracy)
            words = (
                f"Accuracy without the {clean.leaks:,} {evaluation.words} that also occur in the training set and the "
                f"{clean.excluded:,} that you excluded; {clean.relabelled:,} are judged by the label you gave them."
            )
    elif evaluation.task.error:
        value, below, words = "–", "not known", "The run's images can no longer be opened: see below."
    show_score("Clean accuracy", value, below, words)


def about_this_run(evaluation: Evaluation) -> str:
    """What is special about this run, as sentences."""
    run, predictions, words = evaluation.run, evaluation.predictions, ""
    if run.summary().get("status") == "cancelled":
        words += "This run was stopped early; its model is the best one up to then."
    if run.config.augment_validation and (copies := run.config.copies):
        originals = np.array([evaluation.copy(row) == 0 for row in range(len(predictions))])
        accuracy = predictions.accuracy(originals)
        words += (
            f" This run was scored on {int(originals.sum()):,} images and {copies:,} augmented "
            f"{'copy' if copies == 1 else 'copies'} of each, counted as if they were independent images, so its "
            f"intervals are too narrow. On the original images alone: {percent(accuracy)} "
            f"({confidence_interval(accuracy)})."
        )
    return words
