"""The images that a session classifies, and their predictions: stored outside the session's state, since they may be
large, and freed with it."""

from dataclasses import dataclass, field
from pathlib import Path

import streamlit as st

from core.inference.batch import Batch, Row, classify_images
from core.inference.classifier import Classifier
from core.inference.given import ClassifyInput
from core.inference.sorting import FolderSorter
from core.jobs.background import SingleFlight, Task
from core.jobs.progress import Progress
from core.runs.run import Run
from pages.ui.routes.streamlit_internals import drop_uploads
from pages.ui.shared.classifier import model_key

OPEN, PAGE = "classify_open", "classify_page"
# Seconds, more than for other jobs: a phone photo takes a busy machine half a second, and drawing a progress bar for it
# would take longer still.
PREDICTION_AT_ONCE = 1.0


@dataclass(frozen=True)
class Saved:
    """The class under which an image is saved among the corrections, and the one before, or ""."""

    label: str
    before: str


@dataclass
class Session:
    """The state of the page.

    Attributes:
        input: The images to classify, from the control `kind`.
        path: Where on this machine they lie, if they were not uploaded.
        was_filled: Whether the control that was drawn last held something.
        number: Part of the controls' names: with another one they are new and empty.
        uploads: Ids of the uploads that any control has held since.
        known: Key of a model, and its rows by image id.
        verdicts: The true class of an image, according to the user, by image id.
        saved: What this session saved among the corrections, by image id.
        sorting: Copies the images into class folders.
    """

    input: ClassifyInput | None = None
    path: Path | None = None
    kind: str = ""
    was_filled: bool = False
    number: int = 0
    uploads: set[str] = field(default_factory=set)
    tasks: SingleFlight[Batch] = field(default_factory=SingleFlight)
    known: tuple[str, dict[str, Row]] = ("", {})
    verdicts: dict[str, str] = field(default_factory=dict)
    saved: dict[str, Saved] = field(default_factory=dict)
    sorting: SingleFlight[FolderSorter] = field(default_factory=SingleFlight)


@st.cache_resource(scope="session", show_spinner=False)
def session() -> Session:
    """Of this session."""
    return Session()


def set_input(kind: str, new: ClassifyInput | None, path: Path | None = None, *, is_new_control: bool) -> None:
    """Takes over what the control `kind` holds now; None is an empty control.

    The input stays until another one replaces it, or until the control that it came from is emptied. A control that is
    drawn again after another one, or after another page, is empty too.

    Args:
        path: Where on this machine the images lie, if they were not uploaded.
        is_new_control: Whether the control was not drawn in the run before.
    """
    state = session()
    was_emptied = new is None and state.was_filled and state.kind == kind and not is_new_control
    state.was_filled = new is not None
    if new is not None and (state.input is None or new.key != state.input.key):
        state.input, state.kind, state.path = new, kind, path
        state.sorting = SingleFlight()  # what is being copied goes on
        show_list()
    elif was_emptied:
        forget()


def forget() -> None:
    """Forgets the input and its predictions."""
    state = session()
    state.input, state.kind, state.path, state.known = None, "", None, ("", {})
    state.verdicts.clear()
    state.saved.clear()
    state.tasks.close()
    state.tasks, state.sorting = SingleFlight(), SingleFlight()
    show_list()


def clear() -> None:
    """The same, and empties the controls."""
    forget()
    state = session()
    state.number += 1
    drop_uploads(state.uploads)
    state.uploads.clear()


def show_list() -> None:
    """Shows the list from its beginning, with no image open."""
    st.session_state.update({OPEN: -1, PAGE: 1})


def classification(run: Run, classifier: Classifier, *, again: bool = False) -> Task[Batch] | None:
    """The job that classifies the input, started where that is new; None without an input."""
    state = session()
    images = state.input
    if images is None:
        return None
    model = model_key(run)
    known = state.known[1] if state.known[0] == model else {}

    def work(progress: Progress) -> Batch:
        batch = classify_images(images.open(progress), classifier, progress, known)
        state.known = model, {row.image.id: row for row in batch.rows}
        return batch

    task = state.tasks.submit(f"{model} {images.key}", work, again=again)
    task.wait(PREDICTION_AT_ONCE)
    return task
