"""A run at work: which step it is at, how long that takes, and the curves so far."""

import streamlit as st

from core.training.history import History
from core.training.patience import seconds_left
from core.training.runs import Run
from pages.ui.live_chart import live_chart
from pages.ui.runs import AT_WORK, curves_of, renew
from pages.ui.training_patience import drops_in_words, patience_in_words
from pages.ui.words import PHASES, duration

TRAINING = ("head", "fine_tune")
STEPS = (("data",), ("weights", "unfreeze"), ("features",), TRAINING, ("save",))  # of a first and of a second stage


def at_work(run: Run, history: History, status: str) -> None:
    step = next((number for number, phases in enumerate(STEPS, 1) if history.phase in phases), 1)
    place, button = st.columns([4, 1], vertical_alignment="center")
    words = "Stopping: the step at hand is finished first." if status == "stopping" else phase_in_words(run, history)
    title = f"Step {step} of {len(STEPS)}: {PHASES.get(history.phase, 'Starting')}"
    if history.phase in TRAINING and (left := seconds_left(history, run.last_epoch)) is not None:
        title += f", at most about {duration(left)} left"
    place.progress(share_done(run, history), title)
    place.caption(words)
    st.caption(patience_in_words(history, run.config))
    button.button(
        "Stop",
        on_click=stop,
        args=(run,),
        disabled=status == "stopping",
        key="stop",
        help="Keeps the best model so far. You can resume later.",
        width="stretch",
    )


def stop(run: Run) -> None:
    run.cancel()
    renew(run)


def phase_in_words(run: Run, history: History) -> str:
    if history.phase in TRAINING:
        best, epoch = history.best, len(history.epochs)
        begun = f"Epoch {min(epoch + 1, run.last_epoch)} of {run.last_epoch}"
        if not best:
            return f"{begun}."
        return f"{begun}. Best so far: epoch {best['epoch']} with {best['val_accuracy']:.1%} validation accuracy."
    if history.total:
        counted = f"{history.done:,} of {history.total:,}"
        if history.phase != "features" or history.rate <= 0:
            return counted
        left = (history.total - history.done) / history.rate
        return f"{counted} pictures, {history.rate:,.0f} a second, about {duration(left)} left for this part."
    if history.phase == "unfreeze":
        return "This takes a few seconds: the first stage's model is opened."
    return "This takes a few seconds, longer where something must be downloaded."


def share_done(run: Run, history: History) -> float:
    """Of the step at hand, 0..1."""
    if history.phase in TRAINING:
        latest = history.batches[-1] if history.batches else None
        done = latest["epoch"] - run.first_epoch + latest["batch"] / latest["batches"] if latest else 0.0
        return float(min(1.0, max(0.0, done / (run.last_epoch - run.first_epoch + 1))))
    return min(1.0, history.done / history.total) if history.total else 0.0


def curves(run: Run, history: History, status: str) -> None:
    """The curves; of a run at work also before their first point, so that nothing moves, and nothing is loaded, when it
    comes."""
    begun = bool(history.batches or history.epochs)
    if not begun and status not in AT_WORK:
        return
    alt = (
        f"Curves of accuracy and loss over {len(history.epochs)} epochs of the run {run.name}, training and validation"
    )
    live_chart(curves_of(run, history), alt, key=f"curves-{run.id}")
    if not begun:
        st.caption("The curves will grow here as soon as the head begins to learn.")
        return
    st.caption(
        "The loss is the cross-entropy plus the L2 penalty on large weights, for validation too. Training scores are "
        "measured while the network still learns, with neurons dropped, so validation may look better. Drag to zoom, "
        "double-click to see all."
    )
    if history.drops:
        st.caption(drops_in_words(history, run.config))
