"""Rows of a run's predictions as a gallery, and one of them large (`pages.ui.evaluate.large`)."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.datasets.thumbnails import Rendered, thumbnails
from core.errors import PawlabError
from core.evaluation.words import as_percent
from core.jobs.parallel import ordered_map
from pages.ui.components.gallery import GalleryItem, Look, Paging, gallery, gallery_event
from pages.ui.components.lightbox import badges
from pages.ui.evaluate.large import RowGallery, large
from pages.ui.evaluate.state import Evaluation, edited_catalog, grad_cam_jpeg, input_jpeg
from pages.ui.shared.classifier import explainer_of

PAGE_SIZE = 24


def rows_gallery(evaluation: Evaluation, shown: RowGallery) -> None:
    """Draws the images of some rows, or the one that was opened; says why where there are none."""
    if not evaluation.has_images:
        no_images(evaluation)
        return
    state, rows = st.session_state, shown.rows
    opened_key, page_key, subject_key = shown.key("open"), shown.key("page"), shown.key("of")
    if state.get(subject_key) != (subject := (evaluation.run.id, evaluation.on, shown.subject)):
        state.update({subject_key: subject, page_key: 1, opened_key: -1})
    event = gallery_event(shown.key("images"))
    if event.opened.isdigit() and int(event.opened) in rows:
        state[opened_key] = int(event.opened)
    if event.page:
        state[page_key] = event.page
    if not len(rows):
        st.info(shown.empty)
        return
    if state[opened_key] in rows:
        large(evaluation, shown)
        return
    images = st.container()  # before the words
    st.caption(shown.caption)
    with_grad_cam = shown.offers_grad_cam and st.toggle(
        "Grad-CAM",
        key="evaluate_looked",
        persist_state="session",
        help="Over each image: red where the last feature map supports the predicted class, blue where it does not. It "
        "shows where the model looked, not why.",
    )
    pages = -(-len(rows) // PAGE_SIZE)
    closed = state.pop(shown.key("closed"), -1)
    if closed in rows:
        state[page_key] = int(np.flatnonzero(rows == closed)[0]) // PAGE_SIZE + 1
    page = min(max(1, state[page_key]), pages)
    on_page = rows[(page - 1) * PAGE_SIZE : page * PAGE_SIZE].tolist()
    with images:
        gallery(
            _items(evaluation, shown, on_page, with_grad_cam=with_grad_cam),
            shown.key("images"),
            look=Look(selectable=False, cell=150 if shown.names_true_class else 120),
            paging=Paging(page, pages, PAGE_SIZE, len(rows)),
            focus=str(closed) if closed in rows else "",
        )


def no_images(evaluation: Evaluation) -> None:
    if evaluation.task.done:
        st.info("The images cannot be shown; the reason is given above. The scores do not depend on them.")
    else:
        st.info("The images are being opened and will appear here.")


def _items(evaluation: Evaluation, shown: RowGallery, rows: Sequence[int], *, with_grad_cam: bool) -> list[GalleryItem]:
    edited = edited_catalog(evaluation.images)
    items = []
    for row, image in zip(rows, _rendered(evaluation, rows, with_grad_cam=with_grad_cam), strict=True):
        record = evaluation.images.records[row]
        current = edited.find(record.path) or record
        label, confidence = evaluation.prediction(row)
        classes = f"{record.label} → {label}" if shown.names_true_class else label
        copy = f" · copy {number}" if (number := evaluation.copy(row)) else ""
        items.append(
            GalleryItem(
                str(row),
                f"{record.label}, {record.path}, predicted as {label} ({as_percent(confidence)})",
                f"{classes}, {as_percent(confidence)}{copy}",
                image.content,
                image.reason,
                badges(current, {}),
                current.excluded,
            )
        )
    return items


def _rendered(evaluation: Evaluation, rows: Sequence[int], *, with_grad_cam: bool) -> list[Rendered]:
    key, best = evaluation.key, evaluation.predictions.best
    if with_grad_cam:
        try:
            explainer_of(evaluation.run)  # once, before many threads ask for it
        except PawlabError:
            with_grad_cam = False  # the large view says why
    if with_grad_cam:
        jpegs = ordered_map(lambda row: grad_cam_jpeg(key, row, int(best[row]), evaluation), rows)
        return [Rendered(*jpeg) for jpeg in jpegs]
    if any(evaluation.copy(row) for row in rows):
        return [Rendered(*input_jpeg(key, row, evaluation)) for row in rows]
    return thumbnails(evaluation.images.dataset, [evaluation.images.records[row] for row in rows])
