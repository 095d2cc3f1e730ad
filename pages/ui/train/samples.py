"""A few validation pictures on the Training page, with what the run answers after each epoch."""

import streamlit as st

from core.training.history import History
from core.training.runs import ACTIVE, Run
from pages.ui.runs import samples_of
from pages.ui.samples import sample_pictures


def sample_answers(run: Run, history: History, status: str) -> None:
    """The latest epoch's answers while the run is at work, then those of the epoch that is kept. Nothing for a run
    from before there were samples."""
    latest = history.epochs[-1] if history.epochs else None
    epoch = latest if status in ACTIVE else history.best
    data = samples_of(run, history, epoch)
    if not data["items"]:
        return
    st.subheader("Watch the answers form", help="Validation pictures, chosen by the seed: none is trained on.")
    if epoch is None:
        words = "Answers appear after the first epoch."
    elif status in ACTIVE:
        words = f"After epoch {epoch['epoch']}."
    else:
        words = f"After epoch {epoch['epoch']}, the best: this is the model that is kept."
    sample_pictures(data, key=f"samples-{run.id}")
    st.caption(
        f"{words} Above the bar the true class, beneath it the answer. The bar is the probability of the true class, "
        "and the line how it went from epoch to epoch."
    )
