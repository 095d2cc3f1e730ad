"""Where the images come from: one chooser, and one way to start opening any choice.

Every button opens by a callback: Streamlit may interrupt the page's run for another one before it reaches the button,
and that one no longer knows of the press.
"""

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.datasets.current import recent_paths
from core.datasets.public import CATS_AND_DOGS
from core.datasets.remote import bytes_so_far
from core.datasets.source import FLAWED_SAMPLE, SAMPLE, resolve_source, typed_dataset
from core.datasets.uploads import MAX_FOLDER_BYTES, keep_folder, keep_zip
from core.errors import DatasetError, PawlabError
from core.net.addresses import is_address
from core.storage.archives import ArchiveLimits
from core.storage.home import home
from pages.ui.dataset.open_project import open_section
from pages.ui.shared.data import forget, start
from pages.ui.shared.path import came_from_elsewhere
from pages.ui.shared.session import source
from pages.ui.shared.text import show_error, size

SOURCES = {
    "sample": "Drawn sample",
    "public": "Cats and dogs (photos)",
    "path": "Folder or zip on this machine",
    "zip": "Upload a zip",
    "folder": "Upload a folder",
    "address": "Zip from the web",
    "project": "Project",
}
FILE_MEGABYTES = 200
_PATH, _RECENT, _ADDRESS, _AGAIN = (f"source_{name}" for name in ("path", "recent", "address", "again"))
_REFUSED = "source_refused"  # session key: why what was chosen is not opened, until it was shown
# Session keys: asked for by another page, beside which dataset it stands open, and the way in that is chosen.
_WANTED, _UNFOLDED, _KIND = "source_chooser_wanted", "source_chooser_unfolded", "source_kind"


def show_chooser() -> None:
    """For other pages: the chooser stands open, at what a browser can send, when the Dataset page is shown next."""
    st.session_state[_WANTED] = True


def source_chooser() -> None:
    # A new key for each open dataset closes the chooser again, so that the dataset moves into view.
    opened = hashlib.sha256(source().text.encode()).hexdigest()[:8]
    if st.session_state.get(_WANTED):
        st.session_state[_UNFOLDED], st.session_state[_KIND] = opened, "folder"
        del st.session_state[_WANTED]
    elif came_from_elsewhere():
        st.session_state.pop(_UNFOLDED, None)
    st.session_state.setdefault(_KIND, "sample")
    unfolded = st.session_state.get(_UNFOLDED) == opened
    with st.expander("Open another dataset", expanded=unfolded, key=f"source_chooser_{opened}"):
        kind = st.segmented_control(
            "Where are the images?",
            list(SOURCES),
            format_func=lambda kind: SOURCES[kind],
            required=True,
            key=_KIND,
            help="Images stay on this machine. Any folder with one subfolder per class works; one "
            "without labels can be labelled here.",
        )
        {
            "sample": _sample,
            "public": _public,
            "path": _path,
            "zip": _upload_zip,
            "folder": _upload_folder,
            "address": _address,
            "project": open_section,
        }.get(str(kind), _sample)()
        if error := st.session_state.pop(_REFUSED, None):
            show_error(error)


def _sample() -> None:
    st.write(
        "Cats and dogs that Pawlab draws itself. Needs no network and no photos of your own. One of the two "
        "samples has mistakes planted in it for you to find: duplicates, a leak, wrong labels, odd and damaged images."
    )
    with st.container(horizontal=True):
        first_time = "Takes a few seconds the first time."
        st.button("Open the drawn sample", on_click=start, args=(SAMPLE,), type="primary", help=first_time)
        st.button(
            "Drawn sample with planted mistakes",
            on_click=start,
            args=(FLAWED_SAMPLE,),
            help=f"Look for them in the Problems and Map views. {first_time}",
        )


def _public() -> None:
    st.write(
        "3,000 photos that Google published for teaching: 1,000 cats and 1,000 dogs for training, 500 of each for "
        "validation. Downloads 69 MB from storage.googleapis.com, once."
    )
    source = resolve_source(CATS_AND_DOGS)
    is_here = source.path.is_file()
    if is_here:
        st.caption("Already on this machine: opening it needs no network.")
    elif arrived := bytes_so_far(source):
        st.caption(f"{arrived / 1e6:.1f} MB are already on this machine: the download continues from there.")
    st.button(
        "Open the photos" if is_here else "Download and open the photos",
        on_click=start,
        args=(source,),
        type="primary",
        help="Needs a network the first time only.",
    )


