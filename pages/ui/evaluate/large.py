"""One validation image, large: where the model looked, what it predicted, and what can be done about it."""

from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.datasets.edits.edits import Edits
from core.errors import PawlabError
from core.evaluation.model_input import model_input
from core.evaluation.words import as_percent
from core.inference.batch import as_view
from core.inference.grad_cam import overlay
from pages.ui.components.lightbox import Actions, action_buttons
from pages.ui.dataset.images import open_image_of
from pages.ui.evaluate.state import Evaluation, edited_catalog
from pages.ui.shared.classifier import explainer_of
from pages.ui.shared.data import is_open, start
from pages.ui.shared.grad_cam import beside
from pages.ui.shared.session import session_id
from pages.ui.shared.text import plain, show_error

MAX_BARS = 5


@dataclass(frozen=True)
class RowGallery:
    """Rows of the predictions to show as images.

    Attributes:
        name: Of this gallery among those of the page.
        subject: What it shows: where that changes, the gallery begins anew.
        rows: int64 (number,): rows of the predictions, in the order to show.
        caption: Above the images.
        empty: In place of the images where there are none.
        names_true_class: Whether each image is captioned with its true class too: where they differ.
        offers_grad_cam: Whether the small images can be shown with Grad-CAM over them.
    """

    name: str
    subject: object
    rows: NDArray[np.int64]
    caption: str
    empty: str
    names_true_class: bool = False
    offers_grad_cam: bool = False

    def key(self, part: str) -> str:
        """A session key of this gallery: "open" holds the row shown large, -1 for none, "closed" the one before."""
        return f"evaluate_{self.name}_{part}"


def large(evaluation: Evaluation, shown: RowGallery) -> None:
    """Draws the row that is open; previous and next go through the rows of the gallery."""
    row = int(st.session_state[shown.key("open")])
    _walk(shown, row)
    left, right = st.columns([3, 2], gap="medium")
    with right:
        label = _grad_cam_class(evaluation, shown, row)
        probabilities = evaluation.predictions.probabilities[row]
        for at in np.argsort(-probabilities)[:MAX_BARS]:
            value = float(probabilities[at])
            name = plain(evaluation.predictions.classes[at])
            st.progress(min(1.0, max(0.0, value)), f"{name} {as_percent(value)}")
        record = evaluation.images.records[row]
        copy = f", augmented copy {number}" if (number := evaluation.copy(row)) else ""
        st.caption(f'Labelled "{plain(record.label)}" in this run{copy}. {plain(record.path)}')
        _actions(evaluation, row)
    with left:
        _image(evaluation, row, label)


def _walk(shown: RowGallery, row: int) -> None:
    rows = shown.rows
    place = int(np.flatnonzero(rows == row)[0])
    before, after = (int(rows[at]) if 0 <= at < len(rows) else -1 for at in (place - 1, place + 1))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Back", key="evaluate_back", on_click=_open, args=(shown, -1), shortcut="Esc", help="Back to all images."
        )
        st.button(
            "Previous",
            key="evaluate_before",
            on_click=_open,
            args=(shown, before),
            disabled=before < 0,
            shortcut="Left",
            help="The previous image.",
        )
        st.button(
            "Next",
            key="evaluate_after",
            on_click=_open,
            args=(shown, after),
            disabled=after < 0,
            shortcut="Right",
            help="The next image.",
        )
        st.markdown(f"{place + 1:,} of {len(rows):,}", width="content")


def _open(shown: RowGallery, row: int) -> None:
    st.session_state[shown.key("closed")] = st.session_state[shown.key("open")]
    st.session_state[shown.key("open")] = row


def _grad_cam_class(evaluation: Evaluation, shown: RowGallery, row: int) -> int:
    classes = evaluation.predictions.classes
    label = st.selectbox(
        "Grad-CAM: evidence for class",
        range(len(classes)),
        index=int(evaluation.predictions.best[row]),
        format_func=lambda at: classes[at],
        key=f"evaluate_label_{shown.name}_{row}",
        help="Where the last feature map supports this class: the predicted one, or the true one. It shows where the "
        "model looked, not why, and only coarsely.",
    )
    return int(label)


def _image(evaluation: Evaluation, row: int, label: int) -> None:
    record, name = evaluation.images.records[row], evaluation.predictions.classes[label]
    alt = f"{record.label}, {record.path}, as the network sees it"
    try:
        square = model_input(evaluation.run, evaluation.images.dataset, record, evaluation.copy(row))
    except PawlabError as error:
        show_error(error)
        return
    try:
        evidence = explainer_of(evaluation.run).explain(square, label)
    except PawlabError as error:
        beside(as_view(square), alt)
        show_error(error)
        return
    beside(as_view(square), alt, as_view(overlay(square, evidence)), name)
    if not evidence.any():
        st.caption("Nothing in the image supports this class.")


def _actions(evaluation: Evaluation, row: int) -> None:
    edited, record = edited_catalog(evaluation.images), evaluation.images.records[row]
    current = edited.find(record.path)
    if current is None:
        return
    edits = Edits(edited.dataset, session_id())  # each method reads what holds at that moment
    action_buttons(edited.dataset, current, Actions(edits.exclude, edits.include, edits.relabel))
    is_shown = is_open(evaluation.images.dataset)
    if st.button(
        "Open in Dataset",
        key="evaluate_dataset",
        help="Shows this image on the Dataset page with everything that is known about it."
        + ("" if is_shown else " Its dataset replaces the one that is open now."),
    ):
        if not is_shown:
            start(evaluation.images.dataset.source)
        open_image_of(evaluation.images.dataset, current.path)
        st.switch_page("dataset.py")
    if current.excluded or current.label != record.label:
        state = "excluded" if current.excluded else f'labelled "{plain(current.label)}"'
        more = " **Train again**, below, to see what that changes." if evaluation.on_own_data else ""
        st.markdown(f"Now {state}.{more}")
