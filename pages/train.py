"""Training: choose the settings, start, watch the curves grow, compare runs."""

import time

import pandas as pd
import streamlit as st

from core.datasets.current import current_source
from core.errors import PawlabError
from core.statistics import wilson_interval
from core.training.history import History
from core.training.jobs import log_tail, reason, start_run
from core.training.queue import at_work as run_at_work
from core.training.runs import ACTIVE, Run, Shelf, create_run, list_runs
from pages.ui.augment_words import augmentation_in_words
from pages.ui.data import dataset
from pages.ui.live_chart import live_chart
from pages.ui.queue import look_after_queue, queue_list, waits
from pages.ui.runs import WATCHED, curves_of, history_of, watch, watched_run
from pages.ui.state import augmentation
from pages.ui.training_form import chosen_settings, training_form
from pages.ui.words import PHASES, plain, show_error

TICK = 0.5  # seconds between two looks at a run at work
STEPS = ("data", "weights", "features", "head", "save")
STATUS = {
    "waiting": "waiting",
    "running": "running",
    "stopping": "stopping",
    "finished": "finished",
    "cancelled": "stopped",
    "failed": "failed",
    "interrupted": "interrupted",
}
NAME = "training_name"


def main() -> None:
    st.title("Training")
    st.write("Train a small head on top of a pre-trained network, and watch it learn.")
    left, right = st.columns([2, 3], gap="large")
    look_after_queue()
    shelf = list_runs()
    with right:
        watching(shelf)
        queue_list()
    table(shelf)  # before the left side, which ends the page where the dataset cannot be opened
    with left:
        setup(run_at_work())


def setup(busy: Run | None) -> None:
    st.subheader("New run")
    found = dataset()
    counts = {split: sum(labels.values()) for split, labels in found.counts().items() if split != "test"}
    name = "Drawn sample" if found.origin == "sample" else plain(found.name)
    st.markdown(f"**{name}**: {counts['train']:,} pictures to train on, {counts['validation']:,} to validate.")
    if found.origin == "sample":
        st.caption("These are pictures drawn by Pawlab, not photos: the score says nothing about photos.")
    training_form()
    words = augmentation_in_words(augmentation())
    st.caption(words if chosen_settings().copies else "No augmented copies: training sees each picture as it is.")
    st.page_link("augment.py", label="Change the augmentation", help="Tune it by eye; this page uses what you set.")
    st.text_input(
        "Name of the run",
        key=NAME,
        max_chars=60,
        persist_state="session",
        placeholder="chosen for you",
        help="To find it again in the list. It may stay empty.",
    )
    st.button(
        "Start training",
        type="primary",
        on_click=start_new,
        help="Runs in a process of its own: you may leave or close this page.",
    )
    if busy:
        st.caption(f"“{plain(busy.name)}” is being trained: a new run waits its turn.")


def start_new() -> None:
    """Reads the controls when pressed: a value typed just before has arrived by then."""
    try:
        run = create_run(current_source(), chosen_settings(), st.session_state.get(NAME, "").strip())
    except PawlabError as error:
        show_error(error)
        return
    watch(run)
    start(run)


def start(run: Run) -> None:
    try:
        start_run(run)
    except PawlabError as error:
        show_error(error)


def watching(shelf: Shelf) -> None:
    st.subheader("Progress and result")
    run = watched_run(shelf)
    if run is None:
        st.info("No run yet. Choose the settings and press Start training: the curves will appear here.")
        return
    watch(run)
    named = {run.id: f"{run.name}, {when(run)}" for run in shelf.runs}
    st.selectbox(
        "Run to look at",
        list(named),
        format_func=lambda id: named[id],
        key=WATCHED,
        help="All runs, newest first. The others go on unwatched.",
    )
    ticking = run.status(history_of(run)) in ACTIVE
    st.fragment(follow, run_every=TICK if ticking else None)(run, ticking)


def follow(run: Run, ticking: bool) -> None:
    """The run as its folder tells it now."""
    history = history_of(run)
    status = run.status(history)
    if ticking and status not in ACTIVE:
        st.rerun()  # of the whole page: turns the timer off, updates the table and the queue
    if status == "waiting":
        look_after_queue()
    if status in ("running", "stopping"):
        at_work(run, history, status)
    else:
        ended(run, history, status)
    curves(run, history)


def at_work(run: Run, history: History, status: str) -> None:
    step = STEPS.index(history.phase) + 1 if history.phase in STEPS else 1
    place, button = st.columns([4, 1], vertical_alignment="center")
    words = "Stopping: the step at hand is finished first." if status == "stopping" else phase_in_words(run, history)
    place.progress(share_done(run, history), f"Step {step} of {len(STEPS)}: {PHASES.get(history.phase, 'Starting')}")
    place.caption(words)
    button.button(
        "Stop",
        on_click=run.cancel,
        disabled=status == "stopping",
        key="stop",
        help="Keeps the best model so far. You can resume later.",
        width="stretch",
    )


