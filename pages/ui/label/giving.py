"""Labels given and taken back: edits in this session's name. For buttons' `on_click`: why one failed is shown in the
next run."""

from collections.abc import Callable, Sequence

import streamlit as st

from core.datasets import Dataset, Edits, ImageRecord
from core.datasets.edits.actions import Action
from core.datasets.labelling import with_copies
from core.errors import PawlabError
from core.sessions.choices import has_ended
from pages.ui.shared.session import session_id
from pages.ui.shared.text import plain, show_error

_FAILED = "label_failed"


def give(dataset: Dataset, records: Sequence[ImageRecord], name: str) -> None:
    """Gives them and their copies a class."""
    attempt(lambda: Edits(dataset, session_id()).relabel(with_copies(dataset, records), name))


def leave_out(dataset: Dataset, records: Sequence[ImageRecord]) -> None:
    """Somebody is unsure of them: they are neither asked for again nor used."""
    attempt(lambda: Edits(dataset, session_id()).exclude(with_copies(dataset, records), "Leave out: unsure"))


def undo_button(dataset: Dataset, then: Callable[[Action], None] = lambda action: None) -> None:
    """Takes back what this session did last; several times, one after the other. `then` is called with it."""
    try:
        edits = Edits.load(dataset, session_id(), has_ended)
    except PawlabError as error:
        show_error(error)
        return
    last = edits.undoable
    st.button(
        "Undo",
        on_click=attempt,
        args=(lambda: then(edits.undo()),),
        disabled=last is None,
        key="label_undo",
        shortcut="Backspace",
        help=f"Undoes: {plain(last.title)}" if last else "There is nothing to undo.",
    )


def attempt(edit: Callable[[], object]) -> None:
    """Does it, or keeps why not for `failure`."""
    try:
        edit()
    except PawlabError as error:
        keep_failure(error)


def keep_failure(error: PawlabError) -> None:
    st.session_state[_FAILED] = error


def failure() -> None:
    """Why what was just asked for was not done."""
    if error := st.session_state.pop(_FAILED, None):
        show_error(error)
