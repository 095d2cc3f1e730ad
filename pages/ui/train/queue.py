"""The queue: one run trains at a time, since two at once would only share the processor."""

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from core.errors import PawlabError
from core.runs import queue
from core.runs.run import Run
from pages.ui.shared.runs import renew
from pages.ui.shared.text import plain, show_error

_FAILED = "queue_failed"
EVERY = 2.0  # seconds between two looks at the queue


def look_after_queue() -> None:
    """Starts the next run if nothing else has, and shows why a button of the queue failed."""
    if error := st.session_state.pop(_FAILED, None):
        show_error(error)
    try:
        queue.start_next()
    except PawlabError as error:
        show_error(error)


def queue_list() -> None:
    """The queued runs with their buttons. Draws nothing where none waits."""
    if runs := queue.waiting():
        st.fragment(_follow, run_every=EVERY)([run.id for run in runs])


def _follow(drawn: Sequence[str]) -> None:
    """Looks again and again: runs begin, and are withdrawn in other windows. `drawn` are those when the page was."""
    runs = queue.waiting()
    if [run.id for run in runs] != list(drawn) or _FAILED in st.session_state:
        st.rerun()  # of the whole page, whose table changes too
    st.subheader("Queue")
    for place, run in enumerate(runs):
        with st.container(horizontal=True, vertical_alignment="center", key=f"queue_{place}"):
            st.markdown(f"{place + 1}. {plain(run.name)}", width="stretch")
            _button("Up", run, partial(queue.move, run, place - 1), "Moves the run one place up.", enabled=place > 0)
            later = place < len(runs) - 1
            _button("Down", run, partial(queue.move, run, place + 1), "Moves the run one place down.", enabled=later)
            _button(
                "Withdraw",
                run,
                partial(queue.withdraw, run),
                "Takes the run out of the queue. It stays in the list.",
                enabled=True,
            )


def waits(run: Run) -> None:
    """The place of a run in the queue."""
    before = queue.ahead(run)
    st.info(f"In the queue: {before:,} {'run' if before == 1 else 'runs'} ahead." if before else "About to start.")


def _button(label: str, run: Run, do: Callable[[], object], words: str, *, enabled: bool) -> None:
    st.button(label, key=f"{label} {run.id}", on_click=_attempt, args=(run, do), disabled=not enabled, help=words)


def _attempt(run: Run, do: Callable[[], object]) -> None:
    try:
        do()
        renew(run)
    except PawlabError as error:  # it has begun, or was withdrawn in another tab
        st.session_state[_FAILED] = error
