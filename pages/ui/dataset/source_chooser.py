"""Where the pictures come from: one chooser, and one way to begin opening for all of its choices."""

import hashlib
from pathlib import Path

import streamlit as st

from core.addresses import is_address
from core.datasets.current import SAMPLE, current_source, local_source, recent_paths
from core.datasets.public import CATS_AND_DOGS
from core.datasets.remote import bytes_so_far, is_here
from core.datasets.uploads import MAX_FOLDER_BYTES, keep_folder, keep_zip
from core.errors import PawlabError
from core.home import home
from pages.ui.data import forget, start
from pages.ui.words import show_error

SOURCES = {
    "sample": "Drawn sample",
    "public": "Cats and dogs photos",
    "path": "Folder or zip on this machine",
    "zip": "Upload a zip",
    "folder": "Upload a folder",
    "address": "Zip on the web",
}
FILE_MEGABYTES = 200
_PATH, _RECENT = "source_path", "source_recent"


def source_chooser() -> None:
    # A new name for each dataset that gets open: closed again, so that what was opened moves into view.
    opened = hashlib.sha256(current_source().encode()).hexdigest()[:8]
    with st.expander("Open another dataset", key=f"source_chooser_{opened}"):
        kind = st.segmented_control(
            "Where are the pictures?",
            list(SOURCES),
            format_func=lambda kind: SOURCES[kind],
            default="sample",
            required=True,
            key="source_kind",
            help="Pictures stay on this machine. Any folder with one subfolder a class will do.",
        )
        {
            "sample": _sample,
            "public": _public,
            "path": _path,
            "zip": _upload_zip,
            "folder": _upload_folder,
            "address": _address,
        }.get(str(kind), _sample)()


def _sample() -> None:
    st.write("Cats and dogs that Pawlab draws itself: needs no network and no photos of your own.")
    st.button(
        "Open the drawn sample",
        on_click=start,
        args=(SAMPLE,),
        type="primary",
        help="Takes a few seconds the first time.",
    )


def _public() -> None:
    st.write(
        "3,000 photos, published by Google for teaching: 1,000 cats and 1,000 dogs to train on, 500 of each to "
        "validate. A download of 69 MB from storage.googleapis.com, once."
    )
    if is_here(CATS_AND_DOGS):
        st.caption("It is on this machine already: opening it needs no network.")
    elif kept := bytes_so_far(CATS_AND_DOGS):
        st.caption(f"{kept / 1e6:.1f} MB are on this machine already: the download goes on from there.")
    st.button(
        "Open the photos" if is_here(CATS_AND_DOGS) else "Download and open the photos",
        on_click=start,
        args=(CATS_AND_DOGS,),
        type="primary",
        help="The only choice here besides a zip on the web that needs a network, and only the first time.",
    )


def _path() -> None:
    recent = recent_paths()
    if recent:
        st.selectbox(
            "Opened before",
            recent,
            index=None,
            format_func=_recent_in_words,
            key=_RECENT,
            on_change=_take_recent,
            placeholder="Pick one, or type a path below",
            help="Folders and zips that were opened here, the latest first. Picking one fills in its path.",
        )
    with st.form("path", border=False):
        path = st.text_input(
            "Folder or zip",
            key=_PATH,
            placeholder="/home/me/pets",
            help="train/ and validation/ with a folder a class in each, or just one folder a class. "
            "Nothing in it is changed.",
        )
        if not st.form_submit_button("Open", type="primary", help="Reads every picture once."):
            return
    if path.strip():
        _start_here(path.strip() if is_address(path.strip()) else local_source(path))
    else:
        forget()
        st.warning("Type the path of a folder or a zip first.")


def _take_recent() -> None:
    if picked := st.session_state[_RECENT]:
        st.session_state[_PATH] = picked


def _recent_in_words(path: str) -> str:
    place = Path(path)
    words = f"{place.name} (uploaded)" if place.is_relative_to(home()) else path
    try:
        return words if place.exists() else f"{words} (not there now)"
    except OSError:
        return words


def _upload_zip() -> None:
    upload = st.file_uploader(
        "Zip with one folder a class",
        type="zip",
        max_upload_size=FILE_MEGABYTES,
        help=f"Unpacked into Pawlab's own folder, once. Up to {FILE_MEGABYTES} MB; open larger ones by their path.",
    )
    if upload and st.button("Open the uploaded zip", type="primary", help="Unpacks it and reads every picture."):
        try:
            kept = keep_zip(upload.getvalue(), upload.name)
        except PawlabError as error:
            forget()  # else the failure of an earlier opening would stand below this one
            show_error(error)
        else:
            _start_here(str(kept))


def _upload_folder() -> None:
    uploads = st.file_uploader(
        "Folder with one folder a class",
        accept_multiple_files="directory",
        max_upload_size=FILE_MEGABYTES,
        help="Your browser asks for a folder and sends all files in it. "
        f"Up to {MAX_FOLDER_BYTES / 2**30:.0f} GB; open larger ones by their path.",
    )
    if uploads and st.button(
        "Open the uploaded folder", type="primary", help="Stores it in Pawlab's own folder and reads every picture."
    ):
        try:
            with st.spinner("Storing the folder"):
                kept = keep_folder([(upload.name, upload.getvalue()) for upload in uploads])
        except PawlabError as error:
            forget()  # else the failure of an earlier opening would stand below this one
            show_error(error)
        else:
            _start_here(str(kept))


def _address() -> None:
    with st.form("address", border=False):
        address = st.text_input(
            "Address of a zip",
            placeholder="https://example.org/pets.zip",
            help="http or https, up to 2 GB. A password or token in it is used once and not stored or shown elsewhere.",
        ).strip()
        again = st.checkbox(
            "Download it again",
            help="For a zip that has changed since you opened it. Otherwise the copy on this machine is used.",
        )
        if not st.form_submit_button("Download and open", type="primary", help="Fetches the zip and unpacks it."):
            return
    if is_address(address):
        _start_here(address, again)
    else:
        forget()
        st.warning("Type an address that begins with http:// or https:// first.")


def _start_here(source: str, again: bool = False) -> None:
    """Begins, and runs the page anew, so that the status below sees it."""
    start(source, again)
    st.rerun()
