"""A project that somebody saved, uploaded to become a dataset of this machine."""

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from core.jobs.background import SingleFlight
from core.jobs.process import PROGRAM
from core.jobs.progress import Progress
from pages.ui.shared.checked_upload import UPLOAD_MEGABYTES, Words, checked_upload
from pages.ui.shared.data import start
from pages.ui.shared.text import plain

if TYPE_CHECKING:
    from core.project.placing import Opened

WORDS = Words(
    "Project saved by Pawlab",
    f"Up to {UPLOAD_MEGABYTES} MB; open a larger one with: {PROGRAM} project open FILE.zip. Every file in it "
    "is checked. It brings images, edits, runs and settings, and replaces nothing that is here.",
    "Check and open the project",
    "Where a name is taken, a number follows it.",
    "Checking names, checksums, images and models.",
    "Cancels it: nothing is left.",
    "Stopped: nothing was opened.",
    "primary",
)


@st.cache_resource(show_spinner=False)
def openings() -> "SingleFlight[Opened]":
    """The project that is being checked and opened, one for all sessions."""
    return SingleFlight()


def open_section() -> None:
    """Draws the control for the file, the work on it, and what came of it."""
    opened = checked_upload("project", openings(), _open, WORDS)
    if opened is not None:
        with_runs = f" with {len(opened.runs)} {'run' if len(opened.runs) == 1 else 'runs'}" if opened.runs else ""
        st.success(f"Here as **{plain(opened.name)}**: {opened.images:,} images{with_runs}.")
        st.button("Open it", type="primary", on_click=start, args=(opened.source,), help="Every page then shows it.")


def _open(file: Path, progress: Progress) -> "Opened":
    from core.project.opening import open_project  # here because few visitors open one

    return open_project(file, progress=progress)
