"""Pictures behind a number of the Evaluate page: a gallery, and one of them large (`pages.ui.evaluation_large`)."""

from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.datasets.thumbnails import Rendered, thumbnails
from core.errors import PawlabError
from core.evaluation.answers import Answers
from core.evaluation.seen import copy_of
from core.parallel import ordered_map
from core.training.runs import Run
from pages.ui.classifier import model_key
from pages.ui.evaluation import Pictures, as_seen, explained, explainer_of, today_of
from pages.ui.evaluation_large import LOOKED, large, opened_row
from pages.ui.gallery import GalleryItem, gallery, gallery_event
from pages.ui.lightbox import badges
from pages.ui.words import confident

A_PAGE = 24


def rows_gallery(
    run: Run,
    answers: Answers,
    found: Pictures,
    rows: NDArray[np.int64],
    name: str,
    of: object,
    *,
    caption: str,
    with_evidence: bool = False,
    with_class: bool = False,
    empty: str = "No picture lies here.",
) -> None:
    """Draws rows of the run's answers, or the one that was opened.

    Args:
        rows: Places in the answers, in the order to show.
        name: Of this gallery among those of the page.
        of: What is shown: where it changes, the gallery begins anew.
        with_evidence: Whether to offer pictures that carry where the model looked.
        with_class: Whether their true class stands beneath them too, where it is not the same for all.
        empty: Words for no rows.
    """
    key, page_key, of_key = (f"evaluate_{name}_{part}" for part in ("pictures", "page", "of"))
    state = st.session_state
    if state.get(of_key) != (run.id, of):
        state.update({of_key: (run.id, of), page_key: 1, opened_row(name): -1})
    event = gallery_event(key)
    if event.opened.isdigit() and int(event.opened) in rows:
        state[opened_row(name)] = int(event.opened)
    if event.page:
        state[page_key] = event.page
    if not len(rows):
        st.info(empty)
        return
    if state[opened_row(name)] in rows:
        large(run, answers, found, rows, name)
        return
    st.caption(caption)
    looked = with_evidence and st.toggle(
        "Show where it looked",
        value=True,
        key=LOOKED,
        persist_state="session",
        help="Grad-CAM: red where the last feature map speaks for the answer. It shows where, not why.",
    )
    pages = -(-len(rows) // A_PAGE)
    back = state.pop(f"{opened_row(name)}_before", -1)
    if back in rows:
        state[page_key] = int(np.flatnonzero(rows == back)[0]) // A_PAGE + 1
    page = min(max(1, state[page_key]), pages)
    items = _items(run, answers, found, rows[(page - 1) * A_PAGE : page * A_PAGE].tolist(), looked, with_class)
    gallery(
        items,
        key,
        page=page,
        pages=pages,
        size=A_PAGE,
        total=len(rows),
        selectable=False,
        cell=150 if with_class else 120,
        focus=str(back) if back in rows else "",
    )


def _items(
    run: Run, answers: Answers, found: Pictures, rows: Sequence[int], looked: bool, with_class: bool
) -> list[GalleryItem]:
    today = today_of(found)
    items = []
    for row, picture in zip(rows, _pictures(run, answers, found, rows, looked), strict=True):
        record = found.records[row]
        now = today.find(record.path) or record
        copy = f" · copy {number}" if (number := copy_of(run, row)) else ""
        answer, sure = answers.classes[answers.best[row]], confident(float(answers.confidence[row]))
        items.append(
            GalleryItem(
                str(row),
                f"{record.label}, {record.path}, answered {answer} ({sure})",
                f"{sure} {f'{record.label} as ' if with_class else ''}{answer}{copy}",
                picture.content,
                picture.reason,
                badges(now, {}),
                now.excluded,
            )
        )
    return items


def _pictures(run: Run, answers: Answers, found: Pictures, rows: Sequence[int], looked: bool) -> list[Rendered]:
    key = model_key(run)
    if looked:
        try:
            explainer_of(run)  # once, before many threads ask for it
        except PawlabError:
            looked = False  # the large view says why
    if looked:
        return [
            Rendered(*picture)
            for picture in ordered_map(lambda row: explained(key, row, int(answers.best[row]), run, found), rows)
        ]
    if any(copy_of(run, row) for row in rows):
        return [Rendered(*as_seen(key, row, run, found)) for row in rows]
    return thumbnails(found.dataset, [found.records[row] for row in rows])
