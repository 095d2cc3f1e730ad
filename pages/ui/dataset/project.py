"""The open dataset as a project: one file with its edits, runs and settings."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from core.augmentation.store import default_folder
from core.datasets import Dataset
from core.datasets.edits.sidecar import edits_stamp
from core.jobs.background import SingleFlight
from core.jobs.progress import Progress
from core.runs.run import Run
from core.storage.files import stamp_of
from core.storage.home import subfolder
from core.text.file_names import file_name
from pages.ui.shared.classifier import usable_runs
from pages.ui.shared.job_widgets import file_asked_for, zip_ready
from pages.ui.shared.progress import AT_ONCE
from pages.ui.shared.text import plain


@st.cache_resource(show_spinner=False)
def saves() -> SingleFlight[Path]:
    """The project that this server saves, one for all sessions."""
    return SingleFlight()


def save_section(dataset: Dataset) -> None:
    """Saves the project and offers it."""
    st.markdown("**Project**")
    st.caption(
        "One file to keep, to hand in, or to go on with on another computer: the images as they are, your edits, the "
        "augmentation settings that you saved, and the runs that you choose. Open it with “Open another dataset”."
    )
    runs = {run.id: (run, words) for run, words in usable_runs()[0].values() if run.source == dataset.source.text}
    chosen = st.multiselect(
        "Runs in the project",
        list(runs),
        format_func=lambda run_id: plain(runs[run_id][1]),
        key="project_runs",
        placeholder="None" if runs else "None was trained on this dataset yet",
        disabled=not runs,
        help="Runs of this dataset. Each is exported as a verified bundle first, which takes a minute or two the first "
        "time.",
    )
    picked = [runs[run_id][0] for run_id in chosen]
    stamps = edits_stamp(dataset.root), stamp_of(default_folder())
    key = f"{dataset.root} {dataset.fingerprint} {stamps} {[(run.id, run.name, run.note) for run in picked]}"
    path = file_asked_for(
        saves().find(key),
        "project",
        lambda: _save(key, dataset, picked),
        note="Saving the project. You can leave this page meanwhile.",
        help="Writes it into Pawlab's own folder; then you can download it.",
        disabled=not dataset.classes,
        key="save_project",
    )
    if path is not None:
        zip_ready(path, "project")


def _save(key: str, dataset: Dataset, runs: Sequence[Run]) -> None:
    def work(progress: Progress) -> Path:
        from core.project.saving import save_project  # here because few visitors save

        target = subfolder("exports") / f"{file_name(dataset.name, 100)}-project.zip"
        save_project(dataset, target, runs, progress)
        return target

    saves().submit(key, work, again=True).wait(AT_ONCE)
