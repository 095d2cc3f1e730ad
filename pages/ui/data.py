"""The open dataset, shared by all pages and all sessions, and how the opening of another is shown."""

from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.datasets import Dataset
from core.datasets.current import SAMPLE, current_source
from core.datasets.opening import Opening, Openings, Step
from core.datasets.remote import is_remote, name_of
from core.errors import Cancelled
from pages.ui.words import PHASES, plain, show_error

TICK = 0.4  # seconds between two looks at an opening
AT_ONCE = 0.3  # seconds: what opens within them shows no progress
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
    while (found := openings().opened(current_source())) is None:
        job = openings().job
        if job is None or (job.done and not _concerns_us(job)):
            job = openings().start(current_source())
        elif job.done:
            _explain_that_none_is_open(job)
            st.stop()
        _wait_for(job)
    return found


def start(source: str, again: bool = False) -> None:
    """Begins to open `source` for all pages; this session will hear of the end. For buttons' `on_click` too."""
    job = openings().start(source, again=again)
    _see(job)
    job.wait(AT_ONCE)


def opening_status() -> None:
    """What becomes of the latest opening while another dataset is open: progress, or why it failed. Where none is open,
    `dataset()` shows both."""
    job = openings().job
    if job is None or openings().opened(current_source()) is None:
        return
    if not job.done:
        _see(job)
        st.fragment(_follow, run_every=TICK)(job)
    elif isinstance(job.error, Cancelled) and _concerns_us(job):
        st.info(f"Stopped opening {_named(job.source)}. The dataset that was open before is still open.")
    elif job.error is not None and _concerns_us(job):
        show_error(job.error)
        st.caption("The dataset that was open before is still open.")


def _concerns_us(job: Opening) -> bool:
    """An opening that failed is explained to those who saw it at work, and to all where it left nothing to show."""
    return job.error is not None and (st.session_state.get(_SEEN) == job.id or job.source == current_source())


def _see(job: Opening) -> None:
    st.session_state[_SEEN] = job.id


def _follow(job: Opening) -> None:
    if job.done:
        st.rerun()  # of the whole page: shows the new dataset or the error, and turns the timer off
    with st.container(border=True):
        bar = _bar_and_stop(job, "The dataset below stays open meanwhile.")
        _show(bar, job)


def _wait_for(job: Opening) -> None:
    """Shows an opening until it is done. A press of its button, or a change of pages, ends the wait."""
    _see(job)
    place = st.empty()
    with place.container(border=True):
        st.html(_NO_SECOND_STOP)
        bar = _bar_and_stop(job, "You may leave or reload this page: it goes on.")
    while not job.done:
        _show(bar, job)
        job.wait(TICK)
    place.empty()


def _bar_and_stop(job: Opening, note: str) -> DeltaGenerator:
    place, button = st.columns([4, 1], vertical_alignment="center")
    bar = place.empty()
    place.caption(f"Opening {_named(job.source)}. {note}")
    button.button(
        "Stop",
        on_click=job.cancel,
        disabled=job.stopping,
        key=f"stop_opening_{job.id}",
        help="The open dataset stays as it is. What was downloaded is kept for the next time.",
        width="stretch",
    )
    return bar


def _show(bar: DeltaGenerator, job: Opening) -> None:
    step = job.look()
    words = "Stopping" if job.stopping else step_in_words(step)
    bar.progress(min(1.0, step.done / step.total) if step.total else 0.0, words)


def step_in_words(step: Step) -> str:
    """Phase, amount and time left, as far as they are known."""
    name = PHASES.get(step.phase, step.phase.capitalize())
    if step.phase == "download":
        counted = (
            f"{step.done / 1e6:,.1f} of {step.total / 1e6:,.1f} MB" if step.total else f"{step.done / 1e6:,.1f} MB"
        )
        if not step.done:
            counted = "asking the server"
    elif step.total:
        counted = f"{step.done:,} of {step.total:,} files"
    else:
        counted = f"{step.done:,} files" if step.done else ""
    left = f"about {_duration(step.seconds_left)} left" if step.seconds_left is not None else ""
    return ": ".join(filter(None, (name, ", ".join(filter(None, (counted, left))))))


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} hours"


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
