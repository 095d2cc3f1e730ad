"""How far the labelling is, how often the model is right, and the way on: training, the Dataset page, an export."""

from typing import TYPE_CHECKING

import streamlit as st

from core.datasets.labelling import labels_csv
from core.datasets.source import Source
from core.datasets.trainable import check_trainable
from core.errors import DatasetError
from core.evaluation.words import confidence_interval, percent
from core.text.file_names import file_name
from pages.ui.dataset.edits import cleaned_zip
from pages.ui.label.chosen import skipped
from pages.ui.shared.data import start
from pages.ui.shared.text import plain

if TYPE_CHECKING:
    from core.instant.labeller import LabelState

ABOUT_SCORE = (
    "One question in five is drawn at random and kept for checking: a model that has not learned from these images "
    "predicts them. So this says how many of the suggestions to expect right. 95% CI: Wilson's confidence interval."
)


def progress(source: Source, state: "LabelState") -> None:
    """How many images have a label, and the score of the instant model."""
    labelled, total = state.num_labelled, len(state.labelling.records)
    st.progress(labelled / total if total else 1.0, f"{labelled:,} of {total:,} labelled")
    score = state.score(skipped(source))
    if score.why:
        st.markdown(f"No score of the instant model yet. {plain(score.why)}", help=ABOUT_SCORE)
    else:
        words = f"{confidence_interval(score.accuracy)}, on {score.num_images:,} images drawn at random"
        st.markdown(f"The instant model is right on about **{percent(score.accuracy)}** ({words}).", help=ABOUT_SCORE)


def next_step(source: Source, state: "LabelState", *, is_next: bool) -> None:
    """
    Args:
        is_next: Whether nothing else on the page is the next step.
    """
    try:
        check_trainable(state.dataset)
        missing = ""
    except DatasetError as error:
        missing = plain(f"{error.received}. ")
    counted = f"{state.num_labelled:,} images" if state.num_labelled != 1 else "1 image"
    with st.container(horizontal=True, key="next_step"):
        pressed = st.button(
            "Train on what is labelled",
            type="primary" if is_next else "secondary",
            disabled=bool(missing),
            on_click=start,
            args=(source,),
            help=missing or f"Opens the {counted} with a label as the dataset of the Training page. Label more later.",
        )
        if pressed:
            st.switch_page("train.py")
        pressed = st.button(
            "Open it on the Dataset page",
            disabled=len(state.dataset.classes) < 2,
            on_click=start,
            args=(source,),
            help="Shows what has a label, and finds duplicates and labels that contradict each other.",
        )
        if pressed:
            st.switch_page("dataset.py")


def export(state: "LabelState") -> None:
    """The labels as a table, the images in class folders."""
    with st.expander("Export labels", key="label_export"):
        st.download_button(
            "Download the labels (CSV)",
            data=lambda: labels_csv(state.dataset),
            file_name=f"{file_name(state.dataset.name, 100)}-labels.csv",
            mime="text/csv",
            on_click="ignore",
            disabled=not state.num_labelled,
            help="One row for each image with a label: its path, label, split and SHA-256.",
        )
        cleaned_zip(state.dataset)
