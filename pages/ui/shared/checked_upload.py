"""A zip that somebody uploads and that is checked before anything of it counts: its control, the work, its end."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar
from uuid import uuid4

import streamlit as st

from core.errors import Cancelled
from core.jobs.background import SingleFlight, Task
from core.jobs.progress import Progress
from core.storage.home import subfolder
from pages.ui.routes.streamlit_internals import drop_uploads
from pages.ui.shared.progress import AT_ONCE, follow
from pages.ui.shared.text import show_error

UPLOAD_MEGABYTES = 500
Result = TypeVar("Result")


@dataclass(frozen=True)
class Words:
    """The control and its help, the button and its help, what stands beside the progress, the help of Stop, and what
    is said after a stop."""

    control: str
    help: str
    check: str
    check_help: str
    meanwhile: str
    stop_help: str
    stopped: str
    kind: Literal["primary", "secondary"] = "secondary"


def checked_upload(
    name: str, flight: SingleFlight[Result], work: Callable[[Path, Progress], Result], words: Words
) -> Result | None:
    """Draws it all, and returns what came of the latest file, if it passed.

    Args:
        name: Of its session keys.
        work: Takes the file, which is gone afterwards.
    """
    number = st.session_state.setdefault(f"{name}_number", 0)
    upload = st.file_uploader(
        words.control, type="zip", max_upload_size=UPLOAD_MEGABYTES, key=f"{name}_zip_{number}", help=words.help
    )
    task = flight.find(upload.file_id) if upload else latest_upload(name, flight)
    if task is None:
        if upload:
            st.button(
                words.check,
                type=words.kind,
                on_click=_start,
                args=(name, upload.file_id, flight, work),
                help=words.check_help,
            )
    elif not task.done:
        follow(task, words.meanwhile, words.stop_help)
    elif task.result is not None:
        return task.result
    elif isinstance(task.error, Cancelled):
        st.info(words.stopped)
    elif task.error is not None:
        show_error(task.error)
    return None


def latest_upload(name: str, flight: SingleFlight[Result]) -> Task[Result] | None:
    """The work on the file that this session gave last."""
    return flight.find(st.session_state.get(f"{name}_latest", ""))


def _start(name: str, key: str, flight: SingleFlight[Result], work: Callable[[Path, Progress], Result]) -> None:
    """Replaces the control by an empty one, so that the file is in memory only until it is written to disk."""
    number = st.session_state[f"{name}_number"]
    contents = [st.session_state[f"{name}_zip_{number}"].getvalue()]  # getbuffer would copy it
    st.session_state.update({f"{name}_number": number + 1, f"{name}_latest": key})
    drop_uploads([key])

    def on_disk(progress: Progress) -> Result:
        file = subfolder("imports") / f"{uuid4().hex[:12]}.zip"
        try:
            file.write_bytes(contents.pop())
            return work(file, progress)
        finally:
            file.unlink(missing_ok=True)

    flight.submit(key, on_disk).wait(AT_ONCE)
