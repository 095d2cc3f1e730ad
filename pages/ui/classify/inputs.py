"""The inputs of the Classify page: one chooser, and a function for each. Only a button turns the camera on."""

import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import streamlit as st

from core.datasets.source import SAMPLE, typed_path
from core.errors import PawlabError
from core.images.files import FORMATS, MAX_BYTES
from core.inference.given import MAX_IMAGES, MAX_UPLOAD_BYTES, Upload, from_address, from_path, from_uploads
from core.jobs.process import PROGRAM
from core.runs.run import Run
from pages.ui.classify.state import clear, session, set_input
from pages.ui.components.live_camera import live_camera
from pages.ui.shared.text import show_error

MEGABYTES = MAX_BYTES // 2**20
ZIP_MEGABYTES = 200
FILES, FOLDER, PATH, ADDRESS, PHOTO, LIVE = (
    "Images or zips",
    "Folder",
    "Path",
    "Web address",
    "Photo",
    "Live video",
)


def _files(run: Run) -> None:
    key, is_new = _key("files")
    uploads = st.file_uploader(
        "Images, or zips of images",
        accept_multiple_files=True,
        max_upload_size=ZIP_MEGABYTES,
        key=key,
        help=f"{FORMATS}, up to {MEGABYTES} MB each; zips up to {ZIP_MEGABYTES} MB with {MAX_IMAGES:,} images. "
        "They stay on this machine.",
    )
    with st.container(gap=None):
        st.caption("Drop files here, or copy an image and press Ctrl+V (⌘V on a Mac).")
        # Registered on each call: the registry belongs to the runtime, which tests replace.
        st.components.v2.component("paste", js=_paste_script())(key="classify_paste", height=1)
    _set_uploads(FILES, [Upload(file.file_id, file.name, file.getvalue()) for file in uploads], is_new_control=is_new)


def _folder(run: Run) -> None:
    key, is_new = _key("folder")
    uploads = st.file_uploader(
        "A folder of images",
        accept_multiple_files="directory",
        max_upload_size=ZIP_MEGABYTES,
        key=key,
        help="Your browser asks for a folder and uploads every file in it, subfolders included. The files stay on this "
        f"machine. Up to {MAX_IMAGES:,} files and {MAX_UPLOAD_BYTES / 2**30:.0f} GB; for more, use the command line: "
        f"{PROGRAM} classify.",
    )
    _set_uploads(FOLDER, [Upload(file.file_id, file.name, file.getvalue()) for file in uploads], is_new_control=is_new)


def _path(run: Run) -> None:
    with st.form("classify_path", border=False):
        typed = st.text_input(
            "Folder, zip or image on the machine that runs Pawlab",
            placeholder="/home/me/photos",
            key=_key("path")[0],
            help=f"Nothing is uploaded or changed. Up to {MAX_IMAGES:,} images, subfolders included; for more, use the "
            f"command line: {PROGRAM} classify.",
        ).strip()
        sent = st.form_submit_button("Classify", type="primary", help="Reads the images where they are.")
    if sent and typed:
        path = typed_path(typed)
        try:
            new = from_path(path, time.monotonic_ns())
        except PawlabError as error:
            show_error(error)
            return
        set_input(PATH, new, path.expanduser().absolute(), is_new_control=True)
    elif sent:
        st.warning("Enter a path first.")


def _address(run: Run) -> None:
    with st.form("classify_address", border=False):
        url = st.text_input(
            "Web address of an image",
            placeholder="https://example.org/cat.jpg",
            key=_key("url")[0],
            help=f"Starts with http or https. Pawlab downloads it, up to {MEGABYTES} MB; addresses on this machine or "
            "its network are refused.",
        ).strip()
        sent = st.form_submit_button(
            "Download and classify", type="primary", help="The only input that needs a network."
        )
    if sent and url:
        set_input(ADDRESS, from_address(url, time.monotonic_ns()), is_new_control=True)
    elif sent:
        st.warning("Enter the web address of an image first.")


def _photo(run: Run) -> None:
    key, is_new = _key("photo")
    place = st.empty()
    explained = "Your browser may ask for permission. The photo stays on this machine."
    if is_new and not place.button("Turn on the camera", type="primary", help=explained):
        _set_uploads(PHOTO, [], is_new_control=True)
        return
    shot = place.camera_input("Photo", key=key, help="The photo stays on this machine.", width=480)
    _set_uploads(PHOTO, [Upload(shot.file_id, "Your photo", shot.getvalue())] if shot else [], is_new_control=is_new)


def _key(kind: str) -> tuple[str, bool]:
    """The key of an input's control, and whether the control was not drawn in the run before."""
    key = f"classify_{kind}_{session().number}"
    return key, key not in st.session_state


def _set_uploads(kind: str, uploads: list[Upload], *, is_new_control: bool) -> None:
    session().uploads.update(upload.id for upload in uploads)
    new = None
    try:
        new = from_uploads(uploads) if uploads else None
    except PawlabError as error:
        show_error(error)
        st.button("Clear", on_click=clear, key="classify_clear_uploads", help="Removes these files.")
    set_input(kind, new, is_new_control=is_new_control)


INPUTS: dict[str, Callable[[Run], None]] = {
    FILES: _files,
    FOLDER: _folder,
    PATH: _path,
    ADDRESS: _address,
    PHOTO: _photo,
}
"""Each input by its name; its function gets the selected run."""


def chosen_input(run: Run) -> bool:
    """Draws the chooser and the chosen input. True where the predictions that there are come from this input."""
    kind = st.segmented_control(
        "Input",
        [*INPUTS, LIVE],
        default=FILES,
        required=True,
        key="classify_input",
        label_visibility="collapsed",
        persist_state="session",
        help="Where the images come from. Each input shows its own predictions; new images replace earlier ones.",
    )
    if kind == LIVE:
        warn_of_drawings(run)
        live_camera(run)
        return False
    INPUTS[kind](run)
    warn_of_drawings(run)
    return session().kind == kind


def warn_of_drawings(run: Run) -> None:
    if run.source == SAMPLE:
        st.warning(
            "**This model was trained on drawings, not on photos.** Its predictions on photos mean little: open photos "
            "on the Dataset page and train on them."
        )


@cache
def _paste_script() -> str:
    return (Path(__file__).parent / "paste.js").read_text(encoding="utf-8")
