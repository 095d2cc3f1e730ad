"""The way on from a run that has left a model."""

import streamlit as st

from core.errors import PawlabError
from core.runs.history import History
from core.runs.longer import longer_epochs, still_improving, train_longer
from core.runs.run import Run
from core.runs.start import start_run
from pages.ui.evaluate.retrain import RUN as EVALUATED
from pages.ui.evaluate.retrain import VIEW
from pages.ui.shared.run_chooser import CLASSIFIED
from pages.ui.shared.runs import new_press, once, renew, watch
from pages.ui.shared.text import show_error
from pages.ui.train.patience import epochs

_FAILED = "train_longer_failed"


def next_steps(run: Run, history: History) -> None:
    if still_improving(run, history):
        _longer(run)
    with st.container(horizontal=True):
        if st.button(
            "See its mistakes",
            type="primary",
            key="evaluate",
            help="Opens the Evaluate page: the images that this run predicts wrongly, most confident errors first.",
        ):
            st.session_state[EVALUATED], st.session_state[VIEW] = run.id, "misclassified"
            st.switch_page("evaluate.py")
        if st.button("Try your own photo", key="classify", help="Opens the Classify page with this run."):
            st.session_state[CLASSIFIED] = run.id
            st.switch_page("classify.py")


def _longer(run: Run) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Still improving:** the last epoch had the lowest validation loss.", width="content")
        if st.button(
            f"Train longer: {epochs(longer_epochs(run))}",
            on_click=_begin,
            args=(run, new_press()),
            key="train_longer",
            help="Starts a new run with the same images and settings. Its features are cached, so it starts at once.",
        ):
            st.rerun()  # of the whole page, which watches the new run
    if failed := st.session_state.pop(_FAILED, None):
        show_error(failed)


def _begin(run: Run, press: str) -> None:
    try:
        new = once(press, lambda: _create_and_start(run))
        watch(new)
        renew(new)
    except PawlabError as error:
        st.session_state[_FAILED] = error


def _create_and_start(run: Run) -> Run:
    new = train_longer(run)
    start_run(new)
    return new
