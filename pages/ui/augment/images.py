"""The controls of `augment_choice`: which pictures, how many copies, which size, and the seed."""

from pathlib import Path

import streamlit as st

from core.datasets import Dataset
from core.datasets.selection import num_pages
from core.datasets.thumbnails import thumbnails
from core.image_files import FORMATS, MAX_BYTES
from pages.ui import augment_choice as choice
from pages.ui.gallery import GalleryItem, gallery

_SEARCH = "augment_search"
_A_PAGE = 12


def draw_again() -> None:
    """The button that draws other changes, and the seed that it counts on."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="augment_draw"):
        st.button("Draw again", on_click=choice.next_seed, type="primary", help="Other random changes: the next seed.")
        st.number_input(
            "Seed",
            0,
            choice.HIGHEST_SEED,
            key=choice.SEED,
            persist_state="session",
            help="The same seed draws the same changes, here and in training.",
            width=130,
        )


def pictures_choice(found: Dataset) -> None:
    """The controls."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input(
            "Originals",
            1,
            choice.MOST,
            key=choice.ORIGINALS,
            persist_state="session",
            disabled=st.session_state[choice.BY] != choice.BY_CLASS,
            help="Rows of the preview, while they are chosen by class.",
            width=115,
        )
        st.number_input(
            "Copies each",
            1,
            choice.MOST,
            key=choice.COPIES,
            persist_state="session",
            help="Copies in a row.",
            width=115,
        )
        st.number_input(
            "Size",
            *choice.SIZES,
            key=choice.SIZE,
            step=32,
            persist_state="session",
            help="Side of the square in pixels. Training draws at its own image size, and other sizes give others.",
            width=125,
        )
    st.segmented_control(
        "Pictures",
        [choice.BY_CLASS, choice.BY_HAND, choice.UPLOAD],
        format_func=str.capitalize,
        key=choice.BY,
        persist_state="session",
        help="The first training pictures of a class, those that you tick, or pictures from your machine.",
    )
    match st.session_state[choice.BY]:
        case "by hand":
            _picker(found)
        case "upload":
            st.file_uploader(
                "Pictures to augment",
                accept_multiple_files=True,
                key=choice.UPLOADED,
                max_upload_size=MAX_BYTES // 2**20,
                help=f"Stays in memory, on this machine ({FORMATS}).",
            )
            st.caption("Their copies are those that training would draw, were they in the dataset.")
        case _:
            choice.label_now(found)
            st.selectbox(
                "Class",
                ["", *found.classes],
                format_func=lambda name: name or "All classes in turn",
                key=choice.CLASS,
                persist_state="session",
                help="Which class the originals come from: training pictures only.",
            )


def _picker(found: Dataset) -> None:
    text = st.text_input(
        "Search by name",
        key=_SEARCH,
        persist_state="session",
        placeholder="part of the path",
        help="Any part of the file's path, in upper or lower case.",
    ).casefold()
    fitting = [record for record in found.usable("train") if text in record.path.casefold()]
    chosen = choice.picked(found)
    with st.container(horizontal=True, vertical_alignment="center"):
        words = (
            f"{len(chosen)} of at most {choice.MOST} ticked."
            if chosen
            else "Tick up to 8; until then, they are by class."
        )
        st.caption(words)
        st.button("Untick all", on_click=choice.untick, disabled=not chosen, help="Back to pictures by class.")
    if not fitting:
        st.info("No training picture has that in its name.")
        return
    pages = num_pages(len(fitting), _A_PAGE)
    page = min(max(1, st.session_state.get(choice.PAGE, 1)), pages)
    cells = fitting[(page - 1) * _A_PAGE : page * _A_PAGE]
    gallery(
        [
            GalleryItem(record.path, record.path, Path(record.path).name, small.content, small.reason)
            for record, small in zip(cells, thumbnails(found, cells), strict=True)
        ],
        choice.PICKER,
        frozenset(record.path for record in chosen),
        label="Training pictures",
        page=page,
        pages=pages,
        size=_A_PAGE,
        total=len(fitting),
        cell=80,
        keys="A click, Enter or Space ticks",
    )
