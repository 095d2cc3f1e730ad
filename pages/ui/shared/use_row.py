"""What is tried on the Evaluate page and kept with the run: the row that says what is in use, and takes another."""

import streamlit as st

from core.errors import PawlabError
from core.runs.choices import Choice
from core.runs.run import Run
from pages.ui.shared.text import show_error

FAILED = "evaluate_use_failed"
USED_BY = "Classify, live video, the command line and exported bundles use it."


def use_row(run: Run, choice: Choice, value: float, *, noun: str, in_use: str, help: str) -> None:
    """The button that keeps `value` with the run, what is in use, and why it could not be kept.

    Args:
        noun: What the button calls it, as in "Use this threshold".
        in_use: The number in use, in words.
        help: What it changes.
    """
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            f"Use this {noun}",
            on_click=_keep,
            args=(run, choice, value),
            disabled=value == choice.of(run),
            key=f"evaluate_use_{choice.name}",
            help=f"Stores it with the run. {help}",
        )
        st.markdown(f"In use for this run: {in_use}.", width="content")
    if failed := st.session_state.pop(FAILED, None):
        show_error(failed)


def _keep(run: Run, choice: Choice, value: float) -> None:
    try:
        choice.keep(run, value)
    except PawlabError as error:
        st.session_state[FAILED] = error
