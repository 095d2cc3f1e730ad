"""A project that somebody saved, uploaded to become a dataset of this machine."""

from typing import TYPE_CHECKING
from uuid import uuid4

import streamlit as st

from core.errors import Cancelled
from core.jobs.background import SingleFlight
from core.jobs.process import PROGRAM
from core.jobs.progress import Progress
from core.storage.home import subfolder
from pages.ui.routes.streamlit_internals import drop_uploads
from pages.ui.shared.data import start
from pages.ui.shared.progress import AT_ONCE, follow
from pages.ui.shared.text import plain, show_error

if TYPE_CHECKING:
    from core.project.placing import Opened

UPLOAD_MEGABYTES = 500
# Session keys: the control's name without its number, that number, and the latest project.
_CONTROL, _NUMBER, _LATEST = "project_zip_", "project_number", "project_latest"


@st.cache_resource(show_spinner=False)
def openings() -> "SingleFlight[Opened]":
    """The project that is being checked and opened, one for all sessions."""
    return SingleFlight()


def open_section() -> None:
    """Draws the control for the file, the work on it, and what came of it."""
    number = st.session_state.setdefault(_NUMBER, 0)
    upload = st.file_uploader(
        "Project saved by Pawlab",
        type="zip",
        max_upload_size=UPLOAD_MEGABYTES,
        key=f"{_CONTROL}{number}",
        help=f"Up to {UPLOAD_MEGABYTES} MB; open a larger one with: {PROGRAM} project open FILE.zip. Every file in it "
        "is checked. It brings images, edits, runs and settings, and replaces nothing that is here.",
    )
    key = upload.file_id if upload else st.session_state.get(_LATEST, "")
    task = openings().find(key)
    if task is None:
        if upload:
            st.button(
                "Check and open the project",
                type="primary",
                on_click=_start,
                args=(key,),
                help="Where a name is taken, a number follows it.",
            )
    elif not task.done:
        follow(task, "Checking names, checksums, images and models.", "Cancels it: nothing is left.")
    elif task.result is not None:
        opened = task.result
        with_runs = f" with {len(opened.runs)} {'run' if len(opened.runs) == 1 else 'runs'}" if opened.runs else ""
        st.success(f"Here as **{plain(opened.name)}**: {opened.images:,} images{with_runs}.")
        st.button("Open it", type="primary", on_click=start, args=(opened.source,), help="Every page then shows it.")
    elif isinstance(task.error, Cancelled):
        st.info("Stopped: nothing was opened.")
    elif task.error is not None:
        show_error(task.error)


def _start(key: str) -> None:
    """Replaces the control by an empty one, so that the file is in memory only until it is written to disk."""
    number = st.session_state[_NUMBER]
    contents = [st.session_state[f"{_CONTROL}{number}"].getvalue()]  # getbuffer would copy it
    st.session_state.update({_NUMBER: number + 1, _LATEST: key})
    drop_uploads([key])

    def work(progress: Progress) -> "Opened":
        from core.project.opening import open_project  # here because few visitors open one

        file = subfolder("imports") / f"{uuid4().hex[:12]}.zip"
        try:
            file.write_bytes(contents.pop())
            return open_project(file, progress=progress)
        finally:
            file.unlink(missing_ok=True)

    openings().submit(key, work).wait(AT_ONCE)
