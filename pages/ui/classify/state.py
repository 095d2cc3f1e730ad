"""What a session gave to be classified and what came of it: kept for the session outside its state, since it may be
large, and gone with it."""

from dataclasses import dataclass, field

import streamlit as st

from core.inference.batch import Batch, Row, classify_pictures
from core.inference.classifier import Classifier
from core.inference.given import Given
from core.jobs import Latest, Task
from core.progress import Progress
from core.training.runs import Run
from pages.ui.classifier import model_key
from pages.ui.uploads import drop_uploads

OPEN, PAGE = "classify_open", "classify_page"
# Seconds, more than for other jobs: a phone's photo takes a busy machine half of one, and a bar that comes and goes
# would take longer still.
ANSWER_AT_ONCE = 1.0


@dataclass(frozen=True)
class Kept:
    """The class under which a picture lies among the corrections, and the one from before, or ""."""

    label: str
    before: str


@dataclass
class Session:
    """`given` by the input `kind`; `held`, whether the control that was drawn last held something; `number` names the
    controls anew when all is cleared."""

    given: Given | None = None
    kind: str = ""
    held: bool = False
    number: int = 0
    uploads: set[str] = field(default_factory=set)  # the ids of what any control has held since
    tasks: Latest[Batch] = field(default_factory=Latest)
    known: tuple[str, dict[str, Row]] = ("", {})  # of the model of that key
    judged: dict[str, str] = field(default_factory=dict)  # what the user says that a picture is, by the picture's id
    kept: dict[str, Kept] = field(default_factory=dict)  # what this session put among the corrections, by the same


@st.cache_resource(scope="session", show_spinner=False)
def session() -> Session:
    """The one of this session."""
    return Session()


def give(kind: str, given: Given | None, is_new: bool) -> None:
    """Notes what the control of an input holds now; None is an empty control.

    What was given before stays until something else is given, or until the very control that gave it is emptied. A
    control that is drawn again after another one, or after another page, is empty too.

    Args:
        is_new: Whether the control was not drawn in the run before.
    """
    mine = session()
    emptied = given is None and mine.held and mine.kind == kind and not is_new
    mine.held = given is not None
    if given is not None and (mine.given is None or given.key != mine.given.key):
        mine.given, mine.kind = given, kind
        look_at_all()
    elif emptied:
        forget()


def forget() -> None:
    """Forgets what was given, and what came of it."""
    mine = session()
    mine.given, mine.kind, mine.known = None, "", ("", {})
    mine.judged.clear()
    mine.kept.clear()
    mine.tasks.close()
    mine.tasks = Latest()
    look_at_all()


def clear() -> None:
    """The same, with what the controls hold."""
    forget()
    mine = session()
    mine.number += 1
    drop_uploads(mine.uploads)
    mine.uploads.clear()


def look_at_all() -> None:
    """The list from its beginning, no picture open."""
    st.session_state.update({OPEN: -1, PAGE: 1})


def classification(run: Run, classifier: Classifier, again: bool = False) -> Task[Batch] | None:
    """The job that classifies what was given, begun where it is new; None where nothing was."""
    mine = session()
    given = mine.given
    if given is None:
        return None
    model = model_key(run)
    known = mine.known[1] if mine.known[0] == model else {}

    def work(tell: Progress) -> Batch:
        batch = classify_pictures(given.open(tell), classifier, tell, known)
        mine.known = model, {row.picture.id: row for row in batch.rows}
        return batch

    task = mine.tasks.ask(f"{model} {given.key}", work, again=again)
    task.wait(ANSWER_AT_ONCE)
    return task
