"""The settings of a new run, and the button that starts it."""

import streamlit as st

from core.datasets.current import current_source
from core.errors import PawlabError
from core.training.jobs import start_run
from core.training.runs import Run, create_run
from pages.ui.augment_words import augmentation_in_words
from pages.ui.data import dataset
from pages.ui.runs import renew, watch
from pages.ui.state import augmentation
from pages.ui.training_before import before
from pages.ui.training_form import chosen_settings, more_settings, training_form
from pages.ui.words import plain, show_error

NAME = "training_name"


def setup(busy: Run | None) -> None:
    st.subheader("New run")
    found = dataset()
    counts = {split: sum(labels.values()) for split, labels in found.counts().items() if split != "test"}
    name = "Drawn sample" if found.origin == "sample" else plain(found.name)
    st.markdown(f"**{name}**: {counts['train']:,} pictures to train on, {counts['validation']:,} to validate.")
    if found.origin == "sample":
        st.caption("These are pictures drawn by Pawlab, not photos: the score says nothing about photos.")
    training_form()
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    left.text_input(
        "Name of the run",
        key=NAME,
        max_chars=60,
        persist_state="session",
        placeholder="chosen for you",
        help="To find it again in the list. It may stay empty.",
    )
    right.button(
        "Start training",
        type="primary",
        on_click=start_new,
        help="Runs in a process of its own: you may leave or close this page.",
        width="stretch",
    )
    if busy:
        st.caption(f"“{plain(busy.name)}” is being trained: a new run waits its turn.")
    more_settings()
    words = augmentation_in_words(augmentation())
    st.caption(words if chosen_settings().copies else "No augmented copies: training sees each picture as it is.")
    st.page_link("augment.py", label="Change the augmentation", help="Tune it by eye; this page uses what you set.")
    before(found, chosen_settings(), busy)


def start_new() -> None:
    """Reads the controls when pressed: a value typed just before has arrived by then."""
    try:
        run = create_run(current_source(), chosen_settings(), st.session_state.get(NAME, "").strip())
    except PawlabError as error:
        show_error(error)
        return
    watch(run)
    start(run)


def start(run: Run) -> None:
    try:
        start_run(run)
        renew(run)
    except PawlabError as error:
        show_error(error)
