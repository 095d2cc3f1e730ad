"""A job that the user starts: its button, its progress, and the file that it makes."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import streamlit as st

from core.errors import Cancelled
from core.jobs.background import Task
from pages.ui.shared.progress import follow
from pages.ui.shared.text import show_error

DOWNLOADED = 200_000_000  # bytes: what a browser downloads from the server's memory
Result = TypeVar("Result")


def asked_for(
    task: Task[Result] | None,
    label: str,
    ask: Callable[[], None],
    *,
    note: str,
    help: str,
    disabled: bool = False,
    key: str | None = None,
) -> Result | None:
    """The result of the latest task. While there is none, draws why the last try brought none and the button `label`,
    which calls `ask`; or, while the task is at work, how far it is, with `note` beneath."""
    if task is not None and not task.done:
        follow(task, note, "Stops the work.")
        return None
    if task is not None and task.result is not None:
        return task.result
    if task is not None and isinstance(task.error, Cancelled):
        st.info("Stopped.")
    elif task is not None and task.error is not None:
        show_error(task.error)
    st.button(label, type="primary", on_click=ask, key=key, help=help, disabled=disabled)
    return None


def file_asked_for(
    task: Task[Path] | None,
    what: str,
    ask: Callable[[], None],
    *,
    note: str,
    help: str,
    disabled: bool = False,
    key: str | None = None,
) -> Path | None:
    """The same for a file, which somebody may have removed meanwhile. `what` is its name in a sentence."""
    if task is not None and task.result is not None and not task.result.is_file():
        st.info(f"The {what} has been deleted.")
        task = None
    return asked_for(task, f"Prepare the {what}", ask, note=note, help=help, disabled=disabled, key=key)


def zip_ready(path: Path, what: str) -> None:
    """Says where a zip lies on this machine, and offers it to the browser unless it is large."""
    size = path.stat().st_size
    st.markdown(f"Ready: {size / 1e6:,.1f} MB, saved on this machine as")
    st.code(str(path), language=None)
    if size <= DOWNLOADED:
        download(path, what, "application/zip", "Saves the same file through your browser.")


def download(path: Path, what: str, mime: str, help: str) -> None:
    """The button that gives the file to the browser."""
    st.download_button(
        f"Download the {what}",
        data=path.read_bytes,
        file_name=path.name,
        mime=mime,
        type="primary",
        on_click="ignore",
        help=help,
    )
