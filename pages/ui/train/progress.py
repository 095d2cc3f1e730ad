"""A run that is training: its current step, the time left, and the curves so far."""

import streamlit as st

from core.runs.history import History
from core.runs.passing_images import passed
from core.runs.run import Run
from core.training.time_left import time_left
from pages.ui.components.live_chart import live_chart
from pages.ui.components.passing import passing_images
from pages.ui.shared.runs import AT_WORK, curves_of, renew
from pages.ui.shared.text import PHASES, duration
from pages.ui.train.patience import drops_in_words, patience_in_words

TRAINING = ("head", "fine_tune")
HEIGHT = 390  # pixels of the curves: with all that stands above, one screen
STEPS = (("data",), ("weights", "unfreeze"), ("features",), TRAINING, ("save",))  # of a first and of a second stage


def at_work(run: Run, history: History, status: str) -> None:
    step = next((number for number, phases in enumerate(STEPS, 1) if history.phase in phases), 1)
    place, button = st.columns([4, 1], vertical_alignment="center")
    words = "Stopping after the current step." if status == "stopping" else phase_in_words(run, history)
    title = f"Step {step} of {len(STEPS)}: {PHASES.get(history.phase, 'Starting')}"
    if (left := time_left(run, history)) is not None:
        title += f", about {duration(left)} left of the whole run{' at most' if history.phase in TRAINING else ''}"
    place.progress(share_done(run, history), title)
    place.caption(words)
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
        accuracy = f"{best['val_accuracy']:.1%} validation accuracy"
        if not history.chooses:
            return f"{begun}. Latest: {accuracy}."
        return f"{begun}. Lowest validation loss so far: epoch {best['epoch']}, with {accuracy}."
    if history.total:
        counted = f"{history.done:,} of {history.total:,}"
        if history.phase != "features":
            return counted
        return f"{counted} images" + (f", {history.rate:,.0f} per second." if history.rate > 0 else ".")
    if history.phase == "unfreeze":
        return "Opening the first stage's model. This takes a few seconds."
    return "This takes a few seconds, or longer if something must be downloaded."


def share_done(run: Run, history: History) -> float:
    """Of the current step, 0..1."""
    if history.phase in TRAINING:
        latest = history.batches[-1] if history.batches else None
        done = latest["epoch"] - run.first_epoch + latest["batch"] / latest["batches"] if latest else 0.0
        return float(min(1.0, max(0.0, done / (run.last_epoch - run.first_epoch + 1))))
    return min(1.0, history.done / history.total) if history.total else 0.0


def curves(run: Run, history: History, status: str) -> None:
    """The curves, from the first point on; before, the images that pass the base."""
    if not history.batches and not history.epochs:
        if status in AT_WORK:
            images = passed(run.directory, history.passing)
            are_passing = bool(images) and history.phase == "features"
            with st.container():  # empty before and after: the component below stays where it is
                if are_passing:
                    st.subheader("What the base model sees")
            passing_images(images, key=f"passing-{run.id}")
            if are_passing:
                st.caption(
                    "Every image passes the frozen base model once. Its features are kept, and the head trains on them."
                )
        return
    alt = f"Training and validation accuracy and loss over {len(history.epochs)} epochs of the run {run.name}"
    live_chart(curves_of(run, history), alt, key=f"curves-{run.id}", height=HEIGHT)
    if status in AT_WORK:
        st.caption(patience_in_words(history, run.config))
    if history.drops:
        st.caption(drops_in_words(history, run.config))
    with st.expander("How to read the curves"):
        st.write(
            "The loss is the cross-entropy plus the L2 penalty, for validation too. Training scores are averaged over "
            "the epoch, with dropout, while the weights still change, so validation can look better. Drag to zoom, "
            "double-click to reset."
        )
