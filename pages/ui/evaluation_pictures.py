"""The pictures behind a cell of the matrix: a gallery, and one of them large with where the model looked."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.datasets import ImageRecord
from core.datasets.edits import Edits
from core.datasets.thumbnails import thumbnails
from core.errors import PawlabError
from core.evaluation.answers import Answers
from core.images import load_image
from core.inference.explanation import overlay
from core.training.runs import Run
from pages.ui.data import dataset, start
from pages.ui.edits import apply_edit
from pages.ui.evaluation import Pictures, explainer_of
from pages.ui.gallery import GalleryItem, gallery, gallery_event
from pages.ui.words import confident, plain, show_error

KEY, OPEN, PAGE, OF = "evaluate_pictures", "evaluate_open", "evaluate_page", "evaluate_of"
A_PAGE = 24
LARGE = 480  # pixels of a side as shown


def cell_pictures(run: Run, answers: Answers, pictures: Pictures, cell: tuple[int, int], threshold: float) -> None:
    """Draws the gallery, or the picture of it that was opened."""
    rows = answers.rows_of(*cell, threshold)
    if st.session_state.get(OF) != (run.id, cell, threshold):
        st.session_state.update({OF: (run.id, cell, threshold), PAGE: 1, OPEN: -1})
    event = gallery_event(KEY)
    if event.opened.isdigit() and int(event.opened) in rows:
        st.session_state[OPEN] = int(event.opened)
    if event.page:
        st.session_state[PAGE] = event.page
    name, answer = answers.classes[cell[0]], answers.classes[cell[1]] if cell[1] >= 0 else "unsure"
    st.subheader(f"{plain(name)}, answered as {plain(answer)}")
    if not len(rows):
        st.info("No picture lies in this cell.")
        return
    if st.session_state[OPEN] in rows:
        _large(run, answers, pictures, rows, st.session_state[OPEN])
        return
    sure = "Surest first: mistakes that the model was sure of are often wrong labels, or worth a look."
    st.caption(sure if cell[0] != cell[1] else "Surest first.")
    pages = -(-len(rows) // A_PAGE)
    page = min(st.session_state[PAGE], pages)
    shown = rows[(page - 1) * A_PAGE : page * A_PAGE]
    records = [pictures.records[row] for row in shown]
    items = [
        GalleryItem(
            str(row),
            f"{record.label}, {record.path}",
            f"{answers.classes[answers.best[row]]} {confident(answers.confidence[row])}",
            thumbnail.content,
            thumbnail.reason,
        )
        for row, record, thumbnail in zip(shown, records, thumbnails(pictures.dataset, records), strict=True)
    ]
    gallery(items, KEY, page=page, pages=pages, size=A_PAGE, total=len(rows), selectable=False)


def _open(row: int) -> None:
    st.session_state[OPEN] = row


def _large(run: Run, answers: Answers, pictures: Pictures, rows: NDArray[np.int64], row: int) -> None:
    record = pictures.records[row]
    place = int(np.flatnonzero(rows == row)[0])
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Back", key="evaluate_back", on_click=_open, args=(-1,), shortcut="Esc", help="To all pictures.")
        before, after = (int(rows[at]) if 0 <= at < len(rows) else -1 for at in (place - 1, place + 1))
        st.button("Previous", key="evaluate_before", on_click=_open, args=(before,), disabled=before < 0)
        st.button("Next", key="evaluate_after", on_click=_open, args=(after,), disabled=after < 0)
        st.markdown(f"{place + 1:,} of {len(rows):,}", width="content")
    left, right = st.columns([3, 2], gap="medium")
    with right:
        looked = st.toggle(
            "Show where it looked",
            value=True,
            key="evaluate_looked",
            help="Grad-CAM: red where the last feature map speaks for the class below, blue where it does not. It "
            "shows where the evidence lies, not why, and no finer than a few places a side.",
        )
        label = st.selectbox(
            "Evidence for",
            range(len(answers.classes)),
            index=int(answers.best[row]),
            format_func=lambda at: plain(answers.classes[at]),
            key=f"evaluate_label_{row}",
            disabled=not looked,
            help="The class whose evidence is shown: the answer, or what it should have been.",
        )
        for at in np.argsort(-answers.probabilities[row])[:5]:
            value = float(answers.probabilities[row, at])
            st.progress(min(1.0, max(0.0, value)), f"{plain(answers.classes[at])} {confident(value)}")
        st.caption(plain(record.path))
        _actions(run, pictures, record)
    with left:
        try:
            square = load_image(pictures.dataset.file(record), run.config.image_size)
            evidence = explainer_of(run).explain(square, int(label)) if looked else None
        except PawlabError as error:
            show_error(error)
            return
        shown = square if evidence is None else overlay(square, evidence)
        st.image(shown, output_format="PNG", width=LARGE, alt=f"{record.label}, {record.path}, as the network sees it")
        if evidence is not None and not evidence.any():
            st.caption("Nothing in the picture speaks for this class.")


def _actions(run: Run, pictures: Pictures, record: ImageRecord) -> None:
    today = dataset()
    if today.root != pictures.dataset.root:
        st.button(
            "Open this run's data",
            on_click=start,
            args=(run.source,),
            help="Another dataset is open now. To exclude or relabel pictures here, open the one of this run.",
        )
        return
    now = next((one for one in today.records if one.path == record.path), None)
    if now is None:
        return
    edits = Edits(today)
    with st.container(horizontal=True):
        if now.excluded:
            st.button("Use it again", on_click=apply_edit, args=(lambda: edits.include([now]),))
        else:
            st.button(
                "Exclude",
                on_click=apply_edit,
                args=(lambda: edits.exclude([now]),),
                help="Not used by the next training; the file stays as it is. This run's own answers do not change.",
            )
        for name in [name for name in today.classes if name != now.label][:3]:
            st.button(
                f"Make it {plain(name)}",
                on_click=apply_edit,
                args=(lambda name=name: edits.relabel([now], name),),
                help="Changes the class for the next training; the file stays where it is.",
            )
    if now.excluded or now.folder_label:
        st.caption(f"Today: {'excluded' if now.excluded else plain(now.label)}. Train again to see what it changes.")
        st.page_link("train.py", label="Train again with these edits", help="On the Training page.")
