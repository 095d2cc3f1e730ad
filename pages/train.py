"""Training: choose the settings, start, watch the curves grow, compare runs."""

import streamlit as st

from core.training.labels import told_apart
from core.training.queue import at_work as run_at_work
from core.training.runs import ACTIVE, Run
from core.training.shelf import Shelf, list_runs
from pages.ui.queue import look_after_queue, queue_list
from pages.ui.runs import AT_WORK, WATCHED, look_at, watch, watched_run
from pages.ui.training_actions import reopened
from pages.ui.training_experiment import experiment
from pages.ui.training_progress import at_work, curves
from pages.ui.training_result import ended
from pages.ui.training_runs import table
from pages.ui.training_samples import sample_answers
from pages.ui.training_start import setup
from pages.ui.words import when

TICK = 0.4  # seconds between two looks at a run at work


def main() -> None:
    st.title("Training")
    st.write("Train a small head on top of a pre-trained network, and watch it learn.")
    left, right = st.columns([2, 3], gap="large")
    look_after_queue()
    shelf = list_runs()
    with right:
        watching(shelf)
        queue_list()
    experiment(shelf)
    table(shelf)  # before the left side, which ends the page where the dataset cannot be opened
    with left:
        reopened()
        setup(run_at_work())


def watching(shelf: Shelf) -> None:
    st.subheader("Progress and result")
    run = watched_run(shelf)
    if run is None:
        st.info("No run yet. Choose the settings and press Start training: the curves will appear here.")
        return
    watch(run)
    named = told_apart({run.id: f"{run.name}, {when(run.created)}" for run in shelf.runs})
    st.selectbox(
        "Run to look at",
        list(named),
        format_func=lambda id: named[id],
        key=WATCHED,
        help="All runs, newest first. The others go on unwatched.",
    )
    ticking = look_at(run).status in ACTIVE
    st.fragment(follow, run_every=TICK if ticking else None)(run, ticking)


def follow(run: Run, ticking: bool) -> None:
    """The run as its folder tells it now."""
    look = look_at(run)
    history, status = look.history, look.status
    if ticking != (status in ACTIVE):
        st.rerun()  # of the whole page: turns the timer off or, after Resume, on; updates the table and the queue
    if status == "waiting":
        look_after_queue()
    if status in AT_WORK:
        at_work(run, history, status)
    else:
        ended(run, history, status)
    curves(run, history, status)
    sample_answers(run, history, status)


main()
