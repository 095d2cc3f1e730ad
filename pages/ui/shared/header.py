"""What stands above every page: the path, the open dataset, and the run that is training now."""

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.datasets.current import has_opened
from core.runs.queue import at_work
from core.runs.run import Run
from pages.ui.shared.data import open_now
from pages.ui.shared.path import begin_path, draw_path
from pages.ui.shared.runs import AT_WORK, look_at, status_in_words, watch
from pages.ui.shared.session import show_in_address, source
from pages.ui.shared.text import plain

TICK = 2.0  # seconds between two looks at the run


def header(page: str) -> Callable[[], None]:
    """Draws it for the page of this name, and returns what draws it again if the page has opened another dataset."""
    with st.container(horizontal=True, vertical_alignment="center", key="header", gap="small"):
        path = begin_path(page)
        name = st.container(width="content").empty()
        shown = open_now()
        draw_path(path, page)
        _name_dataset(name)
        run = at_work()
        if run is not None:
            with st.container(width="content"):
                st.fragment(_badge, run_every=TICK)(run)
        show_in_address(page)

    def again() -> None:
        if open_now() is not shown:
            draw_path(path, page)
            _name_dataset(name)

    return again


def _name_dataset(place: DeltaGenerator) -> None:
    dataset = open_now()
    if dataset is None and not has_opened():  # what this page may open nobody has asked for
        return
    count = f": {len(dataset.usable()):,} images" if dataset else ""
    place.caption(f"Dataset **{plain(source().title)}**{count}", width="content")


def _badge(run: Run) -> None:
    look = look_at(run)
    name = plain(run.name)
    with st.container(key="header_run", width="content"):
        if look.status in AT_WORK:
            epoch = (
                f", epoch {min(len(look.history.epochs) + 1, run.last_epoch)} of {run.last_epoch}"
                if look.history.epochs
                else ""
            )
            label = f"● “{name}” is training{epoch}"
        else:
            label = f"“{name}”: {status_in_words(look.status)}"
        if st.button(label, key="header_watch", type="tertiary", help="Opens the Training page at this run."):
            watch(run)
            st.switch_page("train.py")
