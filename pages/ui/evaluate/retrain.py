"""From edits to the next run: one button that trains again, what became of it, and the way to the comparison."""

import streamlit as st

from core.datasets import Dataset
from core.errors import PawlabError
from core.evaluation.retrain import changes_in_words, origin_of, train_again
from core.runs.run import ACTIVE, Run
from core.runs.start import start_run
from core.runs.store import list_runs
from pages.ui.evaluate.state import Evaluation, current_edits, edited_catalog
from pages.ui.shared.runs import look_at, renew, watch
from pages.ui.shared.session import kept
from pages.ui.shared.text import plain, show_error

VIEW, RUN, OTHER_RUN = kept("evaluate_view"), kept("evaluate_run"), kept("evaluate_with")  # the page's controls
TICK = 1.0  # seconds between two looks at a run at work


def retrained_bar(evaluation: Evaluation) -> None:
    """What became of a run that was trained again from this one, or what this one was trained again from."""
    run = evaluation.run
    runs, changes = list_runs().runs, _changes(evaluation)
    retrained = [other for other in runs if origin_of(other) == run.id]
    new = _with_same_edits(evaluation) if changes else next(iter(retrained), None)
    origin = next((other for other in runs if other.id == origin_of(run)), None)
    if new is None and (changes or origin is None):
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="evaluate_retrained"):
        if new is not None:
            _status(run, new, f"Edits since this run: {changes}." if changes else "No edits since this run.")
        elif origin is not None:
            st.markdown(f"Trained again from **{plain(origin.name)}**, with edits.", width="stretch")
            _compare_button(run, origin)


def train_again_bar(evaluation: Evaluation) -> bool:
    """Offers to train again where there are edits that no run has yet. True where it was drawn."""
    changes = _changes(evaluation)
    if not changes or _with_same_edits(evaluation) is not None:
        return False
    words = "This run's predictions stay as they are; a new run shows what the edits change."
    if evaluation.run.fine_tuning:
        words = "Only the first stage is trained again: fine-tune the new run, then compare."
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="evaluate_retrain"):
        st.markdown(f"**Edits since this run:** {changes}. {words}", width="stretch")
        if st.button(
            "Train again with these edits",
            type="primary",
            key="evaluate_again",
            help="Starts a run with the same settings and the current edits, and opens it on the Training page.",
        ):
            begin_again(evaluation.run, changes, edited_catalog(evaluation.images).dataset)
    return True


def begin_again(run: Run, changes: str, edited: Dataset) -> None:
    """Starts a run with the settings of `run` and the edits of `edited`, and opens it on the Training page; or says why
    not. Arguments as `train_again`."""
    try:
        new = train_again(run, changes, edited)
        start_run(new)
        renew(new)
    except PawlabError as error:
        show_error(error)
        return
    watch(new)
    st.switch_page("train.py")


def _changes(evaluation: Evaluation) -> str:
    images = evaluation.images
    return changes_in_words(images.dataset, edited_catalog(images).dataset)


def _with_same_edits(evaluation: Evaluation) -> Run | None:
    edits = current_edits(evaluation.images)
    retrained = (other for other in list_runs().runs if origin_of(other) == evaluation.run.id)
    return next((other for other in retrained if other.edits() == edits), None)


def _status(run: Run, new: Run, edits: str) -> None:
    """What has become of a run that was trained again from this one."""
    status = look_at(new).status
    if status in ACTIVE:
        st.fragment(_wait_for_end, run_every=TICK)(new)
    name = f"**{plain(new.name)}**"
    if new.has_model() and status not in ACTIVE:
        st.markdown(f"{edits} {name} was trained again from it.", width="stretch")
        _compare_button(run, new)
        return
    words = {"waiting": "is waiting for its turn", "running": "is being trained", "stopping": "is being stopped"}
    st.markdown(f"{edits} {name} {words.get(status, f'ended without a model ({status})')}.", width="stretch")
    if st.button("Watch it" if status in ACTIVE else "See why", key="evaluate_watch", help="On the Training page."):
        watch(new)
        st.switch_page("train.py")


def _wait_for_end(new: Run) -> None:
    """Draws nothing; runs the page again once the run has ended, which turns the timer off."""
    if look_at(new).status not in ACTIVE:
        st.rerun()


def _compare_button(run: Run, other: Run) -> None:
    st.button(
        "Compare the two",
        type="primary",
        key="evaluate_compare",
        on_click=_compare,
        args=(run, other),
        help="On the same images with their current labels, with a confidence interval for the difference.",
    )


def _compare(run: Run, other: Run) -> None:
    st.session_state[VIEW] = "compare"
    st.session_state[OTHER_RUN] = other.id
