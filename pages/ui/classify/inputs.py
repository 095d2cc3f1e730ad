"""How pictures are given: one chooser, and a function for each way. The camera is asked for only where it is chosen."""

import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import streamlit as st

from core.errors import PawlabError
from core.image_files import FORMATS, MAX_BYTES
from core.inference.given import MAX_PICTURES, MAX_UPLOAD_BYTES, Upload, from_address, from_uploads
from core.training.runs import Run
from pages.ui.classify_state import clear, give, session
from pages.ui.live_camera import live_camera
from pages.ui.words import show_error

MEGABYTES = MAX_BYTES // 2**20
ZIP_MEGABYTES = 200


def _files(run: Run) -> None:
    key, is_new = _key("files")
    uploads = st.file_uploader(
        "Pictures, or zips of them",
        accept_multiple_files=True,
        max_upload_size=ZIP_MEGABYTES,
        key=key,
        help=f"{FORMATS}, up to {MEGABYTES} MB each; zips up to {ZIP_MEGABYTES} MB with {MAX_PICTURES:,} pictures. "
        "They stay on this machine. Any name will do.",
    )
    with st.container(gap=None):
        st.caption("Drop files here, or copy a picture anywhere and press Ctrl+V (⌘V on a Mac).")
        # Registered on each call: the registry belongs to the runtime, which tests replace.
        st.components.v2.component("paste", js=_paste_script())(key="classify_paste", height=1)
    _give_uploads("files", [Upload(one.file_id, one.name, one.getvalue()) for one in uploads], is_new)


def _folder(run: Run) -> None:
    key, is_new = _key("folder")
    uploads = st.file_uploader(
        "A folder of pictures",
        accept_multiple_files="directory",
        max_upload_size=ZIP_MEGABYTES,
        key=key,
        help="Your browser asks for a folder and sends all files in it, also those of its subfolders. They stay on "
        f"this machine. Up to {MAX_PICTURES:,} files and {MAX_UPLOAD_BYTES / 2**30:.0f} GB; for more there is the "
        "command line: python -m core classify.",
    )
    _give_uploads("folder", [Upload(one.file_id, one.name, one.getvalue()) for one in uploads], is_new)


def _address(run: Run) -> None:
    with st.form("classify_address", border=False):
        url = st.text_input(
            "Address of a picture",
            placeholder="https://example.org/cat.jpg",
            key=_key("url")[0],
            help=f"http or https, on the public web. Pawlab fetches it, up to {MEGABYTES} MB; addresses of this "
            "machine and its network are refused.",
        ).strip()
        sent = st.form_submit_button("Fetch and classify", type="primary", help="The only input that needs a network.")
    if sent and url:
        give("address", from_address(url, time.monotonic_ns()), is_new=True)
    elif sent:
        st.warning("Type the address of a picture first.")


def _photo(run: Run) -> None:
    key, is_new = _key("photo")
    shot = st.camera_input(
        "Photo", key=key, help="Uses this device's camera. The photo stays on this machine.", width=480
    )
    _give_uploads("photo", [Upload(shot.file_id, "Your photo", shot.getvalue())] if shot else [], is_new)


def _key(kind: str) -> tuple[str, bool]:
    """The name of an input's control, and whether it was not there in the run before."""
    key = f"classify_{kind}_{session().number}"
    return key, key not in st.session_state


def _give_uploads(kind: str, uploads: list[Upload], is_new: bool) -> None:
    session().uploads.update(upload.id for upload in uploads)
    try:
        given = from_uploads(uploads) if uploads else None
    except PawlabError as error:
        show_error(error)
        st.button("Clear", on_click=clear, key="classify_clear_uploads", help="Forgets what you gave.")
        given = None
    give(kind, given, is_new)


INPUTS: dict[str, Callable[[Run], None]] = {
    "Pictures or zips": _files,
    "Folder": _folder,
    "Web address": _address,
    "Photo": _photo,
    "Live video": live_camera,
}
"""Each way by its name; a function gets the run that is asked. What shows its answers itself stands in `OWN` too."""
OWN = frozenset({"Live video"})


def chosen_input(run: Run) -> bool:
    """Draws the chooser and what is chosen. True where the answers are shown below it."""
    kind = st.segmented_control(
        "What to classify",
        list(INPUTS),
        default=next(iter(INPUTS)),
        required=True,
        key="classify_input",
        label_visibility="collapsed",
        persist_state="session",
        help="What you gave before stays until you give something else.",
    )
    INPUTS[kind](run)
    return kind not in OWN


@cache
def _paste_script() -> str:
    return (Path(__file__).parent / "paste.js").read_text(encoding="utf-8")
