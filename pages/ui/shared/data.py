"""The dataset that is open in this session, and the progress of opening another one."""

from pathlib import Path
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.datasets import Dataset
from core.datasets.current import has_opened
from core.datasets.opening import Opening, Openings
from core.datasets.source import BY_NAME, SAMPLE, Source, resolve_source
from core.errors import Cancelled, DatasetError, NamedFilesError, UnlabelledError
from pages.ui.label.chosen import label
from pages.ui.shared import session
from pages.ui.shared.progress import AT_ONCE, TICK, bar_and_stop, show_step
from pages.ui.shared.text import plain, show_error

_FAILED = "opening_failed"  # session key: the job that failed or was stopped, until its message is dismissed
# Streamlit's own status widget has a Stop button too, which would leave a bar that stands still.
_NO_SECOND_STOP = "<style>[data-testid='stStatusWidget'] {display: none}</style>"


@st.cache_resource(show_spinner=False)
def openings() -> Openings:
    """The one `Openings` of this server."""
    return Openings()


def dataset() -> Dataset:
    """This session's dataset. If this server has not opened it yet, opens it and shows progress; if it cannot be
    opened, ends the page's run with an explanation."""
    while (opened := open_now()) is None:
        if not session.is_this_window():
            st.stop()
        failed = _failed()
        if failed is not None and failed.key == session.source():
            _explain_that_none_is_open(failed)
            st.stop()
        _wait_for(_job() or openings().start(session.source(), session.session_id()))
    return opened


def open_if_any() -> Dataset | None:
    """`dataset()` for a page that can do without one. Opens what was open before, if anything was: shows the progress,
    and runs the page again once it is there; says why where it cannot be opened."""
    opened, failed = open_now(), _failed()
    if opened is not None or not (has_opened() or _job()) or not session.is_this_window():
        return opened
    if failed is not None and failed.key == session.source():
        _explain_that_none_is_open(failed)
        return None
    job = _job() or openings().start(session.source(), session.session_id())
    if not job.wait(AT_ONCE):
        st.fragment(_follow, run_every=TICK)(job, "You can leave or reload this page meanwhile.")
    elif job.error is not None:
        st.rerun()
    return open_now()


def is_open(dataset: Dataset) -> bool:
    """Whether this is the dataset that this session shows, perhaps with other edits."""
    opened = open_now()
    return opened is not None and opened.root == dataset.root


def open_now() -> Dataset | None:
    """This session's dataset, unless this server has yet to open it."""
    _arrive()
    try:
        return openings().opened(session.source())
    except DatasetError as error:  # broken edits, which were moved aside: the next call finds none
        show_error(error)
        return openings().opened(session.source())


def start(source: str | Path | Source, *, download_again: bool = False) -> None:
    """Begins to open `source` for this session and tells how it ends. For buttons' `on_click` too."""
    forget()
    job = openings().start(resolve_source(source), session.session_id(), download_again=download_again)
    job.wait(AT_ONCE)


def opening_status() -> None:
    """Progress of what this session is opening, or why it failed, beside another dataset that is open or is being
    opened. Of that one `dataset()` shows both while it is not open."""
    is_open = open_now() is not None
    job, failed = _job(), _failed()
    if is_open and job is not None:
        st.fragment(_follow, run_every=TICK)(job, "The open dataset stays open until then.")
    elif failed is None or (not is_open and failed.key == session.source()):
        return
    elif isinstance(failed.error, Cancelled):
        st.info(f"Stopped opening {_named(failed.key)}. The previous dataset is still open.")
    elif failed.error is not None:
        _why(failed)
        with st.container(horizontal=True, vertical_alignment="center"):
            if is_open:
                st.caption("The previous dataset is still open.", width="content")
            _offer(failed)
            st.button("Dismiss", on_click=forget, type="tertiary", help="Hides this message.")


def forget() -> None:
    """Hides why an opening failed."""
    st.session_state.pop(_FAILED, None)


def _job() -> Opening | None:
    return openings().job(session.session_id()) if session.is_this_window() else None


def _failed() -> Opening | None:
    failed: Opening | None = st.session_state.get(_FAILED)
    return failed


def _arrive() -> None:
    """Takes over what this session was opening once that has ended: the dataset, or the reason why there is none."""
    job = _job()
    if job is None or not job.done:
        return
    openings().leave(session.session_id())
    if job.error is None:
        session.set_source(job.key)
    else:
        st.session_state[_FAILED] = job


def _follow(job: Opening, note: str) -> None:
    if job.done:
        st.rerun()  # of the whole page: shows the new dataset or the error, and turns the timer off
    with st.container(border=True):
        bar = _bar(job, note)
        show_step(bar, job)


def _wait_for(job: Opening) -> None:
    """Shows an opening until it is done. Pressing its button or changing pages ends the wait."""
    place = st.empty()
    with place.container(border=True):
        st.html(_NO_SECOND_STOP)
        bar = _bar(job, "You can leave or reload this page meanwhile.")
    while not job.done:
        show_step(bar, job)
        job.wait(TICK)
    place.empty()


def _bar(job: Opening, note: str) -> DeltaGenerator:
    stop_help = "The open dataset stays open. What was downloaded is kept for next time."
    return bar_and_stop(job, f"Opening {_named(job.key)}. {note}", stop_help, stop)


def stop() -> None:
    """Stops what this session is opening."""
    openings().stop(session.session_id())


def _named(source: Source) -> str:
    """A source in a sentence, safe for Markdown."""
    return f"the {source.title[0].lower()}{source.title[1:]}" if source.kind == "sample" else plain(source.name)


def _why(job: Opening) -> None:
    if isinstance(job.error, UnlabelledError):
        received = plain(job.error.received.rstrip("."))
        one = "If they are all of one class, open the folder above it: it has a folder for each class."
        st.info(f"**These images have no labels yet.** Label them here. {received}. {one}")
    elif job.error is not None:
        show_error(job.error)


def _offer(job: Opening) -> None:
    """What else can be done with the same files."""
    if isinstance(job.error, NamedFilesError):
        st.button(
            "Use the names of the files as classes",
            on_click=start,
            args=(BY_NAME + job.key.text,),
            type="primary",
            help="Opens the same files: cat.0.jpg is of the class cat. Nothing is moved or renamed.",
        )
    if isinstance(job.error, (NamedFilesError, UnlabelledError)):
        kind: Literal["primary", "secondary"] = "primary" if isinstance(job.error, UnlabelledError) else "secondary"
        help = "Shows one image after the other and learns from your answers. Nothing is moved or renamed."
        if st.button("Label these images", on_click=label, args=(job.key,), type=kind, help=help):
            forget()
            st.switch_page("label.py")


def _explain_that_none_is_open(job: Opening) -> None:
    if isinstance(job.error, Cancelled):
        st.info(f"Stopped opening {_named(job.key)}. No dataset is open.")
    else:
        _why(job)
    with st.container(horizontal=True):
        _offer(job)
        st.button("Try again", on_click=start, args=(job.key,), help="Opens the same data again.")
        if job.key.kind != "sample":
            st.button(
                "Open the drawn sample instead",
                on_click=start,
                args=(SAMPLE,),
                type="secondary" if isinstance(job.error, (NamedFilesError, UnlabelledError)) else "primary",
                help="Cats and dogs that Pawlab draws itself. Needs no network and no photos.",
            )
