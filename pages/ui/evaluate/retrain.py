"""From edits to the next run: what was edited since, one button that trains again, and the way to the comparison."""

import streamlit as st

from core.errors import PawlabError
from core.evaluation.retrain import changes_in_words, origin_of, train_again
from core.training.jobs import start_run
from core.training.runs import ACTIVE, Run
from core.training.shelf import list_runs
from pages.ui.evaluation import Pictures, edits_now, today_of
from pages.ui.runs import look_at, renew, watch
from pages.ui.words import plain, show_error

VIEW, RUN, WITH = "evaluate_view", "evaluate_run", "evaluate_with"  # keys of the page's controls
TICK = 1.0  # seconds between two looks at a run at work


def retrain_bar(run: Run, found: Pictures) -> None:
    """Always of one height, so that the first edit moves nothing."""
    today = today_of(found).dataset
    changes = changes_in_words(found.dataset, today)
    offspring = [one for one in list_runs().runs if origin_of(one) == run.id]
    same = next((one for one in offspring if one.edits() == edits_now(found)), None) if changes else None
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="evaluate_retrain"):
        if changes and same is None:
            _offer(run, found, changes)
        elif changes and same is not None:
            _tell(run, same, f"Edits since this run: {changes}.")
        elif offspring:
            _tell(run, offspring[0], "No edit has been made since this run.")
        elif origin := next((one for one in list_runs().runs if one.id == origin_of(run)), None):
            st.markdown(f"Trained again from **{plain(origin.name)}**, with edits.", width="stretch")
            _compare_button(run, origin)
        else:
            _offer(run, found, "")


def _offer(run: Run, found: Pictures, changes: str) -> None:
    words = "none yet. Exclude or relabel pictures below where the model seems right, then train again."
    if changes:
        words = "Its answers stay as they are; a new run shows what the edits change."
        if run.fine_tuning:
            words = "Only the first stage is trained again: fine-tune the new run, then compare."
        words = f"{changes}. {words}"
    st.markdown(f"**Edits since this run:** {words}", width="stretch")
    if st.button(
        "Train again with these edits",
        type="primary" if changes else "secondary",
        disabled=not changes,
        key="evaluate_again",
        help="A new run with the same settings and today's edits. Opens the Training page, where you can watch it.",
    ):
        try:
            new = train_again(run, changes, today_of(found).dataset)
            start_run(new)
            renew(new)
        except PawlabError as error:
            show_error(error)
            return
        watch(new)
        st.switch_page("train.py")


def _tell(run: Run, new: Run, before: str) -> None:
    """What has become of a run that was trained again from this one."""
    status = look_at(new).status
    if status in ACTIVE:
        st.fragment(_wait_for_end, run_every=TICK)(new)
    name = f"**{plain(new.name)}**"
    if new.has_model() and status not in ACTIVE:
        st.markdown(f"{before} {name} was trained again from it.", width="stretch")
        _compare_button(run, new)
        return
    words = {"waiting": "waits its turn", "running": "is being trained", "stopping": "is being stopped"}
    st.markdown(f"{before} {name} {words.get(status, f'ended without a model ({status})')}.", width="stretch")
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
        help="Both on the same pictures, judged by today's classes, with an interval for the difference.",
    )


def _compare(run: Run, other: Run) -> None:
    st.session_state[VIEW] = "compare"
    st.session_state[WITH] = other.id
