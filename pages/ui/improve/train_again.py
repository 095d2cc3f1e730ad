"""The next action of the page: a run with the edits that were made here, or a photo of one's own."""

import streamlit as st

from core.datasets import Dataset
from core.errors import PawlabError
from core.evaluation.retrain import changes_since
from core.runs.run import Run
from pages.ui.evaluate.retrain import begin_again
from pages.ui.shared.text import show_error


def train_again_row(dataset: Dataset, run: Run | None) -> None:
    """Offers to train again where something was edited since the latest run, else to train or to try it."""
    if run is None:
        if st.button("Train", type="primary", help="Opens the Training page: choose a preset and start."):
            st.switch_page("train.py")
        return
    changes = _changes(run, dataset)
    if not changes:
        if st.button("Try your own photo", help="Classifies images that are new to a model."):
            st.switch_page("classify.py")
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f"**Edits since the latest run:** {changes}. A new run shows what they change.", width="stretch")
        help = "Starts a run with the same settings and the current edits, and opens it on the Training page."
        if st.button("Train again with these edits", type="primary", key="improve_again", help=help):
            begin_again(run, changes, dataset)


def _changes(run: Run, dataset: Dataset) -> str:
    try:
        return changes_since(run, dataset)
    except PawlabError as error:
        show_error(error)
        return ""
