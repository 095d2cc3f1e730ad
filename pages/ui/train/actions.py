"""Actions on the ticked runs: rename, note, view, repeat, delete."""

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from core.errors import PawlabError, RunError
from core.runs.names import NAME_CHARACTERS, NOTE_CHARACTERS
from core.runs.run import Run
from core.runs.store import drop_broken, drop_run
from pages.ui.components.reveal import reveal, revealed_here
from pages.ui.shared.runs import AT_WORK, forget_watched, look_at, watch
from pages.ui.shared.session import source
from pages.ui.shared.text import plain, show_error
from pages.ui.train.fine_tune import show_fine_tuning
from pages.ui.train.form import show_settings

FORM = "form"  # the place of `reveal`
MOST_BROKEN = 50  # that are listed
_FAILED = "run_action_failed"
_REOPENED = "reopened_run"  # its name, whether it was trained on other data, and whether it has a second stage


def failure() -> None:
    """Shows once why the latest action failed."""
    if error := st.session_state.pop(_FAILED, None):
        show_error(error)


def actions(runs: Sequence[Run], forget: Callable[[], None]) -> None:
    """Args: `forget` unticks all runs."""
    with st.container(border=True, key="run_actions"):
        if len(runs) == 1:
            _one(runs[0])
        else:
            st.markdown(f"**{len(runs)} runs**, {_megabytes(runs)} on disk.")
        busy = any(look_at(run).status in AT_WORK for run in runs)
        with st.container(horizontal=True, key="run_buttons"):
            if len(runs) == 1:
                run = runs[0]
                st.button("View", on_click=watch, args=(run,), help="Shows its progress and result above.")
                st.button(
                    "Use these settings",
                    on_click=reopen,
                    args=(run,),
                    help="Fills in the form above with the settings of this run.",
                )
            st.button("Clear selection", on_click=forget, help="Unticks every run. Deletes nothing.")
            if busy:
                st.caption("Stop the run before you delete it.", width="content")
            else:
                _delete_button(runs, forget)


def _one(run: Run) -> None:
    name, note = f"run_name_{run.id}", f"run_note_{run.id}"
    with st.form(f"label_{run.id}", border=False):
        left, middle, right = st.columns([3, 5, 1], vertical_alignment="bottom")
        left.text_input(
            "Name", run.name, key=name, max_chars=NAME_CHARACTERS, help="The name in lists, charts and reports."
        )
        middle.text_input(
            "Note", run.note, key=note, max_chars=NOTE_CHARACTERS, help="What you tried and what you saw. Optional."
        )
        right.form_submit_button(
            "Save", on_click=_rename, args=(run, name, note), help="Saves the name and the note.", width="stretch"
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
    st.session_state[_REOPENED] = (run.name, run.source != source().text, run.fine_tuning is not None)
    reveal("here", FORM)


def is_reopened() -> bool:
    """Whether `reopened` is about to say something."""
    return _REOPENED in st.session_state


def reopened() -> None:
    """Above the form: whose settings have just been filled in."""
    if not (stored := st.session_state.pop(_REOPENED, None)):
        return
    name, other_data, two_stages = stored
    revealed_here(FORM)
    st.success(f"The form and the Augmentation page now show the settings of “{plain(name)}”.")
    if two_stages:
        st.info(
            "That run was fine-tuned. Train the first stage, then open Fine-tune below its result: its settings are "
            "filled in too."
        )
    if other_data:
        st.warning("That run used another dataset. To repeat it, open that dataset on the Dataset page.")


def _delete_button(runs: Sequence[Run], forget: Callable[[], None]) -> None:
    """Asks where it was pressed. Other ticks are another question: its key is theirs."""
    which = f"“{plain(runs[0].name)}”" if len(runs) == 1 else f"these {len(runs)} runs"
    waits = " It also leaves the queue." if any(run.queued() for run in runs) else ""
    with st.popover(
        "Delete", key=f"delete_{' '.join(run.id for run in runs)}", help="Asks before it deletes anything."
    ):
        st.markdown(
            f"Delete {which} with settings, curves and model ({_megabytes(runs)})?{waits} This cannot be undone. "
            "Your images are not touched."
        )
        st.button(
            "Delete for good",
            key="delete_really",
            type="primary",
            on_click=_delete,
            args=(runs, forget),
            help="Deletes the folder of each run.",
        )


def broken_runs(broken: Mapping[str, str]) -> None:
    """Why each folder holds no run that can be shown, with its Delete."""
    for number, (folder, reason) in enumerate(sorted(broken.items())[:MOST_BROKEN]):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(folder)}**: {plain(reason)}", width="stretch")
            with st.popover("Delete", key=f"delete_broken_{number}", help="Asks before it deletes anything."):
                st.markdown(f"Delete the folder {plain(folder)} with all its files? This cannot be undone.")
                st.button(
                    "Delete for good",
                    key=f"delete_broken_really_{number}",
                    type="primary",
                    on_click=_delete_broken,
                    args=(folder,),
                    help="Deletes this folder of a run.",
                )
    if len(broken) > MOST_BROKEN:
        st.caption(f"{len(broken) - MOST_BROKEN:,} more are not listed.")


def _delete_broken(folder: str) -> None:
    try:
        drop_broken(folder)
    except PawlabError as error:
        st.session_state[_FAILED] = error
    except OSError as error:
        st.session_state[_FAILED] = RunError(f"The folder {folder} cannot be deleted: {error.strerror or error}")


def _delete(runs: Sequence[Run], forget: Callable[[], None]) -> None:
    try:
        forget_watched()
        for run in runs:
            drop_run(run)
    except PawlabError as error:
        st.session_state[_FAILED] = error
    else:
        forget()


def _megabytes(runs: Sequence[Run]) -> str:
    return f"{sum(run.size() for run in runs) / 1e6:,.1f} MB"
