"""The predictions of all images: counts per class, cards or a table, and one image large."""

import base64
import math
from functools import partial

import pandas as pd
import streamlit as st

from core.errors import ImageError
from core.evaluation.conformal import LIMITS as ABOUT_SETS
from core.evaluation.conformal import set_in_words
from core.evaluation.unlike import LIMITS
from core.inference.batch import FEW, LARGE, PROBLEM, SMALL, UNLIKE, UNSURE, Batch, Order, Row, view_of
from core.inference.classifier import Classifier
from core.runs.limits import Limits
from core.runs.run import Run
from pages.ui.classify.detail import detail, framed, headline, likely, probabilities, unlike
from pages.ui.classify.sort import sorting
from pages.ui.classify.state import OPEN, PAGE, clear
from pages.ui.shared.text import duration, plain

CARDS_PER_ROW, CARDS, ROWS = 3, 12, 100  # cards and rows of a page
MAX_PILLS = 6
ORDERS: dict[Order, str] = {
    "name": "By name",
    "least": "Least confident first",
    "most": "Most confident first",
    "given": "Input order",
}


def results(run: Run, classifier: Classifier, batch: Batch, batch_id: str, limits: Limits) -> None:
    """Draws the predictions. `batch_id` changes with the batch."""
    number = len(batch.rows)
    with st.container(horizontal=True, vertical_alignment="center"):
        pace = f", {number / max(batch.seconds, 1e-9):,.0f} images/s" if number > FEW else ""
        words = f"{number:,} image{'s' if number > 1 else ''} in {duration(batch.seconds)}{pace}"
        st.subheader(words if number else "It contains no image", width="stretch")
        if number:
            st.download_button(
                "Download CSV",
                partial(batch.csv, limits),
                "predictions.csv",
                "text/csv",
                on_click="ignore",
                help="One row per image: path, label, confidence, error, distance to the training images, whether it "
                "is unlike them, the set of classes that it may show, and the probability of each class, as the "
                "command line writes it. The label is the most probable class, also where the prediction is unsure or "
                "the image unlike the training images.",
            )
        st.button("Clear", on_click=clear, help="Removes these images and their predictions.")
    if number:
        _shown(run, classifier, batch, batch_id, limits)
    if number > 1:
        sorting(batch, batch_id, limits)


@st.fragment
def _shown(run: Run, classifier: Classifier, batch: Batch, batch_id: str, limits: Limits) -> None:
    if len(batch.rows) == 1:
        detail(run, classifier, batch.rows[0], limits)
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        outcome = _filter(batch, batch_id, limits)
        order = st.selectbox(
            "Order",
            list(ORDERS),
            format_func=lambda name: ORDERS[name],
            key="classify_order",
            width=190,
            help="Order of the images, across all pages.",
        )
        as_cards = st.segmented_control(
            "Show as",
            ["Cards", "Table"],
            default="Cards" if len(batch.rows) <= FEW else "Table",
            required=True,
            key=f"classify_as_{batch_id}",
            help="Cards show probabilities; a table shows more images at once.",
        )
    places = batch.chosen(limits, outcome, order)
    opened = st.session_state.get(OPEN, -1)
    if opened in places:
        _walk(places, places.index(opened))
        detail(run, classifier, batch.rows[opened], limits)
        return
    size = CARDS if as_cards == "Cards" else ROWS
    places = _page(places, size)
    if as_cards == "Cards":
        _cards(batch, places, limits)
    else:
        predicted = [place for place in places if batch.rows[place].prediction]
        if predicted:
            _table(batch, predicted, limits, batch_id)
        if len(predicted) < len(places):
            _reasons([batch.rows[place] for place in places if not batch.rows[place].prediction])


def _filter(batch: Batch, batch_id: str, limits: Limits) -> str:
    counts = {name: count for name, count in batch.counts(limits).items() if count}
    names = {UNLIKE: "unlike the training images", UNSURE: "unsure", PROBLEM: "no prediction"}
    options = ["", *counts]

    def words(outcome: str) -> str:
        return f"{names.get(outcome, outcome) or 'All'} {counts.get(outcome, len(batch.rows)):,}"

    explained = "The number of images per predicted class. Choose one to see only those."
    key = f"classify_shown_{batch_id}_{limits}"
    if len(options) <= MAX_PILLS:
        return st.segmented_control(
            "Predicted class",
            options,
            default="",
            required=True,
            format_func=lambda outcome: plain(words(outcome)),
            key=key,
            help=explained,
            on_change=_first_page,
        )
    return st.selectbox(
        "Predicted class", options, format_func=words, key=key, help=explained, width=240, on_change=_first_page
    )


def _first_page() -> None:
    st.session_state.update({PAGE: 1, OPEN: -1})


def _open(place: int) -> None:
    st.session_state[OPEN] = place
    st.session_state["classify_turn"] = (
        st.session_state.get("classify_turn", 0) + 1
    )  # a new table, with no row selected