def _path() -> None:
    recent = recent_paths()
    if recent:
        st.selectbox(
            "Opened recently",
            recent,
            index=None,
            format_func=_recent_in_words,
            key=_RECENT,
            on_change=_take_recent,
            placeholder="Pick one, or type a path below",
            help="Folders and zips opened here, latest first. Picking one fills in its path.",
        )
    with st.form("path", border=False):
        st.text_input(
            "Folder or zip",
            key=_PATH,
            placeholder="/home/me/pets",
            help="One folder per class, or train/ and validation/ with one folder per class in each; or a collection's "
            "name. Nothing in it is changed. A zip is unpacked once into Pawlab's own folder.",
        )
        st.form_submit_button(
            "Open", type="primary", on_click=_open, args=(_typed_path,), help="Reads every image once."
        )
    st.caption(f"For zips of any size that unpack to {size(ArchiveLimits().total_bytes)} or less: nothing is uploaded.")


def _typed_path() -> str | Path:
    text = str(st.session_state[_PATH]).strip()
    if not text:
        raise DatasetError("No path was typed", "the path of a folder or a zip on this machine")
    return text if is_address(text) else typed_dataset(text)


def _take_recent() -> None:
    if picked := st.session_state[_RECENT]:
        st.session_state[_PATH] = picked


def _recent_in_words(path: str) -> str:
    place = Path(path)
    words = f"{place.name} (uploaded)" if place.is_relative_to(home()) else path
    try:
        return words if place.exists() else f"{words} (missing)"
    except OSError:
        return words


def _upload_zip() -> None:
    upload = st.file_uploader(
        "Zip with one folder per class",
        type="zip",
        max_upload_size=FILE_MEGABYTES,
        help=f"Unpacked once into Pawlab's own folder. Up to {FILE_MEGABYTES} MB.",
    )
    if upload:
        st.button(
            "Open the uploaded zip",
            type="primary",
            on_click=_open,
            args=(partial(_kept_zip, upload),),
            help="Unpacks it and reads every image.",
        )
    _larger("zip")


def _upload_folder() -> None:
    uploads = st.file_uploader(
        "Folder with one subfolder per class",
        accept_multiple_files="directory",
        max_upload_size=FILE_MEGABYTES,
        help="Your browser asks for a folder and sends all files in it. "
        f"Up to {MAX_FOLDER_BYTES / 2**30:.0f} GB in all.",
    )
    if uploads:
        st.button(
            "Open the uploaded folder",
            type="primary",
            on_click=_open,
            args=(partial(_kept_folder, uploads),),
            help="Saves it in Pawlab's own folder and reads every image.",
        )
    _larger("folder")


def _kept_zip(upload: UploadedFile) -> Path:
    return keep_zip(upload.getvalue(), upload.name)


def _kept_folder(uploads: Sequence[UploadedFile]) -> Path:
    with st.spinner("Saving the folder"):
        return keep_folder([(upload.name, upload.getvalue()) for upload in uploads])


def _larger(what: str) -> None:
    st.caption(f"A larger {what} need not be uploaded: type its path under “{SOURCES['path']}”.")


def _address() -> None:
    with st.form("address", border=False):
        st.text_input(
            "Address of a zip",
            key=_ADDRESS,
            placeholder="https://example.org/pets.zip",
            help="http or https, up to 2 GB. A password or token in it is used once and never stored or shown.",
        )
        st.checkbox(
            "Download again",
            key=_AGAIN,
            help="If the zip has changed since you opened it. Otherwise the copy on this machine is used.",
        )
        st.form_submit_button(
            "Download and open",
            type="primary",
            on_click=_open,
            args=(_typed_address, _AGAIN),
            help="Downloads the zip, unpacks it and reads every image.",
        )


def _typed_address() -> str:
    text = str(st.session_state[_ADDRESS]).strip()
    if not is_address(text):
        raise DatasetError("No address was typed", "one that begins with http:// or https://")
    return text


def _open(find: Callable[[], str | Path], again: str = "") -> None:
    """A button's callback: begins to open what `find` gives. `again` is the key of "Download again"."""
    try:
        start(find(), download_again=bool(again and st.session_state[again]))
    except PawlabError as error:
        forget()  # else the error of an earlier opening would appear below this one
        st.session_state[_REFUSED] = error
