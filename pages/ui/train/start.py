"""The settings of a new run, and the button that starts it."""

import streamlit as st

from core.datasets import Dataset
from core.errors import PawlabError
from core.runs.run import Run, create_run
from core.runs.settings import TrainingConfig
from core.runs.start import start_run
from pages.ui.augment.words import augmentation_in_words
from pages.ui.components.reveal import reveal
from pages.ui.shared.data import dataset, opening_status
from pages.ui.shared.runs import new_press, once, renew, watch
from pages.ui.shared.session import augmentation, kept
from pages.ui.shared.text import plain, show_error
from pages.ui.train.before import before
from pages.ui.train.form import chosen_settings, more_settings, training_form

NAME = kept("training_name")
PROGRESS = "progress"  # the place of `reveal`: on a phone it is far above or below the button


def setup(busy: Run | None, *, folded: bool, is_next: bool) -> None:
    """
    Args:
        folded: Whether a fold around it has its heading.
        is_next: Whether to start is what the page proposes; beside a result there is a better next step.
    """
    if not folded:
        st.subheader("New run")
    opening_status()  # of what another page has sent here
    data = dataset()
    counts = {split: sum(labels.values()) for split, labels in data.counts().items() if split != "test"}
    numbers = f"{counts['train']:,} training images, {counts['validation']:,} validation images"
    st.markdown(f"**{plain(data.source.title)}**: {numbers}.")
    if data.source.kind == "sample":
        st.caption("Pawlab drew these images: the scores say nothing about real photos.")
    training_form()
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    left.text_input(
        "Run name",
        key=NAME,
        max_chars=60,
        persist_state="session",
        placeholder="optional",
        help="Shown in the list of runs. Leave it empty for a name such as “Cats and dogs, fast, 3”.",
    )
    right.button(
        "Start training",
        type="primary" if is_next else "secondary",
        on_click=start_new,
        args=(new_press(), data),
        help="Trains in the background: you can leave or close this page.",
        width="stretch",
    )
    if busy:
        st.caption(f"“{plain(busy.name)}” is training now. A new run waits in the queue.")
    more_settings()
    words = augmentation_in_words(augmentation())
    st.caption(
        words if chosen_settings().copies else "No augmented copies: the model trains on the original images only."
    )
    st.page_link(
        "augment.py",
        label="Change the augmentation",
        help="Tune it by eye on the Augmentation page. Training uses what you set there.",
    )
    before(data, chosen_settings(), busy)


def start_new(press: str, data: Dataset) -> None:
    """Starts a run on the dataset that the form showed. Reads the controls when the button is pressed: a value typed
    just before has arrived by then."""
    try:
        config, name = chosen_settings(), st.session_state.get(NAME, "").strip()
        run = once(press, lambda: _create_and_start(data, config, name))
        watch(run)
        renew(run)
        reveal("here", PROGRESS)
    except PawlabError as error:
        show_error(error)


def _create_and_start(data: Dataset, config: TrainingConfig, name: str) -> Run:
    run = create_run(data, config, name)
    start_run(run)
    return run


def start(run: Run) -> None:
    try:
        start_run(run)
        renew(run)
    except PawlabError as error:
        show_error(error)