def _walk(places: list[int], at: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Back", key="classify_back", on_click=_open, args=(-1,), shortcut="Esc", help="Back to all images.")
        before, after = (places[to] if 0 <= to < len(places) else -1 for to in (at - 1, at + 1))
        st.button(
            "Previous",
            key="classify_before",
            on_click=_open,
            args=(before,),
            disabled=before < 0,
            help="The previous image.",
        )
        st.button(
            "Next",
            key="classify_after",
            on_click=_open,
            args=(after,),
            disabled=after < 0,
            help="The next image.",
        )
        st.markdown(f"{at + 1:,} of {len(places):,}", width="content")


def _page(places: list[int], size: int) -> list[int]:
    pages = math.ceil(len(places) / size)
    page = min(st.session_state.get(PAGE, 1), pages)
    if pages > 1:
        page = st.number_input(
            f"Page (1–{pages:,})",
            1,
            pages,
            page,
            key=f"classify_pages_{size}",
            help=f"{size} images per page.",
            width=160,
        )
        st.session_state[PAGE] = page
    return places[(page - 1) * size : page * size]


def _cards(batch: Batch, places: list[int], limits: Limits) -> None:
    for start in range(0, len(places), CARDS_PER_ROW):
        for column, place in zip(st.columns(CARDS_PER_ROW), places[start : start + CARDS_PER_ROW], strict=False):
            row = batch.rows[place]
            with column.container(border=True, height="stretch"):
                if row.prediction is None:
                    st.error(f"**{plain(row.image.path)}** could not be classified: {plain(row.reason)}.")
                    continue
                framed(view_of(row, LARGE), f"{row.image.path}, classified as {row.prediction.label}", 220)
                st.markdown(headline(row.prediction, limits))
                unlike(row.prediction, limits)
                likely(row.prediction, limits)
                probabilities(row.prediction)
                st.caption(f"{plain(row.image.path)} · {row.milliseconds:.0f} ms")
                st.button(
                    "Look closer",
                    key=f"classify_open_{place}",
                    on_click=_open,
                    args=(place,),
                    help="Shows where the model looked and the nearest training images, and lets you check its "
                    "prediction.",
                )


def _reasons(rows: list[Row]) -> None:
    reasons = "\n".join(f"- **{plain(row.image.path)}**: {plain(row.reason)}" for row in rows)
    st.error(f"Could not be classified:\n{reasons}")


def _table(batch: Batch, places: list[int], limits: Limits, batch_id: str) -> None:
    predicted = [(row, row.prediction) for row in (batch.rows[place] for place in places) if row.prediction]
    frame = pd.DataFrame(
        {
            # The prediction comes before the name, which may be long: a phone shows only the first columns.
            "Image": [_thumbnail(row) for row, _ in predicted],
            "Prediction": ["unsure" if found.is_unsure(limits) else found.label for _, found in predicted],
            "Most likely class": [found.label for _, found in predicted],
            # Numbers, so that the column sorts; rounded down, so that 100 is said only of certainty.
            "Confidence": [math.floor(1000 * found.confidence) / 10 for _, found in predicted],
            "Training images": ["unlike" if found.is_unlike(limits) else "" for _, found in predicted],
            "Set": [set_in_words(found, limits) for _, found in predicted],
            "Name": [row.image.path for row, _ in predicted],
        }
    )
    every = [row.prediction for row in batch.rows if row.prediction]  # also those on other pages: columns do not come
    if not any(prediction.is_unsure(limits) for prediction in every):  # and go
        frame = frame.drop(columns="Most likely class")
    if not any(prediction.is_unlike(limits) for prediction in every):
        frame = frame.drop(columns="Training images")
    if not any(set_in_words(prediction, limits) for prediction in every):
        frame = frame.drop(columns="Set")
    event = st.dataframe(
        frame,
        column_config={
            "Image": st.column_config.ImageColumn(width="small"),
            "Name": st.column_config.TextColumn(width="large"),
            "Prediction": st.column_config.TextColumn(width="small"),
            "Training images": st.column_config.TextColumn(width="small", help=LIMITS),
            "Set": st.column_config.TextColumn(width="medium", help=ABOUT_SETS),
            "Confidence": st.column_config.NumberColumn(format="%.1f%%", width="small"),
        },
        hide_index=True,
        row_height=56,
        height="auto" if len(predicted) < ROWS // 10 else 600,
        on_select="rerun",
        selection_mode="single-row",
        key=f"classify_table_{batch_id}_{places[0]}_{st.session_state.get('classify_turn', 0)}",
    )
    st.caption("Click a column's name to sort this page by it; select a row to look closer.")
    if selected := event.selection.rows:
        _open(places[selected[0]])
        st.rerun(scope="fragment")


def _thumbnail(row: Row) -> str:
    try:
        content = view_of(row, SMALL)
    except ImageError:  # its file no longer exists
        content = b""
    return f"data:image/jpeg;base64,{base64.b64encode(content).decode()}" if content else ""
