"""The open dataset, shared by all pages and all sessions, and how the opening of another is shown."""

from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.datasets import Dataset
from core.datasets.current import SAMPLE, current_source
from core.datasets.opening import Opening, Openings
from core.datasets.remote import is_remote, name_of
from core.errors import Cancelled, DatasetError
from pages.ui.progress import AT_ONCE, TICK, bar_and_stop, show_step
from pages.ui.words import plain, show_error

_SEEN = "opening_seen"  # session key: the opening that this session began, or saw at work
# Streamlit's own sign of work has a button that is called Stop too, and leaves a bar that stands still.
_NO_SECOND_STOP = "<style>[data-testid='stStatusWidget'] {display: none}</style>"


@st.cache_resource(show_spinner=False)
def openings() -> Openings:
    """The one of this server."""
    return Openings()


def dataset() -> Dataset:
    """The open dataset. Where none is open yet, opens the one that was open last and waits for it with progress; ends
    the page's run with an explanation where it cannot be opened."""
    while (found := _opened()) is None:
        job = openings().job
        if job is None or (job.done and not _concerns_us(job)):
            job = openings().start(current_source())
        elif job.done:
            _explain_that_none_is_open(job)
            st.stop()
        _wait_for(job)
    return found


def is_open(found: Dataset) -> bool:
    """Whether this is the dataset that all pages show, perhaps with other edits."""
    opened = _opened()
    return opened is not None and opened.root == found.root


def _opened() -> Dataset | None:
    try:
        return openings().opened(current_source())
    except DatasetError as error:  # broken edits, which were moved aside: the next call finds none
        show_error(error)
        return openings().opened(current_source())


def start(source: str, again: bool = False) -> None:
    """Begins to open `source` for all pages; this session will hear of the end. For buttons' `on_click` too."""
    job = openings().start(source, again=again)
    _see(job)
    job.wait(AT_ONCE)


def opening_status() -> None:
    """What becomes of the latest opening while another dataset is open: progress, or why it failed. Where none is open,
    `dataset()` shows both."""
    job = openings().job
    if job is None or _opened() is None:
        return
    if not job.done:
        _see(job)
        st.fragment(_follow, run_every=TICK)(job)
    elif not _seen(job):
        return
    elif isinstance(job.error, Cancelled):
        st.info(f"Stopped opening {_named(job.source)}. The dataset that was open before is still open.")
    elif job.error is not None:
        show_error(job.error)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption("The dataset that was open before is still open.", width="content")
            st.button("Close this message", on_click=forget, type="tertiary", help="The chooser above stays as it is.")


def forget() -> None:
    """This session has read why an opening failed."""
    st.session_state.pop(_SEEN, None)


def _concerns_us(job: Opening) -> bool:
    """An opening that failed is explained to those who saw it at work, and to all where it left nothing to show."""
    return job.error is not None and (_seen(job) or job.source == current_source())


def _seen(job: Opening) -> bool:
    return bool(st.session_state.get(_SEEN) == job.id)


def _see(job: Opening) -> None:
    st.session_state[_SEEN] = job.id


def _follow(job: Opening) -> None:
    if job.done:
        st.rerun()  # of the whole page: shows the new dataset or the error, and turns the timer off
    with st.container(border=True):
        bar = _bar(job, "The dataset below stays open meanwhile.")
        show_step(bar, job)


def _wait_for(job: Opening) -> None:
    """Shows an opening until it is done. A press of its button, or a change of pages, ends the wait."""
    _see(job)
    place = st.empty()
    with place.container(border=True):
        st.html(_NO_SECOND_STOP)
        bar = _bar(job, "You may leave or reload this page: it goes on.")
    while not job.done:
        show_step(bar, job)
        job.wait(TICK)
    place.empty()


def _bar(job: Opening, note: str) -> DeltaGenerator:
    stop_help = "The open dataset stays as it is. What was downloaded is kept for the next time."
    return bar_and_stop(job, f"Opening {_named(job.source)}. {note}", stop_help)


def _named(source: str) -> str:
    """A source in a sentence, safe for Markdown."""
    if source == SAMPLE:
        return "the drawn sample"
    return plain(name_of(source) if is_remote(source) else Path(source).name or source)


def _explain_that_none_is_open(job: Opening) -> None:
    if isinstance(job.error, Cancelled):
        st.info(f"Stopped opening {_named(job.source)}: no dataset is open now.")
    elif job.error is not None:
        show_error(job.error)
    with st.container(horizontal=True):
        st.button("Try again", on_click=start, args=(job.source,), help="Opens the same data once more.")
        if job.source != SAMPLE:
            st.button(
                "Open the drawn sample instead",
                on_click=start,
                args=(SAMPLE,),
                type="primary",
                help="Cats and dogs that Pawlab draws itself: needs no network and no photos.",
            )
