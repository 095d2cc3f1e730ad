"""What came of all pictures: how many of each class, cards or a table of them, and one of them large."""

import base64
import math

import pandas as pd
import streamlit as st

from core.errors import ImageError
from core.inference.batch import FEW, LARGE, PROBLEM, SMALL, UNSURE, Batch, Order, Row, view_of
from core.inference.classifier import Classifier
from core.training.runs import Run
from pages.ui.classify_detail import detail, framed, headline, probabilities
from pages.ui.classify_state import OPEN, PAGE, clear
from pages.ui.words import duration, plain

A_ROW, CARDS, ROWS = 3, 12, 100
MOST_PILLS = 6
ORDERS: dict[Order, str] = {
    "given": "As given",
    "least": "Least sure first",
    "most": "Surest first",
    "name": "By name",
}


def results(run: Run, classifier: Classifier, batch: Batch, batch_id: str, threshold: float) -> None:
    """Draws them. `batch_id` changes with the batch."""
    number = len(batch.rows)
    with st.container(horizontal=True, vertical_alignment="center"):
        pace = f", {number / max(batch.seconds, 1e-9):,.0f} a second" if number > FEW else ""
        words = f"{number:,} picture{'s' if number > 1 else ''} in {duration(batch.seconds)}{pace}"
        st.subheader(words if number else "There was no picture in it", width="stretch")
        if number:
            st.download_button(
                "Download CSV",
                batch.csv,
                "answers.csv",
                "text/csv",
                on_click="ignore",
                help="One row a picture: path, label, confidence, error, and the probability of each class, as the "
                "command line writes it. The label is the most probable class also where the answer is unsure.",
            )
        st.button("Clear", on_click=clear, help="Forgets these pictures and their answers.")
    if number:
        _shown(run, classifier, batch, batch_id, threshold)


@st.fragment
def _shown(run: Run, classifier: Classifier, batch: Batch, batch_id: str, threshold: float) -> None:
    if len(batch.rows) == 1:
        detail(run, classifier, batch.rows[0], threshold)
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        outcome = _filter(batch, batch_id, threshold)
        order = st.selectbox(
            "Order", list(ORDERS), format_func=lambda one: ORDERS[one], key="classify_order", width=180, help="Of all."
        )
        as_cards = st.segmented_control(
            "As",
            ["Cards", "Table"],
            default="Cards" if len(batch.rows) <= FEW else "Table",
            required=True,
            key=f"classify_as_{batch_id}",
            help="Cards show the probabilities, the table more pictures at once.",
        )
    places = batch.chosen(threshold, outcome, order)
    opened = st.session_state.get(OPEN, -1)
    if opened in places:
        _walk(places, places.index(opened))
        detail(run, classifier, batch.rows[opened], threshold)
        return
    size = CARDS if as_cards == "Cards" else ROWS
    places = _page(places, size)
    if as_cards == "Cards":
        _cards(batch, places, threshold)
    else:
        _table(batch, places, threshold, batch_id)


def _filter(batch: Batch, batch_id: str, threshold: float) -> str:
    counts = {name: count for name, count in batch.counts(threshold).items() if count}
    names = {UNSURE: "unsure", PROBLEM: "no answer"}
    options = ["", *counts]

    def words(outcome: str) -> str:
        return f"{names.get(outcome, outcome) or 'All'} {counts.get(outcome, len(batch.rows)):,}"

    explained = "How many got each answer. Choose one to see only those."
    key = f"classify_shown_{batch_id}_{threshold}"
    if len(options) <= MOST_PILLS:
        return st.segmented_control(
            "Answers",
            options,
            default="",
            required=True,
            format_func=lambda outcome: plain(words(outcome)),
            key=key,
            help=explained,
            on_change=_first_page,
        )
    return st.selectbox(
        "Answers", options, format_func=words, key=key, help=explained, width=240, on_change=_first_page
    )


def _first_page() -> None:
    st.session_state.update({PAGE: 1, OPEN: -1})


def _open(place: int) -> None:
    st.session_state[OPEN] = place
    st.session_state["classify_turn"] = st.session_state.get("classify_turn", 0) + 1  # the table has no row ticked then


