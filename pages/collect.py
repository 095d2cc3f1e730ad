"""Collect: show your classes to the camera, and the instant model learns while you hold a button."""

from typing import Literal

import streamlit as st

from core.datasets.collect.collection import Collection
from core.errors import PawlabError
from pages.ui.collect.cards import in_short, read
from pages.ui.collect.chooser import BEGIN, begin_form, chosen, failure, manage
from pages.ui.collect.images import images
from pages.ui.collect.worth import worth
from pages.ui.components.collect import collect
from pages.ui.shared.data import start
from pages.ui.shared.text import show_error

TICK = 2.0  # seconds between two looks at what other windows have changed
_SEEN = "collect_seen"  # session key: the collection's stamp at the last look


def main() -> None:
    try:
        collection = chosen()
    except PawlabError as error:  # its journal was broken, and is aside: the next visit begins without it
        st.title("Collect")
        show_error(error)
        st.button("Try again", help="Opens the collection anew.")
        return
    if collection is None:
        st.title("Collect")
        empty()
        return
    try:
        collected(collection)
    except PawlabError as error:  # deleted in another window at this very moment
        show_error(error)


def empty() -> None:
    st.write(
        "Make a classifier of your own in a minute. Hold something in front of the camera and hold a button: the model "
        "learns while you hold it, and says over the video what it sees. No photos at hand? No camera? Files work too."
    )
    begin_form("first")


def collected(collection: Collection) -> None:
    cards, state = read(collection)
    with st.container(horizontal=True, vertical_alignment="center", key="collect_head", gap="small"):
        st.title("Collect", width="content")
        manage(collection, sum(card.num_images for card in cards))
    failure()
    collect(collection.name, state, st.session_state.get(BEGIN, ""))
    score = st.container()
    images(collection, cards)
    next_step(collection, is_ready=sum(bool(card.images) for card in cards) > 1)
    with score:  # last: it may take a moment
        worth(collection, cards)
    st.session_state[_SEEN] = state["stamp"]
    st.fragment(watch, run_every=TICK)(collection, state["stamp"])


def next_step(collection: Collection, *, is_ready: bool) -> None:
    first = "" if is_ready else "First record images of two classes. "
    steps: tuple[tuple[str, Literal["primary", "secondary"], str, str], ...] = (
        (
            "Train this properly",
            "primary",
            "train.py",
            "Opens it on the Training page: a head on the base model, with augmentation and validation.",
        ),
        (
            "Open it on the Dataset page",
            "secondary",
            "dataset.py",
            "Looks for duplicates and mistakes, and shows its images on a map.",
        ),
    )
    with st.container(horizontal=True, key="next_step"):
        for label, kind, page, help in steps:
            pressed = st.button(
                label, type=kind, disabled=not is_ready, on_click=start, args=(collection.root,), help=f"{first}{help}"
            )
            if pressed:
                st.switch_page(page)


def watch(collection: Collection, drawn: str) -> None:
    """Draws the page anew once others have changed the collection and are done with it."""
    try:
        stamp = in_short(collection.stamp())
    except PawlabError:  # it is gone
        st.rerun()
    if stamp != drawn and stamp == st.session_state.get(_SEEN):
        st.rerun()
    st.session_state[_SEEN] = stamp


main()
