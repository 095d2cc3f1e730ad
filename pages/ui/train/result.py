"""How a run ended, and what it reached."""

import streamlit as st

from core.errors import PawlabError
from core.statistics import wilson_interval
from core.training.history import History
from core.training.jobs import log_tail, reason
from core.training.runs import Run
from pages.ui.queue import waits
from pages.ui.training_files import tool_files
from pages.ui.training_fine_tune import fine_tune_form, second_stage
from pages.ui.training_start import start
from pages.ui.words import PHASES, duration, plain


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
    if history.epochs:
        tool_files(run, history)


def result(run: Run, history: History) -> None:
    summary = run.summary()
    accuracy, total = summary["val_accuracy"], sum(summary["counts"]["validation"].values())
    low, high = wilson_interval(round(accuracy * total), total)
    with st.container(horizontal=True, gap="medium"):
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
        f"With {total:,} validation pictures the true value is likely between {low:.1%} and {high:.1%} (95 % interval)."
    )
    notes = []
    if run.config.augment_validation and run.config.copies:
        notes.append("Augmented copies of the validation pictures were scored too: compare with such runs only.")
    if history.early_stop:
        stopped, patience = history.early_stop["epoch"], run.config.early_stopping_patience
        notes.append(f"Ended early at epoch {stopped}: {patience} epochs brought no lower validation loss.")
    times = [f"{PHASES[phase]} {duration(lasted)}" for phase, lasted in summary["seconds"].items() if phase in PHASES]
    notes.append(f"Time: {', '.join(times)}. Pre-trained weights: {plain(str(summary['weights']['description']))}.")
    st.caption(" ".join(notes))
    if run.fine_tuning:
        second_stage(summary, total)
    else:
        fine_tune_form(run)