def phase_in_words(run: Run, history: History) -> str:
    if history.phase == "head":
        best, epoch = history.best, len(history.epochs)
        begun = f"Epoch {min(epoch + 1, run.config.epochs)} of {run.config.epochs}"
        if not best:
            return begun
        return f"{begun}. Best so far: epoch {best['epoch']} with {best['val_accuracy']:.1%} validation accuracy."
    if history.total:
        counted = f"{history.done:,} of {history.total:,}"
        if history.phase != "features" or history.rate <= 0:
            return counted
        left = (history.total - history.done) / history.rate
        return f"{counted} pictures, {history.rate:,.0f} a second, about {duration(left)} left for this part."
    return "This takes a few seconds, longer where something must be downloaded."


def share_done(run: Run, history: History) -> float:
    """Of the step at hand, 0..1."""
    if history.phase == "head":
        latest = history.batches[-1] if history.batches else None
        done = latest["epoch"] - 1 + latest["batch"] / latest["batches"] if latest else 0.0
        return float(min(1.0, done / run.config.epochs))
    return min(1.0, history.done / history.total) if history.total else 0.0


def ended(run: Run, history: History, status: str) -> None:
    if status == "failed":
        st.error(f"Failed: {plain(history.reason) or 'the worker gave no reason.'}")
    elif status == "interrupted":
        st.warning(f"Interrupted: {plain(reason(run, history))}")
    elif status == "cancelled":
        st.warning(f"{plain((history.reason or 'Stopped').rstrip('.'))}.")
    elif run.queued():
        waits(run)
    elif status == "waiting":
        st.info("Created, but never started.")
    if status != "finished" and not run.queued():
        st.button(
            "Start" if status == "waiting" else "Resume",
            on_click=start,
            args=(run,),
            key="resume",
            help="Goes on after the last saved epoch, or from the beginning where there is none. Waits its turn.",
        )
    if status in ("failed", "interrupted") and (tail := log_tail(run)):
        with st.expander("What the process printed last"):
            st.code(tail, language=None)
    if run.has_model():
        try:
            result(run, history)
        except (PawlabError, KeyError, TypeError, ValueError) as error:
            st.error(f"The result of this run cannot be read: {plain(str(error))}")


def result(run: Run, history: History) -> None:
    summary = run.summary()
    accuracy, total = summary["val_accuracy"], sum(summary["counts"]["validation"].values())
    low, high = wilson_interval(round(accuracy * total), total)
    with st.container(horizontal=True, gap="large"):
        st.metric(
            "Validation accuracy",
            f"{accuracy:.1%}",
            help="Share of the validation pictures that were named correctly.",
            width="content",
        )
        st.metric(
            "Validation loss",
            f"{summary['val_loss']:.4f}",
            help="At the best epoch, with the L2 penalty.",
            width="content",
        )
        st.metric(
            "Best epoch",
            f"{summary['best_epoch']} of {summary['epochs']}",
            help="The one with the lowest validation loss: its weights are kept.",
            width="content",
        )
    st.write(
        f"{accuracy * 100:.1f} %; with {total:,} validation pictures the true value is likely between "
        f"{low * 100:.1f} and {high * 100:.1f} % (95 % interval)."
    )
    notes = []
    if run.config.augment_validation and run.config.copies:
        notes.append("Augmented copies of the validation pictures were scored too: compare with such runs only.")
    if history.early_stop:
        stopped, patience = history.early_stop["epoch"], run.config.early_stopping_patience
        notes.append(f"Ended early at epoch {stopped}: {patience} epochs brought no lower validation loss.")
    times = [f"{PHASES[step]} {duration(summary['seconds'][step])}" for step in STEPS if step in summary["seconds"]]
    notes.append(f"Time: {', '.join(times)}. Pre-trained weights: {plain(str(summary['weights']['description']))}.")
    st.caption(" ".join(notes))


def curves(run: Run, history: History) -> None:
    if not history.batches and not history.epochs:
        return
    alt = (
        f"Curves of accuracy and loss over {len(history.epochs)} epochs of the run {run.name}, training and validation"
    )
    live_chart(curves_of(run, history), alt, key=f"curves-{run.id}")
    st.caption(
        "The loss is the cross-entropy plus the L2 penalty on large weights, for validation too. Training scores are "
        "measured while the network still learns, with neurons dropped, so validation may look better. Drag to zoom, "
        "double-click to see all."
    )


def table(shelf: Shelf) -> None:
    st.subheader("All runs")
    if shelf.runs:
        st.dataframe(pd.DataFrame([row(run) for run in shelf.runs]), hide_index=True, width="stretch")
    else:
        st.caption("Every run will be listed here, also those started from the command line.")
    if shelf.broken:
        with st.expander(f"Folders that hold no readable run: {len(shelf.broken)}"):
            st.dataframe([{"folder": name, "reason": why} for name, why in shelf.broken.items()], hide_index=True)


def row(run: Run) -> dict[str, object]:
    history = history_of(run)
    best = history.best
    return {
        "name": run.name,
        "status": STATUS[run.status(history)],
        "validation accuracy": f"{best['val_accuracy']:.1%}" if best else "",
        "best epoch": str(best["epoch"]) if best else "",
        "started": when(run),
        "dataset": "drawn sample" if run.source == "sample" else run.source.rstrip("/").rsplit("/", 1)[-1],
        "head": run.config.pooling,
    }


def when(run: Run) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(run.created))


def duration(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


main()
