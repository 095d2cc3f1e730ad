"""What a user did to the dataset, how to take it back, and the cleaned dataset as a zip."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from core.datasets import Dataset
from core.datasets.actions import count_edits
from core.datasets.clean import write_cleaned
from core.datasets.edits import Edits
from core.datasets.names import safe_name
from core.errors import PawlabError
from core.home import subfolder
from core.jobs import Latest
from pages.ui.asking import download, file_asked_for
from pages.ui.lightbox import Actions
from pages.ui.progress import AT_ONCE
from pages.ui.words import plain, show_error

SMALL = 200_000_000  # bytes: what a browser downloads from the server's memory
_FAILED = "edit_failed"


@st.cache_resource(show_spinner=False)
def zips() -> Latest[Path]:
    """The cleaned zip that this server writes."""
    return Latest()


def edit_actions(dataset: Dataset) -> Actions:
    """What the gallery's and the large view's buttons do."""
    edits = Edits(dataset)  # each method reads what holds at that moment
    return Actions(exclude=edits.exclude, include=edits.include, relabel=edits.relabel)


def apply_edit(edit: Callable[[], object]) -> None:
    """Does it; what goes wrong is shown by `edits_bar` in the next run. For `on_click` too."""
    try:
        edit()
    except PawlabError as error:
        st.session_state[_FAILED] = error


def edits_bar(dataset: Dataset) -> None:
    """How many edits hold, and buttons to take them back. Nothing where there never was one."""
    if error := st.session_state.pop(_FAILED, None):
        show_error(error)
    try:
        edits = Edits.load(dataset)
    except PawlabError as error:
        show_error(error)
        return
    if not edits.actions and not edits.undone:
        return
    counts = count_edits(dataset)
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="edits_bar"):
        st.markdown(
            f"**Your edits:** {counts['excluded']:,} excluded, {counts['relabelled']:,} relabelled. "
            "No file was changed.",
            width="stretch",
        )
        last = edits.actions[-1].title if edits.actions else ""
        st.button(
            "Undo",
            on_click=apply_edit,
            args=(edits.undo,),
            disabled=not last,
            help=f"Takes back: {plain(last)}" if last else "There is nothing to take back.",
        )
        again = edits.undone[-1].title if edits.undone else ""
        st.button(
            "Redo",
            on_click=apply_edit,
            args=(edits.redo,),
            disabled=not again,
            help=f"Does again: {plain(again)}" if again else "There is nothing to do again.",
        )
        st.button(
            "Take all back",
            on_click=apply_edit,
            args=(edits.clear,),
            disabled=not any(counts.values()),
            help="Every picture is used again, under its folder's class. Can be undone.",
        )


def cleaned_zip(dataset: Dataset) -> None:
    """Writes the dataset as it is now to a zip, and offers it."""
    st.markdown("**The cleaned dataset**")
    st.caption(
        "A zip in the notebook's layout, train/CLASS and validation/CLASS, with the original files of all pictures "
        "that are used, under their class as it is now."
    )
    left_out = len(dataset.records) - len(dataset.usable())
    st.markdown(
        f"{len(dataset.usable()):,} pictures in {len(dataset.classes):,} classes"
        + (
            f"; {left_out:,} excluded or unreadable {'file stays' if left_out == 1 else 'files stay'} out."
            if left_out
            else "."
        )
    )
    key = f"{dataset.root} {dataset.fingerprint}"
    path = file_asked_for(
        zips().find(key),
        "zip",
        lambda: _prepare(key, dataset),
        note="Writing the zip. You may leave this page: it goes on.",
        help="Copies the pictures into a zip below Pawlab's own folder. Takes a second for each few hundred MB.",
        disabled=not dataset.classes,
    )
    if path is None:
        return
    size = path.stat().st_size
    st.markdown(f"Ready: {size / 1e6:,.1f} MB, on this machine at")
    st.code(str(path), language=None)
    if size <= SMALL:
        download(path, "zip", "application/zip", "The same file, through the browser.")


def _prepare(key: str, dataset: Dataset) -> None:
    zips().ask(key, lambda tell: _write(dataset, tell), again=True).wait(AT_ONCE)


def _write(dataset: Dataset, tell: Callable[[str, int, int], None]) -> Path:
    target = subfolder("exports") / f"{safe_name(dataset.name, 100)}-{dataset.fingerprint[:8]}.zip"
    write_cleaned(dataset, target, progress=tell)
    return target
