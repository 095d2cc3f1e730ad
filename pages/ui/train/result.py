"""How a run ended, and its result."""

from contextlib import suppress

import streamlit as st

from core.errors import PawlabError
from core.evaluation.intervals import wilson_interval
from core.runs.history import History
from core.runs.queue import WITHDRAWN
from core.runs.run import Run
from core.runs.start import log_tail, reason
from core.runs.temperature import temperature_in_words
from core.training.schedule import CHOOSING_IMAGES
from pages.ui.shared.text import PHASES, duration, plain
from pages.ui.train.files import tool_files
from pages.ui.train.fine_tune import fine_tune_form, second_stage
from pages.ui.train.next_steps import next_steps
from pages.ui.train.patience import epochs, few_validation_images
from pages.ui.train.queue import waits
from pages.ui.train.start import start

UNREADABLE = (PawlabError, KeyError, TypeError, ValueError)


def ended(run: Run, history: History, status: str) -> None:
    if history.damaged:
        st.error(f"{plain(history.reason)}.")
    elif status == "failed":
        st.error(f"Failed: {plain(history.reason) or 'the training process gave no reason.'}")
    elif status == "interrupted":
        st.warning(f"Interrupted: {plain(reason(run, history))}")
    elif status == "cancelled":
        st.warning(f"{plain((history.reason or 'Stopped').rstrip('.'))}.")
    elif run.queued():
        waits(run)
    elif status == "waiting":
        st.info("Created, but never started.")
    if history.data_changed:
        st.warning("The images had changed between pressing Start and training: the run used them as they were then.")
    if status != "finished" and not run.queued() and not history.damaged:
        st.button(
            _resume_label(status, history),
            on_click=start,
            args=(run,),
            key="resume",
            help="Continues after the last saved epoch, or from the beginning if there is none. Joins the queue.",
        )
    if status in ("failed", "interrupted") and (tail := log_tail(run)):
        with st.expander("Last output of the training process"):
            st.code(tail, language=None)
    if run.has_model():
        try:
            scores(run, history)
        except UNREADABLE as error:
            st.error(f"The result of this run cannot be read: {plain(str(error))}")
        else:
            next_steps(run, history)


def details(run: Run, history: History) -> None:
    """Below the curves of a run that has ended: how it came about, and what else can be done with it."""
    if run.has_model():
        with suppress(*UNREADABLE):  # `ended` says so
            _how_it_came(run, history)
    if history.epochs:
        tool_files(run, history)


def _resume_label(status: str, history: History) -> str:
    if status == "waiting":
        return "Start"
    return "Queue again" if history.reason == WITHDRAWN else "Resume"


def scores(run: Run, history: History) -> None:
    summary = run.summary()
    accuracy, total = summary["val_accuracy"], sum(summary["counts"]["validation"].values())
    low, high = wilson_interval(round(accuracy * total), total)
    with st.container(horizontal=True, gap="medium"):
        st.metric(
            "Validation accuracy",
            f"{accuracy:.1%}",
            help="Share of the validation images predicted correctly, by the weights that were kept.",
            width="content",
        )
        st.metric(
            "Lowest validation loss" if history.chooses else "Validation loss",
            f"{summary['val_loss']:.4f}",
            help="Including the L2 penalty. The weights of that epoch are kept.",
            width="content",
        )
        st.metric(
            "At epoch",
            f"{summary['best_epoch']} of {summary['epochs']}",
            help="The epoch with the lowest validation loss: its weights are kept."
            if history.chooses
            else "The last epoch: its weights are kept.",
            width="content",
        )
    st.write(f"95% confidence interval: {100 * low:.1f}–{high:.1%}, from {total:,} validation images.")
    if total < CHOOSING_IMAGES and not run.fine_tuning:
        st.caption(few_validation_images(total, chooses=history.chooses))


def _how_it_came(run: Run, history: History) -> None:
    summary = run.summary()
    notes = []
    if run.config.augment_validation and run.config.copies:
        notes.append(
            "Augmented copies of the validation images were scored too: compare only with runs that do the same."
        )
    if history.early_stop:
        stopped, patience = history.early_stop["epoch"], run.config.early_stopping_patience
        notes.append(
            f"Early stopping ended training at epoch {stopped}: {epochs(patience)} without a lower validation loss."
        )
    if words := temperature_in_words(run.config, summary):
        notes.append(words)
    times = [
        f"{PHASES[phase].lower()} {duration(seconds)}"
        for phase, seconds in summary["seconds"].items()
        if phase in PHASES
    ]
    notes.append(f"Time: {', '.join(times)}. Pre-trained weights: {plain(str(summary['weights']['description']))}.")
    st.caption(" ".join(notes))
    if run.fine_tuning:
        second_stage(summary, sum(summary["counts"]["validation"].values()))
    else:
        fine_tune_form(run)
