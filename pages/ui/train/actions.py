"""What can be done with the runs that are ticked: name, note, look at, repeat, delete."""

from collections.abc import Callable, Sequence

import streamlit as st

from core.datasets.current import current_source
from core.errors import PawlabError
from core.training.labels import NAME_CHARACTERS, NOTE_CHARACTERS
from core.training.runs import Run
from core.training.shelf import drop_run
from pages.ui.reveal import reveal, revealed_here
from pages.ui.runs import AT_WORK, look_at, watch
from pages.ui.training_fine_tune import show_fine_tuning
from pages.ui.training_form import show_settings
from pages.ui.words import plain, show_error

FORM = "form"  # the place of `reveal`
_ASKED = "delete_asked"  # ids of the runs that the next press deletes
_FAILED = "run_action_failed"
_REOPENED = "reopened_run"  # its name, whether it was trained on other data, and whether it has a second stage


def failure() -> None:
    """What went wrong with the last press of a button, once."""
    if error := st.session_state.pop(_FAILED, None):
        show_error(error)


def actions(runs: Sequence[Run], forget: Callable[[], None]) -> None:
    """Args: `forget` unticks all runs."""
    with st.container(border=True, key="run_actions"):
        if len(runs) == 1:
            _one(runs[0])
        else:
            st.markdown(f"**{len(runs)} runs**, {_megabytes(runs)} on the disk.")
        busy = any(look_at(run).status in AT_WORK for run in runs)
        with st.container(horizontal=True, key="run_buttons"):
            if len(runs) == 1:
                run = runs[0]
                st.button("Look at it", on_click=watch, args=(run,), help="Shows its progress and result above.")
                st.button("Reopen settings", on_click=reopen, args=(run,), help="Fills in the form above as it was.")
            st.button("Untick all", on_click=forget, help="Takes all ticks away; the runs stay.")
            st.button(
                "Delete",
                key="delete",
                on_click=_ask,
                args=(runs,),
                disabled=busy,
                help="A run is at work: stop it first." if busy else "Asks before anything is deleted.",
            )
        if st.session_state.get(_ASKED) == [run.id for run in runs]:
            _confirm(runs, forget)


def _one(run: Run) -> None:
    name, note = f"run_name_{run.id}", f"run_note_{run.id}"
    with st.form(f"label_{run.id}", border=False):
        left, middle, right = st.columns([3, 5, 1], vertical_alignment="bottom")
        left.text_input("Name", run.name, key=name, max_chars=NAME_CHARACTERS, help="What to call this run.")
        middle.text_input(
            "Note", run.note, key=note, max_chars=NOTE_CHARACTERS, help="What you tried, what you saw. May stay empty."
        )
        right.form_submit_button(
            "Save", on_click=_rename, args=(run, name, note), help="Keeps name and note.", width="stretch"
        )


def _rename(run: Run, name: str, note: str) -> None:
    try:
        run.rename(st.session_state[name], st.session_state[note])
    except PawlabError as error:
        st.session_state[_FAILED] = error


def reopen(run: Run) -> None:
    """Puts the run's settings into the form and on the Augmentation page, and those of a second stage where a frozen
    run is fine-tuned."""
    show_settings(run.config)
    if run.fine_tuning:
        show_fine_tuning(run.fine_tuning.settings)
    st.session_state[_REOPENED] = (run.name, run.source != current_source(), run.fine_tuning is not None)
    reveal("here", FORM)


def reopened() -> None:
    """Above the form: which run's settings it shows since just now."""
    if not (told := st.session_state.pop(_REOPENED, None)):
        return
    name, other_data, two_stages = told
    revealed_here(FORM)
    st.success(f"The form and the Augmentation page show the settings of “{plain(name)}”.")
    if two_stages:
        st.info(
            "It was fine-tuned: train the first stage, then open Fine-tune below its result. That is filled in too."
        )
    if other_data:
        st.warning("That run was trained on another dataset. Open it on the Dataset page to repeat the run.")


def _ask(runs: Sequence[Run]) -> None:
    st.session_state[_ASKED] = [run.id for run in runs]


def _keep() -> None:
    st.session_state.pop(_ASKED, None)


def _confirm(runs: Sequence[Run], forget: Callable[[], None]) -> None:
    which = f"“{plain(runs[0].name)}”" if len(runs) == 1 else f"these {len(runs)} runs"
    waits = " It leaves the queue." if any(run.queued() for run in runs) else ""
    st.warning(
        f"Delete {which} with settings, curves and model, {_megabytes(runs)}?{waits} This cannot be undone. "
        "Your pictures stay."
    )
    with st.container(horizontal=True):
        st.button(
            "Delete for good",
            key="delete_really",
            type="primary",
            on_click=_delete,
            args=(runs, forget),
            help="Removes the folder of each.",
        )
        st.button(
            "Keep", key="delete_not", on_click=lambda: st.session_state.pop(_ASKED, None), help="Deletes nothing."
        )


def _delete(runs: Sequence[Run], forget: Callable[[], None]) -> None:
    _keep()
    try:
        for run in runs:
            drop_run(run)
    except PawlabError as error:
        st.session_state[_FAILED] = error
    else:
        forget()


def _megabytes(runs: Sequence[Run]) -> str:
    return f"{sum(run.size() for run in runs) / 1e6:,.1f} MB"
