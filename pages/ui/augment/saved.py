"""Settings saved under a name, as a file and as a link: one popover."""

from datetime import date

import streamlit as st

from core.augmentation import AugmentationConfig
from core.datasets import Dataset
from core.errors import PawlabError
from pages.ui.augment.controls import show_settings
from pages.ui.augment.link import as_text, link
from pages.ui.augment.store import LONGEST_NAME, Store, import_json
from pages.ui.shared.text import show_error

OPEN = "augment_saved_open"
_NAME, _OPENED, _FILE, _ERROR = (f"augment_saved_{name}" for name in ("name", "opened", "file", "error"))


def save_and_share(config: AugmentationConfig, data: Dataset) -> None:
    """The popover. Its contents are drawn only while it is open: they are a quarter of what a slider move draws."""
    popover = st.popover(
        "Save and share",
        key=OPEN,
        on_change="rerun",
        help="Save these settings under a name, as a file or as a link.",
    )
    if not popover.open:
        return
    with popover, st.container(width=440, gap="small"):
        error = st.session_state.pop(_ERROR, None)
        if error:
            show_error(error)
        _named(config)
        st.caption("Link to this page with its settings, seed, size and images")
        st.code(as_text(link(config, data)), language=None, wrap_lines=True)
        _files(config)


def _named(config: AugmentationConfig) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            "Save as",
            key=_NAME,
            max_chars=LONGEST_NAME,
            placeholder="a name for these settings",
            help="A name in use is overwritten with these settings.",
            width=230,
        )
        st.button("Save", on_click=_save, args=(config,), help="Saves the settings on this machine.")
    names = Store().names()
    if st.session_state.get(_OPENED) not in (None, *names):
        st.session_state[_OPENED] = None  # deleted, here or in another tab
    if not names:
        st.caption("No saved settings yet.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Saved settings",
            names,
            index=None,
            key=_OPENED,
            placeholder="choose one",
            help="All settings saved on this machine.",
            width=230,
        )
        st.button(
            "Open",
            on_click=_open,
            args=(chosen,),
            disabled=not chosen,
            help="Sets all controls to these saved settings.",
        )
        st.button("Delete", on_click=_delete, args=(chosen,), disabled=not chosen, help="Deletes these saved settings.")


def _files(config: AugmentationConfig) -> None:
    st.download_button(
        "Download JSON",
        config.to_json(),
        f"augmentation-{date.today():%Y-%m-%d}.json",
        "application/json",
        on_click="ignore",
        help="The settings as a file, for another machine or the command line.",
    )
    st.file_uploader(
        "Open a JSON file",
        key=_FILE,
        max_upload_size=1,
        on_change=_take_file,
        help="Settings that were downloaded here.",
    )


def _take_file() -> None:
    file = st.session_state.get(_FILE)
    if file is None:  # its name was removed, which changes nothing
        return
    try:
        show_settings(import_json(file.getvalue()))
        st.session_state[OPEN] = False  # on a phone it covers the controls and most of the preview
    except PawlabError as error:
        st.session_state[_ERROR] = error


def _save(config: AugmentationConfig) -> None:
    try:
        st.session_state[_OPENED] = Store().save(st.session_state.get(_NAME) or "", config)
        st.session_state[_NAME] = ""
    except PawlabError as error:
        st.session_state[_ERROR] = error


def _open(name: str) -> None:
    try:
        show_settings(Store().open(name))
        st.session_state[OPEN] = False
    except PawlabError as error:
        st.session_state[_ERROR] = error


def _delete(name: str) -> None:
    try:
        Store().delete(name)
        st.session_state[_OPENED] = None
    except PawlabError as error:
        st.session_state[_ERROR] = error
