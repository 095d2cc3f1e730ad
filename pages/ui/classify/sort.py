"""Sorting classified images into one folder per class: as a zip to download, or as copies in a folder."""

import io
from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from core.datasets.source import typed_path
from core.errors import Cancelled, PawlabError
from core.inference.batch import PROBLEM, Batch
from core.inference.given import MAX_UPLOAD_BYTES
from core.inference.sorting import FolderSorter, class_folders, copy_batch, num_bytes, write_sorted_zip
from core.jobs.progress import Progress
from core.runs.limits import Limits
from pages.ui.classify.state import session
from pages.ui.shared.progress import AT_ONCE, follow
from pages.ui.shared.session import kept
from pages.ui.shared.text import plain, show_error, size

TARGET = kept("classify_sort_target")


def sorting(batch: Batch, batch_id: str, limits: Limits) -> None:
    """Draws both ways. `batch_id` changes with the batch."""
    counts = batch.counts(limits)
    without = counts.pop(PROBLEM)
    if not any(counts.values()):
        return
    st.subheader("Sort into folders")
    folders = class_folders(batch.classes)
    st.markdown(
        f"{in_words({folders[outcome]: count for outcome, count in counts.items() if count})}. "
        + (f"{without:,} without a prediction {'is' if without == 1 else 'are'} left out. " if without else "")
        + "Your originals stay where they are."
    )
    _download(batch, limits)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        target = st.text_input(
            "Or copy into a folder on the machine that runs Pawlab",
            key=TARGET,
            placeholder="/home/me/sorted",
            persist_state="session",
            help="Made if it does not exist. Nothing in it is overwritten: a name that is taken gets a number.",
        )
        if st.button("Copy", help="Copies each image into the folder of its class.") and target.strip():
            _start(batch, batch_id, limits, typed_path(target).expanduser())
    _status()


def in_words(counts: Mapping[str, int]) -> str:
    """Folders with their numbers of images, as Markdown."""
    return ", ".join(f"**{plain(name)}** {count:,}" for name, count in counts.items())


def _download(batch: Batch, limits: Limits) -> None:
    if (total := num_bytes(batch)) > MAX_UPLOAD_BYTES:
        st.markdown(f"Too large for a zip ({size(total)}): copy them into a folder.", width="content")
        return

    def content() -> bytes:
        file = io.BytesIO()
        write_sorted_zip(batch, limits, file)
        return file.getvalue()

    st.download_button(
        f"Download as a zip ({size(total)})",
        content,
        "sorted.zip",
        "application/zip",
        on_click="ignore",
        type="primary",
        help="One folder per class, with your images as they are; unsure ones in the folder “unsure”, "
        "and images unlike the training images in the folder “unlike”.",
    )


def _start(batch: Batch, batch_id: str, limits: Limits, target: Path) -> None:
    state = session()
    try:
        if not target.is_absolute():
            raise PawlabError(f"Received {str(target)!r}", "a whole path, such as /home/me/sorted or C:\\sorted")
        sorter = FolderSorter(target, batch.classes, limits, [state.path] if state.path else [])
    except PawlabError as error:
        show_error(error)
        return

    def work(progress: Progress) -> FolderSorter:
        return copy_batch(batch, sorter, progress)

    state.sorting.submit(f"{batch_id} {limits} {target}", work, again=True).wait(AT_ONCE)


def _status() -> None:
    task = session().sorting.latest
    if task is None:
        return
    if not task.done:
        follow(task, "Copying your images.", "What is copied stays.")
    elif task.result is not None:
        st.success(f"Copied into {plain(str(task.result.target))}: {in_words(task.result.counts)}.")
    elif isinstance(task.error, Cancelled):
        st.info("Stopped: what was copied stays.")
    elif task.error is not None:
        show_error(task.error)
