"""One picture of the Evaluate page, large: where the model looked, what it said, and what can be done about it."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.datasets.edits import Edits
from core.errors import PawlabError
from core.evaluation.answers import Answers
from core.evaluation.seen import copy_of, seen
from core.inference.explanation import overlay
from core.training.runs import Run
from pages.ui.data import is_open, start
from pages.ui.evaluation import Pictures, explainer_of, today_of
from pages.ui.lightbox import Actions, action_buttons
from pages.ui.pictures import open_picture_of
from pages.ui.words import confident, plain, show_error

LOOKED = "evaluate_looked"  # one switch for the galleries and the large view, of which one is drawn at a time
LARGE = 480  # pixels of a side as shown
MOST_BARS = 5


def opened_row(name: str) -> str:
    """The session key of the row that gallery `name` shows large; -1 for none."""
    return f"evaluate_{name}_open"


def _open(name: str, row: int) -> None:
    st.session_state[f"{opened_row(name)}_before"] = st.session_state[opened_row(name)]
    st.session_state[opened_row(name)] = row


def large(run: Run, answers: Answers, found: Pictures, rows: NDArray[np.int64], name: str) -> None:
    """Draws the row that is open in gallery `name`; previous and next go through `rows`."""
    row = int(st.session_state[opened_row(name)])
    record = found.records[row]
    place = int(np.flatnonzero(rows == row)[0])
    with st.container(horizontal=True, vertical_alignment="center"):
        before, after = (int(rows[at]) if 0 <= at < len(rows) else -1 for at in (place - 1, place + 1))
        st.button("Back", key="evaluate_back", on_click=_open, args=(name, -1), shortcut="Esc", help="To all pictures.")
        st.button(
            "Previous",
            key="evaluate_before",
            on_click=_open,
            args=(name, before),
            disabled=before < 0,
            shortcut="Left",
            help="The picture before this one.",
        )
        st.button(
            "Next",
            key="evaluate_after",
            on_click=_open,
            args=(name, after),
            disabled=after < 0,
            shortcut="Right",
            help="The picture after this one.",
        )
        st.markdown(f"{place + 1:,} of {len(rows):,}", width="content")
    left, right = st.columns([3, 2], gap="medium")
    with right:
        looked = st.toggle(
            "Show where it looked",
            value=True,
            key=LOOKED,
            persist_state="session",
            help="Grad-CAM: red where the last feature map speaks for the class below, blue where it does not. It "
            "shows where the evidence lies, not why, and no finer than a few places a side.",
        )
        label = st.selectbox(
            "Evidence for",
            range(len(answers.classes)),
            index=int(answers.best[row]),
            format_func=lambda at: answers.classes[at],
            key=f"evaluate_label_{name}_{row}",
            disabled=not looked,
            help="The class whose evidence is shown: the answer, or what it should have been.",
        )
        for at in np.argsort(-answers.probabilities[row])[:MOST_BARS]:
            value = float(answers.probabilities[row, at])
            st.progress(min(1.0, max(0.0, value)), f"{plain(answers.classes[at])} {confident(value)}")
        copy = f", augmented copy {number}" if (number := copy_of(run, row)) else ""
        st.caption(f"Is {plain(record.label)} in this run{copy}. {plain(record.path)}")
        _actions(run, found, row)
    with left:
        _picture(run, found, row, int(label) if looked else None)


def _picture(run: Run, found: Pictures, row: int, label: int | None) -> None:
    record = found.records[row]
    try:
        square = seen(run, found.dataset, record, row)
        evidence = None if label is None else explainer_of(run).explain(square, label)
    except PawlabError as error:
        show_error(error)
        return
    shown = square if evidence is None else overlay(square, evidence)
    st.image(shown, output_format="PNG", width=LARGE, alt=f"{record.label}, {record.path}, as the network sees it")
    if evidence is not None and not evidence.any():
        st.caption("Nothing in the picture speaks for this class.")


def _actions(run: Run, found: Pictures, row: int) -> None:
    today = today_of(found)
    now = today.find(found.records[row].path)
    if now is None:
        return
    edits = Edits(today.dataset)  # each method reads what holds at that moment
    action_buttons(today.dataset, now, Actions(edits.exclude, edits.include, edits.relabel))
    if st.button(
        "Open in Dataset",
        key="evaluate_dataset",
        help="Shows the picture on the Dataset page, with everything that is known about it."
        + ("" if is_open(found.dataset) else " Opens this run's data there, in place of what is open now."),
    ):
        if not is_open(found.dataset):
            start(run.source)
        open_picture_of(found.dataset, now.path)
        st.switch_page("dataset.py")
    if now.excluded or now.label != found.records[row].label:
        state = "excluded" if now.excluded else plain(now.label)
        st.caption(f"Today: {state}. This run's answers stay; train again, above, to see what it changes.")
