"""A few validation images on the Training page, with their predictions after each epoch."""

import streamlit as st

from core.runs.history import History
from core.runs.run import ACTIVE, Run
from pages.ui.components.samples import sample_images
from pages.ui.shared.runs import samples_of


def sample_predictions(run: Run, history: History, status: str) -> None:
    """Predictions of the latest epoch while the run trains, then those of the best. Nothing where the run has no sample
    images."""
    latest = history.epochs[-1] if history.epochs else None
    epoch = latest if status in ACTIVE else history.best
    data = samples_of(run, history, epoch)
    if not data["items"]:
        return
    st.subheader(
        "Watch the predictions form",
        help="A few validation images, chosen by the seed. The model does not train on them.",
    )
    if epoch is None:
        words = "Predictions appear after the first epoch."
    elif status in ACTIVE:
        words = f"After epoch {epoch['epoch']}."
    else:
        kept = "that of the lowest validation loss" if history.chooses else "the last"
        words = f"After epoch {epoch['epoch']}, {kept}: its weights are kept."
    sample_images(data, key=f"samples-{run.id}")
    st.caption(
        f"{words} The true class is above the bar, the prediction below. The bar shows the probability of the true "
        "class, the line how it changed from epoch to epoch."
    )
