"""The controls of `choice`: which images, how many copies, which size, and the seed."""

from pathlib import Path

import streamlit as st

from core.datasets import Dataset
from core.datasets.selection import num_pages
from core.datasets.thumbnails import thumbnails
from core.images.files import FORMATS, MAX_BYTES
from pages.ui.augment import choice
from pages.ui.components.gallery import GalleryItem, Look, Paging, gallery

_SEARCH = "augment_search"
_A_PAGE = 12


def draw_again() -> None:
    """The button that draws new copies, and the seed that it increases."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="augment_draw"):
        st.button(
            "Draw again",
            on_click=choice.next_seed,
            help="Draws new random copies by moving on to the next seed.",
        )
        st.number_input(
            "Seed",
            0,
            choice.HIGHEST_SEED,
            key=choice.SEED,
            persist_state="session",
            help="The same seed draws the same copies, here and in training.",
            width=130,
        )


def images_choice(data: Dataset) -> None:
    """The controls."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input(
            "Originals",
            1,
            choice.MOST,
            key=choice.ORIGINALS,
            persist_state="session",
            disabled=st.session_state[choice.BY] != choice.BY_CLASS,
            help="Rows of the preview when images are chosen by class.",
            width=115,
        )
        st.number_input(
            "Copies each",
            1,
            choice.MOST,
            key=choice.COPIES,
            persist_state="session",
            help="Columns of the preview.",
            width=115,
        )
        st.number_input(
            "Size",
            *choice.SIZES,
            key=choice.SIZE,
            step=32,
            persist_state="session",
            help="Side of the square in pixels. Training has its own image size; another one gives other copies.",
            width=125,
        )
    st.segmented_control(
        "Choose images",
        [choice.BY_CLASS, choice.BY_HAND, choice.UPLOAD],
        format_func=str.capitalize,
        key=choice.BY,
        persist_state="session",
        help="The first training images of a class, images that you pick, or your own files.",
    )
    match st.session_state[choice.BY]:
        case "by hand":
            _picker(data)
        case "upload":
            st.file_uploader(
                "Images to augment",
                accept_multiple_files=True,
                key=choice.UPLOADED,
                max_upload_size=MAX_BYTES // 2**20,
                help=f"{FORMATS}. They stay in memory on this machine.",
            )
        case _:
            choice.label_now(data)
            st.selectbox(
                "Class",
                ["", *data.classes],
                format_func=lambda name: name or "All classes in turn",
                key=choice.CLASS,
                persist_state="session",
                help="The class that the originals come from. Only training images are shown.",
            )


def _picker(data: Dataset) -> None:
    text = st.text_input(
        "Search by name",
        key=_SEARCH,
        persist_state="session",
        placeholder="part of the path",
        help="Any part of the file's path, in upper or lower case.",
    ).casefold()
    matching = [record for record in data.usable("train") if text in record.path.casefold()]
    chosen = choice.picked(data)
    with st.container(horizontal=True, vertical_alignment="center"):
        words = (
            f"{len(chosen)} of up to {choice.MOST} images picked."
            if chosen
            else f"Pick up to {choice.MOST} images. Until then, they are chosen by class."
        )
        st.caption(words)
        st.button(
            "Clear selection", on_click=choice.untick, disabled=not chosen, help="Back to images chosen by class."
        )
    if not matching:
        st.info("No training image matches this search.")
        return
    pages = num_pages(len(matching), _A_PAGE)
    page = min(max(1, st.session_state.get(choice.PAGE, 1)), pages)
    cells = matching[(page - 1) * _A_PAGE : page * _A_PAGE]
    gallery(
        [
            GalleryItem(record.path, record.path, Path(record.path).name, small.content, small.reason)
            for record, small in zip(cells, thumbnails(data, cells), strict=True)
        ],
        choice.PICKER,
        frozenset(record.path for record in chosen),
        look=Look(label="Training images", cell=80, keys="Click, Enter or Space picks an image"),
        paging=Paging(page, pages, _A_PAGE, len(matching)),
    )