def _walk(places: list[int], at: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Back", key="classify_back", on_click=_open, args=(-1,), shortcut="Esc", help="To all pictures.")
        before, after = (places[to] if 0 <= to < len(places) else -1 for to in (at - 1, at + 1))
        st.button(
            "Previous",
            key="classify_before",
            on_click=_open,
            args=(before,),
            disabled=before < 0,
            help="The picture before this one.",
        )
        st.button(
            "Next",
            key="classify_after",
            on_click=_open,
            args=(after,),
            disabled=after < 0,
            help="The picture after this one.",
        )
        st.markdown(f"{at + 1:,} of {len(places):,}", width="content")


def _page(places: list[int], size: int) -> list[int]:
    pages = math.ceil(len(places) / size)
    page = min(st.session_state.get(PAGE, 1), pages)
    if pages > 1:
        page = st.number_input(
            f"Page of {pages:,}", 1, pages, page, key=f"classify_pages_{size}", help=f"{size} a page.", width=160
        )
        st.session_state[PAGE] = page
    return places[(page - 1) * size : page * size]


def _cards(batch: Batch, places: list[int], threshold: float) -> None:
    for start in range(0, len(places), A_ROW):
        for column, place in zip(st.columns(A_ROW), places[start : start + A_ROW], strict=False):
            row = batch.rows[place]
            with column.container(border=True, height="stretch"):
                if row.answer is None:
                    st.error(f"**{plain(row.picture.path)}** is not classified: {plain(row.reason)}.")
                    continue
                framed(view_of(row, LARGE), f"{row.picture.path}, classified as {row.answer.label}", 220)
                st.markdown(headline(row.answer, threshold))
                probabilities(row.answer)
                st.caption(f"{plain(row.picture.path)} · {row.milliseconds:.0f} ms")
                st.button(
                    "Look closer",
                    key=f"classify_open_{place}",
                    on_click=_open,
                    args=(place,),
                    help="Where it looked, and whether it is right.",
                )


def _table(batch: Batch, places: list[int], threshold: float, batch_id: str) -> None:
    rows = [batch.rows[place] for place in places]
    frame = pd.DataFrame(
        {
            # The answer stands before the name, which may be long: a phone shows the first columns.
            "Picture": [_thumbnail(row) for row in rows],
            "Answer": [_answer(row, threshold) for row in rows],
            "Most probable": [row.answer.label if row.answer else "" for row in rows],
            # Rounded down: what is not quite certain does not say 100.
            "Confidence": [math.floor(1000 * row.answer.confidence) / 10 if row.answer else None for row in rows],
            "Name": [row.picture.path for row in rows],
            "Why there is no answer": [row.reason for row in rows],
        }
    )
    counts = batch.counts(threshold)  # of all pages: columns do not come and go
    needed = {"Most probable": UNSURE, "Why there is no answer": PROBLEM}
    frame = frame.drop(columns=[column for column, outcome in needed.items() if not counts[outcome]])
    event = st.dataframe(
        frame,
        column_config={
            "Picture": st.column_config.ImageColumn(width="small"),
            "Name": st.column_config.TextColumn(width="medium"),
            "Answer": st.column_config.TextColumn(width="small"),
            "Confidence": st.column_config.NumberColumn(format="%.1f %%", width="small"),
        },
        hide_index=True,
        row_height=56,
        height="auto" if len(rows) < ROWS // 10 else 600,
        on_select="rerun",
        selection_mode="single-row",
        key=f"classify_table_{batch_id}_{places[0]}_{st.session_state.get('classify_turn', 0)}",
    )
    st.caption("Press a column's name to sort this page by it; tick a row to look closer.")
    if ticked := event.selection.rows:
        _open(places[ticked[0]])
        st.rerun(scope="fragment")


def _answer(row: Row, threshold: float) -> str:
    outcome = row.outcome(threshold)
    return {UNSURE: "unsure", PROBLEM: "no answer"}.get(outcome, outcome)


def _thumbnail(row: Row) -> str | None:
    try:
        content = view_of(row, SMALL) if row.answer else b""
    except ImageError:  # its file has gone since
        content = b""
    return f"data:image/jpeg;base64,{base64.b64encode(content).decode()}" if content else None
