"""The runs that wait their turn: one is trained at a time, for two at once would only share the processor."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from core.errors import PawlabError
from core.training import queue
from core.training.runs import Run
from pages.ui.words import plain, show_error

_FAILED = "queue_failed"


def look_after_queue() -> None:
    """Starts the next run where nobody else did, and says what went wrong with a button of the queue."""
    if error := st.session_state.pop(_FAILED, None):
        show_error(error)
    try:
        queue.start_next()
    except PawlabError as error:
        show_error(error)


def queue_list() -> None:
    """The order, with buttons. Nothing where no run waits."""
    runs = queue.waiting()
    if not runs:
        return
    st.subheader("Waiting their turn")
    for place, run in enumerate(runs):
        with st.container(horizontal=True, vertical_alignment="center", key=f"queue_{place}"):
            st.markdown(f"{place + 1}. {plain(run.name)}", width="stretch")
            _button("Up", run, partial(queue.move, run, place - 1), place > 0, "One place earlier.")
            later = place < len(runs) - 1
            _button("Down", run, partial(queue.move, run, place + 1), later, "One place later.")
            _button("Withdraw", run, partial(queue.withdraw, run), True, "Not trained. It stays in the list.")


def waits(run: Run) -> None:
    """What to say of a run that waits."""
    before = queue.ahead(run)
    others = "one other run" if before == 1 else f"{before:,} other runs"
    st.info(f"Waits its turn: {others} first." if before else "Is about to start.")


def _button(label: str, run: Run, do: Callable[[], object], enabled: bool, words: str) -> None:
    st.button(label, key=f"{label} {run.id}", on_click=_attempt, args=(do,), disabled=not enabled, help=words)


def _attempt(do: Callable[[], object]) -> None:
    try:
        do()
    except PawlabError as error:  # it has begun, or was withdrawn in another tab
        st.session_state[_FAILED] = error
