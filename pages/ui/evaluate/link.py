"""The page's address holds the run, the view and the split, unless that is validation: `?run=ID&view=curves&on=test`.

Which other images were scored does not stand there: a link must not make another machine open a path."""

import streamlit as st

from core.evaluation.splits import TEST, VALIDATION
from core.runs.run import Run
from pages.ui.evaluate.retrain import RUN, VIEW
from pages.ui.evaluate.split_chooser import ON, OTHER
from pages.ui.shared.session import page_query, show_page_query

_WRITTEN = "evaluate_link"  # session key: the query that this session has shown last
_ARRIVED = "evaluate_arrived"  # session key: the address is none that this session wrote


def address_of(run: Run, view: str, on: str = VALIDATION) -> dict[str, str]:
    """The query parameters that open this view of this run."""
    place = {} if on == VALIDATION else {"on": TEST if on == TEST else OTHER}
    return {"run": run.id, "view": view, **place}


def read_link(runs: list[str], views: list[str]) -> None:
    """Selects what the address says, unless this session wrote it there. Call it before the controls are drawn."""
    query = page_query()
    st.session_state[_ARRIVED] = query != st.session_state.get(_WRITTEN)
    if not st.session_state[_ARRIVED]:
        return
    if query.get("run") in runs:
        st.session_state[RUN] = query["run"]
    elif "run" in query:
        st.warning("This link's run is not here: it was deleted, or made on another machine. Another one is shown.")
    if query.get("view") in views:
        st.session_state[VIEW] = query["view"]
    if "run" in query:
        st.session_state[ON] = query.get("on", VALIDATION)  # the control takes only what it offers


def write_link(run: Run, view: str, on: str) -> None:
    """Puts what the page shows into the address, without a rerun."""
    query = address_of(run, view, on)
    st.session_state[_WRITTEN] = query
    show_page_query(query, in_place=bool(st.session_state.pop(_ARRIVED, False)))
