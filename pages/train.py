"""Training: choose the settings, start, watch the curves grow, compare runs."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.runs.names import disambiguate
from core.runs.queue import at_work as run_at_work
from core.runs.run import ACTIVE, Run
from core.runs.store import RunList, list_runs
from pages.ui.components.reveal import reveal, revealed_here
from pages.ui.shared.runs import AT_WORK, WATCHED, look_at, watch, watched_run
from pages.ui.shared.text import when
from pages.ui.train.actions import is_reopened, reopened
from pages.ui.train.experiment import experiment
from pages.ui.train.progress import at_work, curves
from pages.ui.train.queue import look_after_queue, queue_list
from pages.ui.train.result import details, ended
from pages.ui.train.runs import table
from pages.ui.train.samples import sample_predictions
from pages.ui.train.start import PROGRESS, setup

TICK = 0.4  # seconds between two looks at a run at work


def main() -> None:
    st.title("Training")
    look_after_queue()
    run_list = list_runs()
    run, busy = watched_run(run_list), run_at_work()
    if busy is not None and look_at(busy).status not in ACTIVE:
        busy = None  # it has said its last word, and its process is about to exit
    training = busy is not None or (run is not None and look_at(run).status in ACTIVE)
    if training:  # the form folds: curves, predictions and progress have the screen
        left, right = st.columns([2, 3], vertical_alignment="top")
        # A new key for each watched run: one that was opened by hand folds again after Start.
        form: DeltaGenerator = left.expander("New run", expanded=is_reopened(), key=f"new_run_{run.id if run else ''}")
        place, result = right, st.container()
    else:
        form, place = st.columns([2, 3], gap="large")
        result = place
        st.container()  # where `result` is otherwise: nothing below is drawn anew
    with place:
        choose(run, run_list)
    with result:
        watching(run, wide=training)
        queue_list()
    experiment(run_list)
    table(run_list)
    with form:  # last: it ends the page where the dataset cannot be opened
        reopened()
        setup(busy, folded=training, is_next=training or run is None or not run.has_model())


def choose(run: Run | None, run_list: RunList) -> None:
    """Which run is watched."""
    if run is None:
        revealed_here(PROGRESS)
        return
    watch(run)
    named = disambiguate({run.id: f"{run.name}, {when(run.created)}" for run in run_list.runs})
    st.selectbox(
        "Run",
        list(named),
        format_func=lambda id: named[id],
        key=WATCHED,
        label_visibility="collapsed",
        help="All runs, newest first. Switching to another run stops none of them.",
    )
    revealed_here(PROGRESS)


def watching(run: Run | None, *, wide: bool) -> None:
    if run is None:
        st.info("No runs yet. Choose the settings and press Start training. The curves appear here.")
        return
    ticking = look_at(run).status in ACTIVE
    st.fragment(follow, run_every=TICK if ticking else None)(run, ticking=ticking, wide=wide)


def follow(run: Run, *, ticking: bool, wide: bool) -> None:
    """The current state of the run: progress or result, curves, sample predictions."""
    if not run.directory.is_dir():
        st.rerun()  # of the whole page, which says that it was deleted elsewhere
    look = look_at(run)
    history, status = look.history, look.status
    if ticking != (status in ACTIVE):
        reveal("phone", PROGRESS)  # the form opens again above it
        st.rerun()  # of the whole page: turns the timer off or, after Resume, on; updates the table and the queue
    if status == "waiting":
        look_after_queue()
    if status in AT_WORK:
        at_work(run, history, status)
    else:
        ended(run, history, status)
    left, right = st.columns([3, 2], gap="medium") if wide else (st.container(), st.container())
    with left:
        curves(run, history, status)
    with right:
        sample_predictions(run, history, status)
    if status not in AT_WORK:
        details(run, history)


main()
