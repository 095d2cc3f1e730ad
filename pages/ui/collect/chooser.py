"""Which collection is open in this session: the first one, another one, a new one, its name, its end."""

import uuid

import streamlit as st

from core.datasets.collect.collection import Collection
from core.datasets.collect.store import (
    collections,
    create_collection,
    delete_collection,
    open_collection,
    rename_collection,
)
from core.errors import DatasetError, PawlabError
from core.text.file_names import folded
from pages.ui.shared.session import kept
from pages.ui.shared.text import plain, show_error

CHOSEN = kept("collect_chosen")
BEGIN = "collect_begin"
"""Session key of a request to turn the camera on: another one each time."""
_FAILED, _NAME, _FIRST, _SECOND, _NEW_NAME = (
    f"collect_{name}" for name in ("failed", "name", "first", "second", "new_name")
)
_DEFAULT = "My collection"
_LONGEST = 100


def chosen() -> Collection | None:
    """The collection that this session works on, else the one that was changed last; None where there is none."""
    names = collections()
    if not names:
        return None
    if st.session_state.get(CHOSEN) not in names:
        st.session_state[CHOSEN] = names[0]
    return open_collection(st.session_state[CHOSEN])


def begin_form(where: str) -> None:
    """Name and two classes of a new collection; its button makes it and turns the camera on."""
    names = tuple(f"{key}_{where}" for key in (_NAME, _FIRST, _SECOND))
    with st.form(f"collect_begin_{where}", border=False):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            help = "A folder of this name is made in Pawlab's own folder."
            st.text_input("Name of the collection", _free_name(), max_chars=_LONGEST, key=names[0], help=help)
            help = "What you will show first, such as cup. You can rename it at any time."
            st.text_input("First class", "Class 1", max_chars=_LONGEST, key=names[1], help=help)
            help = "What the model is to tell it from. More classes can be added later."
            st.text_input("Second class", "Class 2", max_chars=_LONGEST, key=names[2], help=help)
        help = "Your browser asks whether Pawlab may use the camera. Images stay on this machine."
        st.form_submit_button("Start collecting", type="primary", on_click=_begin, args=names, help=help)
    failure()


def failure() -> None:
    """Why what was just asked for was not done."""
    if error := st.session_state.pop(_FAILED, None):
        show_error(error)


def manage(collection: Collection, num_images: int) -> None:
    """In one row: which collection it is, a new one, its name, its end."""
    st.selectbox(
        "Collection",
        collections(),
        key=CHOSEN,
        label_visibility="collapsed",
        persist_state="session",
        help="All collections on this machine, the one that was changed last first.",
        width=170,
    )
    # Another key for each collection closes it.
    with st.popover("New", key=f"collect_new_{collection.name}", help="Begins another collection."):
        begin_form("another")
    # A key for each name: another collection is another question.
    with st.popover("Manage", key=f"collect_manage_{collection.name}", help="Renames this collection, or deletes it."):
        help = "Its folder gets the same name."
        st.text_input("New name", collection.name, max_chars=_LONGEST, key=f"{_NEW_NAME}_{collection.name}", help=help)
        st.button("Rename it", on_click=_rename, args=(collection.name,), help="Images and classes stay as they are.")
        st.divider()
        st.markdown(f"Delete “{plain(collection.name)}” with its {num_images:,} images? This cannot be undone.")
        st.button(
            "Delete for good",
            key="collect_delete_really",
            on_click=_delete,
            args=(collection.name,),
            help="Deletes its folder. Runs that were trained on it stay.",
        )


def _free_name() -> str:
    taken = {folded(name) for name in collections()}
    names = (_DEFAULT, *(f"{_DEFAULT} {number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if folded(name) not in taken)


def _begin(*keys: str) -> None:
    name, *labels = (str(st.session_state[key]) for key in keys)
    try:
        collection = create_collection(name)
        try:
            for label in labels:
                collection.add_class(label)
        except PawlabError:
            delete_collection(collection.name)
            raise
    except PawlabError as error:
        st.session_state[_FAILED] = error
        return
    st.session_state[CHOSEN], st.session_state[BEGIN] = collection.name, uuid.uuid4().hex
    for key in keys:
        del st.session_state[key]


def _rename(name: str) -> None:
    try:
        st.session_state[CHOSEN] = rename_collection(name, str(st.session_state[f"{_NEW_NAME}_{name}"])).name
    except PawlabError as error:
        st.session_state[_FAILED] = error


def _delete(name: str) -> None:
    try:
        delete_collection(name)
    except DatasetError:  # somebody else was faster
        pass
    except PawlabError as error:
        st.session_state[_FAILED] = error
    st.session_state.pop(CHOSEN, None)
