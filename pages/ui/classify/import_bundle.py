"""The end of the Classify page: import a bundle as a run."""

from pathlib import Path
from uuid import uuid4

import streamlit as st

from core.errors import Cancelled
from core.jobs.background import SingleFlight
from core.jobs.process import PROGRAM
from core.jobs.progress import Progress
from core.runs.run import Run
from core.storage.home import subfolder
from pages.ui.routes.streamlit_internals import drop_uploads
from pages.ui.shared.progress import AT_ONCE, follow
from pages.ui.shared.text import plain, show_error

UPLOAD_MEGABYTES = 500
# Session keys: the control's name without its number, that number, the latest import, and the one that was selected.
_CONTROL, _NUMBER, _IMPORTED, _SELECTED = "import_zip_", "import_number", "import_latest", "import_selected"


@st.cache_resource(show_spinner=False)
def imports() -> SingleFlight[Run]:
    """The bundle that is being imported, one for all sessions."""
    return SingleFlight()


def select_imported(key: str) -> None:
    """Selects a run that was just imported in the control `key`: call it before the control is drawn."""
    task = imports().find(st.session_state.get(_IMPORTED, ""))
    if task is not None and task.result is not None and st.session_state.get(_SELECTED) != task.id:
        st.session_state.update({_SELECTED: task.id, key: task.result.id})


def import_section(selected: Run | None) -> None:
    """Draws the control for a zip, the import that runs, and what came of it."""
    st.subheader("Import model")
    number = st.session_state.setdefault(_NUMBER, 0)
    upload = st.file_uploader(
        "Bundle exported from Pawlab",
        type="zip",
        max_upload_size=UPLOAD_MEGABYTES,
        key=f"{_CONTROL}{number}",
        help=f"Up to {UPLOAD_MEGABYTES} MB; import larger ones with: {PROGRAM} import FILE.zip. Every file in it "
        "is checked, and none of its programs is run.",
    )
    key = upload.file_id if upload else st.session_state.get(_IMPORTED, "")
    task = imports().find(key)
    if task is None:
        if upload:
            st.button(
                "Check and import",
                on_click=_start_import,
                args=(key,),
                help="It becomes a finished run on this machine, which you can classify with and evaluate.",
            )
    elif not task.done:
        follow(task, "Checking names, checksums, settings and both models.", "Cancels the import.")
    elif task.result is not None:
        is_selected = selected is not None and selected.id == task.result.id
        st.success(f"Imported as **{plain(task.result.name)}**{' (now selected)' if is_selected else ''}.")
    elif isinstance(task.error, Cancelled):
        st.info("Stopped: nothing was imported.")
    elif task.error is not None:
        show_error(task.error)


def _start_import(key: str) -> None:
    """Replaces the control by an empty one, so that the bundle is in memory only until it is written to disk."""
    number = st.session_state[_NUMBER]
    contents = [st.session_state[f"{_CONTROL}{number}"].getvalue()]  # getbuffer would copy it
    st.session_state.update({_NUMBER: number + 1, _IMPORTED: key})
    drop_uploads([key])

    def work(progress: Progress) -> Run:
        from core.export.importing import import_bundle

        file = Path(subfolder("imports")) / f"{uuid4().hex[:12]}.zip"
        try:
            file.write_bytes(contents.pop())
            return import_bundle(file, progress=progress)
        finally:
            file.unlink(missing_ok=True)

    imports().submit(key, work).wait(AT_ONCE)
