"""The classic experiment with one click: the same seed, with and without augmentation."""

from collections.abc import Sequence

import streamlit as st

from core.datasets.current import current_source
from core.errors import PawlabError
from core.training.experiment import Pair, pairs, start_pair
from core.training.runs import ACTIVE, Run
from core.training.shelf import Shelf
from pages.ui.queue import look_after_queue
from pages.ui.reveal import reveal
from pages.ui.runs import look_at, renew, watch
from pages.ui.training_compare import PLACE, verdict
from pages.ui.training_form import chosen_settings
from pages.ui.training_runs import STATUS, choose
from pages.ui.words import plain, show_error, when

EVERY = 2.0  # seconds between two looks at an experiment at work
_FAILED = "experiment_failed"
_NAME = "experiment_name"


def experiment(shelf: Shelf) -> None:
    st.subheader("Does augmentation help?")
    if error := st.session_state.pop(_FAILED, None):
        show_error(error)
    found = pairs(shelf.runs)
    with st.container(border=True, key="experiment"):
        st.markdown(
            "The classic experiment: two runs with the settings of the form above and the same seed, one without "
            "augmented copies and one with them. Then Pawlab says whether the difference is more than chance."
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.text_input(
                "Name of the experiment",
                key=_NAME,
                max_chars=30,
                persist_state="session",
                placeholder="Experiment",
                help="Both runs carry it. It may stay empty.",
                width=300,
            )
            st.button(
                "Train with and without",
                on_click=_start,
                help="Two runs, one after the other. Copies as set in the form, against 0 copies.",
            )
        if found:
            pair = found[0]
            pending = _pending(pair)
            # No fragment once nothing moves: its button would draw nothing but itself anew.
            (st.fragment(_follow, run_every=EVERY) if pending else _follow)(pair, pending)


def _start() -> None:
    try:
        pair = start_pair(current_source(), chosen_settings(), st.session_state.get(_NAME, ""))
    except PawlabError as error:
        st.session_state[_FAILED] = error
        return
    watch(pair.without)
    renew(pair.without)


def _follow(pair: Pair, pending: bool) -> None:
    """The experiment as its two folders tell it now."""
    looks = [(run, look_at(run)) for run in (pair.without, pair.augmented)]
    statuses = [look.status for _, look in looks]
    if pending and not any(status in ACTIVE for status in statuses):
        st.rerun()  # of the whole page: turns the timer off, updates the table
    if "waiting" in statuses:
        look_after_queue()
    both = [run for run, _ in looks if run.has_model()]
    st.markdown(f"**The latest one, of {when(pair.augmented.created)}**")
    if len(both) == 2 and not pending:
        names = {run.id: run.name for run in both}
        verdict(pair.without, pair.augmented, names)
        if "cancelled" in statuses:
            st.caption("One of them was stopped early: more epochs may change its score.")
        st.button("Compare curves and settings", on_click=_show, args=(both,), help="Ticks both in the table below.")
        return
    for run, look in looks:
        best = look.history.best
        score = f", best so far {best['val_accuracy']:.1%} on validation" if best else ""
        st.markdown(f"- {plain(run.name)}: **{STATUS[look.status]}**{score}")
    if pending:
        st.caption("The comparison appears here when both have ended. You may leave this page.")
    else:
        st.caption("Not both have left a model, so there is nothing to compare. Resume the one that stopped, above.")


def _pending(pair: Pair) -> bool:
    return any(look_at(run).status in ACTIVE for run in (pair.without, pair.augmented))


def _show(runs: Sequence[Run]) -> None:
    choose(runs)
    reveal("here", PLACE)
