"""The ways in: one's own images from the camera, images that are there already, or the drawn sample."""

from typing import Literal

import streamlit as st

from core.datasets.source import SAMPLE
from core.sessions.path import COLLECT
from pages.ui.dataset.source_chooser import show_chooser
from pages.ui.shared.data import start

Kind = Literal["primary", "secondary"]


def ways(*, is_next: bool) -> None:
    """
    Args:
        is_next: Whether nothing else on the page is the next step: then the first way is.
    """
    st.subheader("Begin" if is_next else "Begin with other images")
    for number, (column, way) in enumerate(zip(st.columns(3, border=True), (_camera, _photos, _sample), strict=True)):
        with column:
            way("primary" if is_next and number == 0 else "secondary")


def _camera(kind: Kind) -> None:
    st.markdown("**Make your own.** Hold things up to the camera, one class after the other: it learns while you do.")
    words = "Opens the Collect page. Images stay on this machine."
    if st.button("Use the camera", type=kind, width="stretch", help=words):
        st.switch_page(f"{COLLECT}.py")


def _photos(kind: Kind) -> None:
    st.markdown("**Open photos.** A folder or a zip, with class folders or without labels; or public photos.")
    words = "Opens the Dataset page, where you choose them. Your files are never changed."
    if st.button("Open photos", type=kind, width="stretch", help=words):
        show_chooser()
        st.switch_page("dataset.py")


def _sample(kind: Kind) -> None:
    st.markdown("**Look around.** Cats and dogs that Pawlab draws itself: needs no photos and no network.")
    words = "Takes a few seconds the first time."
    if st.button("Open the drawn sample", type=kind, width="stretch", help=words, on_click=start, args=(SAMPLE,)):
        st.switch_page("dataset.py")
