"""The end of the Classify page: import a bundle as a run."""

from pathlib import Path

import streamlit as st

from core.jobs.background import SingleFlight
from core.jobs.process import PROGRAM
from core.jobs.progress import Progress
from core.runs.run import Run
from pages.ui.shared.checked_upload import UPLOAD_MEGABYTES, Words, checked_upload, latest_upload
from pages.ui.shared.text import plain

NAME = "import"
_SELECTED = "import_selected"  # session key: the import whose run was selected
WORDS = Words(
    "Bundle exported from Pawlab",
    f"Up to {UPLOAD_MEGABYTES} MB; import larger ones with: {PROGRAM} import FILE.zip. Every file in it "
    "is checked, and none of its programs is run.",
    "Check and import",
    "It becomes a finished run on this machine, which you can classify with and evaluate.",
    "Checking names, checksums, settings and both models.",
    "Cancels the import.",
    "Stopped: nothing was imported.",
)


@st.cache_resource(show_spinner=False)
def imports() -> SingleFlight[Run]:
    """The bundle that is being imported, one for all sessions."""
    return SingleFlight()


def select_imported(key: str) -> None:
    """Selects a run that was just imported in the control `key`: call it before the control is drawn."""
    task = latest_upload(NAME, imports())
    if task is not None and task.result is not None and st.session_state.get(_SELECTED) != task.id:
        st.session_state.update({_SELECTED: task.id, key: task.result.id})


def import_section(selected: Run | None) -> None:
    """Draws the control for a zip, the import that runs, and what came of it."""
    st.subheader("Import model")
    run = checked_upload(NAME, imports(), _import, WORDS)
    if run is not None:
        is_selected = selected is not None and selected.id == run.id
        st.success(f"Imported as **{plain(run.name)}**{' (now selected)' if is_selected else ''}.")


def _import(file: Path, progress: Progress) -> Run:
    from core.export.importing import import_bundle

    return import_bundle(file, progress=progress)
