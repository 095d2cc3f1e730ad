"""The display of a background job: a bar with phase, count and time left, and a Stop button."""

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.jobs.background import Job, Step
from pages.ui.shared.text import PHASES

TICK = 0.4  # seconds between two updates
AT_ONCE = 0.3  # seconds: a job that ends sooner shows no progress
UNITS = {
    "verify": "pairs",
    "compare": "images",
    "features": "images",
    "typical": "images",
    "write": "images",
    "robustness": "images",
    "tensorflow": "steps",
    "check": "steps",
    "classify": "images",
    "cross-validate": "fits",
    "search": "searches",
    "copy": "images",
    "looks": "images",
    "label errors": "fits",
    "learning curve": "fits",
    "class weights": "fits",
    "relabelling": "fits",
    "settings": "fits",
}


def bar_and_stop(job: Job, note: str, stop_help: str, stop: Callable[[], None] | None = None) -> DeltaGenerator:
    """Draws the bar and the Stop button, with a note below. Returns the place of the bar, for `show_step`.

    Args:
        stop: What the button does, if not to cancel the job.
    """
    place, button = st.columns([4, 1], vertical_alignment="center")
    bar = place.empty()
    place.caption(note)
    button.button(
        "Stop",
        on_click=stop or job.cancel,
        disabled=job.stopping,
        key=f"stop_{job.id}",
        help=stop_help,
        width="stretch",
    )
    return bar


def show_step(bar: DeltaGenerator, job: Job) -> None:
    step = job.progress
    words = "Stopping" if job.stopping else step_in_words(step)
    bar.progress(min(1.0, step.done / step.total) if step.total else 0.0, words)


@st.fragment(run_every=TICK)
def follow(job: Job, note: str, stop_help: str) -> None:
    """The same as a fragment, on a page that stays usable: updates itself, and reruns the page at the end."""
    if job.done:
        st.rerun()
    with st.container(border=True):
        show_step(bar_and_stop(job, note, stop_help), job)


def step_in_words(step: Step) -> str:
    """Phase, count and time left, as far as they are known."""
    name = PHASES.get(step.phase, step.phase.capitalize())
    if step.phase == "download":
        counted = (
            f"{step.done / 1e6:,.1f} of {step.total / 1e6:,.1f} MB" if step.total else f"{step.done / 1e6:,.1f} MB"
        )
        if not step.done:
            counted = "contacting the server"
    elif step.total:
        counted = f"{step.done:,} of {step.total:,} {UNITS.get(step.phase, 'files')}"
    else:
        counted = f"{step.done:,} files" if step.done else ""
    left = f"about {_duration(step.seconds_left)} left" if step.seconds_left is not None else ""
    return ": ".join(filter(None, (name, ", ".join(filter(None, (counted, left))))))


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
