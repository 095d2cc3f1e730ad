"""How a job on a thread is shown: a bar with phase, amount and time left, and a button that stops it."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.jobs import Job, Step
from pages.ui.words import PHASES

TICK = 0.4  # seconds between two looks at a job
AT_ONCE = 0.3  # seconds: what is done within them shows no progress
UNITS = {
    "verify": "pairs",
    "compare": "pictures",
    "features": "pictures",
    "write": "pictures",
    "robustness": "pictures",
    "tensorflow": "steps",
    "check": "steps",
    "classify": "pictures",
}


def bar_and_stop(job: Job, note: str, stop_help: str) -> DeltaGenerator:
    """Draws both, with a note beneath; gives the bar's place for `show_step`."""
    place, button = st.columns([4, 1], vertical_alignment="center")
    bar = place.empty()
    place.caption(note)
    button.button(
        "Stop", on_click=job.cancel, disabled=job.stopping, key=f"stop_{job.id}", help=stop_help, width="stretch"
    )
    return bar


def show_step(bar: DeltaGenerator, job: Job) -> None:
    step = job.look()
    words = "Stopping" if job.stopping else step_in_words(step)
    bar.progress(min(1.0, step.done / step.total) if step.total else 0.0, words)


@st.fragment(run_every=TICK)
def follow(job: Job, note: str, stop_help: str) -> None:
    """The same for a job beside a page that can be used meanwhile: moves by itself, and reruns the page at the end."""
    if job.done:
        st.rerun()
    with st.container(border=True):
        show_step(bar_and_stop(job, note, stop_help), job)


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
        counted = f"{step.done:,} of {step.total:,} {UNITS.get(step.phase, 'files')}"
    else:
        counted = f"{step.done:,} files" if step.done else ""
    left = f"about {_duration(step.seconds_left)} left" if step.seconds_left is not None else ""
    return ": ".join(filter(None, (name, ", ".join(filter(None, (counted, left))))))


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
