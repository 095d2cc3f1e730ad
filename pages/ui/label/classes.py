"""The names of the classes: two to begin with, more at any time, each to be renamed."""

from collections.abc import Mapping, Sequence

import streamlit as st

from core.datasets import Dataset, Edits, ImageRecord
from core.datasets.labelling import folder_labels
from core.datasets.names import check_class_name
from core.datasets.source import Source
from core.errors import DatasetError, PawlabError
from core.text.lines import quoted
from pages.ui.label.chosen import set_names
from pages.ui.label.giving import attempt, keep_failure
from pages.ui.shared.session import session_id
from pages.ui.shared.text import plain, show_error

_LONGEST = 100
_FIRST, _SECOND, _NEW, _WHICH, _OTHER = (f"label_class_{name}" for name in ("first", "second", "new", "which", "other"))


def first_names(source: Source, dataset: Dataset, names: Sequence[str]) -> None:
    """Asks for as many as are missing until there are two, or takes class folders for labels where there are some."""
    has_folders = _offer_folders(dataset)
    st.markdown("**What is in these images?** Name two classes to begin with. You can add and rename classes later.")
    keys = (_FIRST, _SECOND)[len(names) :]
    with st.form("label_begin", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        for key, words, example in (
            (_FIRST, "First class", "What some of the images show, such as cat."),
            (_SECOND, "Second class", "What others show, such as dog."),
        ):
            if key in keys:
                st.text_input(words, max_chars=_LONGEST, key=key, help=example)
        st.form_submit_button(
            "Start labelling",
            type="secondary" if has_folders else "primary",
            on_click=_add,
            args=(source, names, keys),
            help="Shows the first image. No file is moved or changed.",
        )


def _offer_folders(dataset: Dataset) -> bool:
    """Whether there are any."""
    try:
        found = folder_labels(dataset)
    except DatasetError as error:
        show_error(error)
        return False
    if not found:
        return False
    counted = ", ".join(f"{plain(name)} ({len(records):,})" for name, records in list(found.items())[:10])
    st.button(
        "Use the class folders as labels",
        on_click=attempt,
        args=(lambda: _take_folders(dataset, found),),
        type="primary",
        help="Then you are asked for the images beside these folders only. You can undo it.",
    )
    st.caption(f"In class folders: {counted}. Or name classes of your own:")
    return True


def _take_folders(dataset: Dataset, found: Mapping[str, Sequence[ImageRecord]]) -> None:
    for name, records in found.items():
        Edits(dataset, session_id()).relabel(records, name, f"Label as {name}, as its folder says")


def manage(source: Source, dataset: Dataset, names: Sequence[str]) -> None:
    """Adds a class, renames one, removes one without images."""
    with st.popover("Classes", help="Adds, renames or removes a class."):
        with st.form("label_new", border=False, clear_on_submit=True):
            words = "It gets a button, and a key as long as there are nine or fewer."
            st.text_input("Another class", max_chars=_LONGEST, key=_NEW, help=words)
            st.form_submit_button("Add", on_click=_add, args=(source, names, (_NEW,)), help=words)
        st.divider()
        which = st.selectbox(
            "Class", names, key=_WHICH, format_func=plain, help="The class that you want to rename or remove."
        )
        st.text_input("New name", max_chars=_LONGEST, key=_OTHER, help="All its images get this name.")
        with st.container(horizontal=True):
            st.button(
                "Rename",
                on_click=_rename,
                args=(source, dataset, names, which),
                help="Its labels stay. You can undo it.",
            )
            has_images = which in dataset.classes
            st.button(
                "Remove",
                on_click=_remove,
                args=(source, names, which),
                disabled=has_images or len(names) < 3,
                help="It has images: rename it instead." if has_images else "Only where two others are left.",
            )


def _add(source: Source, names: Sequence[str], keys: Sequence[str]) -> None:
    names = list(names)
    try:
        for key in keys:
            names.append(_checked(str(st.session_state[key]), names))
    except DatasetError as error:
        keep_failure(error)
        return
    set_names(source, names)


def _rename(source: Source, dataset: Dataset, names: Sequence[str], which: str) -> None:
    try:
        name = _checked(str(st.session_state[_OTHER]), [other for other in names if other != which])
        records = [record for record in dataset.records if record.label == which]
        if records:
            Edits(dataset, session_id()).relabel(records, name, f"Rename {which} to {name}")
    except PawlabError as error:
        keep_failure(error)
        return
    set_names(source, [name if other == which else other for other in names])
    st.session_state[_OTHER] = ""


def _remove(source: Source, names: Sequence[str], which: str) -> None:
    set_names(source, [name for name in names if name != which])


def _checked(text: str, others: Sequence[str]) -> str:
    """The name of another class.

    Raises:
        DatasetError: It is one of the `others`, nearly one, or cannot be a class.
    """
    name = text.strip()
    if name in others:
        raise DatasetError(f"There is a class {quoted(name, _LONGEST)} already", "a name of its own for each class")
    check_class_name(name, others)
    return name
