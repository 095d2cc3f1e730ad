"""Runs as pages see them: which one a session watches, and reads that cost little however often they happen."""

import copy
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import streamlit as st

from core.charts import training_curves
from core.training.history import Event, History
from core.training.queue import at_work
from core.training.runs import Run
from core.training.samples import samples_at
from core.training.shelf import Shelf
from pages.ui.samples import as_data

WATCHED = "watched_run"  # also the key of the control that changes it
AT_WORK = ("running", "stopping")
FRESH = 0.2  # seconds for which a look at a run is new enough


@dataclass(frozen=True)
class Look:
    """A run as it was at one moment: what happened so far, and its status. Shared by all sessions: change nothing."""

    history: History
    status: str


@dataclass
class _Followed:
    """A run's log as far as it has been read, the latest look and its curves."""

    history: History = field(default_factory=History)
    offset: int = 0
    look: Look | None = None
    taken: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)
    drawn: tuple[object, str] = (None, "")
    drawing: threading.Lock = field(default_factory=threading.Lock)
    pictured: tuple[object, dict[str, object]] = (None, {})


@st.cache_resource(max_entries=200, show_spinner=False)
def _followed(directory: Path) -> _Followed:
    return _Followed()


def look_at(run: Run) -> Look:
    """The run now, or a moment ago: a class that watches one run looks at its folder as often as one browser does."""
    followed = _followed(run.directory)
    old = followed.look
    if old is not None and time.monotonic() - followed.taken < FRESH:
        return old
    # Who comes while another looks takes what was seen before.
    if followed.lock.acquire(blocking=old is None):
        try:
            followed.look = _look(run, followed)
            followed.taken = time.monotonic()
        finally:
            followed.lock.release()
    return followed.look or _look(run, followed)


def renew(run: Run) -> None:
    """The next look is a new one: the run was just changed from here."""
    _followed(run.directory).taken = 0.0


def _look(run: Run, followed: _Followed) -> Look:
    """Reads only what is new in the log. Where nothing is, the look has the same history as the one before."""
    old = followed.look
    if run.log.path.is_file() and run.log.path.stat().st_size < followed.offset:  # another run under the same name
        followed.history, followed.offset, old = History(), 0, None
    events, followed.offset = run.log.read(followed.offset)
    if old and not events:
        return Look(old.history, run.status(old.history))
    for event in events:
        followed.history.add(event)
    seen = copy.copy(followed.history)
    seen.batches, seen.epochs, seen.drops = list(seen.batches), list(seen.epochs), list(seen.drops)
    seen.seconds = dict(seen.seconds)
    return Look(seen, run.status(seen))


def history_of(run: Run) -> History:
    """What happened so far. Shared: change nothing."""
    return look_at(run).history


def curves_of(run: Run, history: History) -> str:
    """The curves as plotly's JSON, built once for all sessions when something is new.

    Of the latest look, even for a session that still has the one before: with two states in turn each session would
    have them built anew.
    """
    followed = _followed(run.directory)
    with followed.drawing:
        latest = followed.look.history if followed.look else history
        if followed.drawn[0] is not latest:
            followed.drawn = latest, training_curves(latest, run.last_epoch)
        return followed.drawn[1]


def samples_of(run: Run, history: History, epoch: Event | None) -> dict[str, object]:
    """What the sample pictures' component draws for an epoch, built once for all sessions."""
    told = history.samples or {}
    state = (told.get("time"), epoch and epoch.get("time"), len(history.epochs))
    followed = _followed(run.directory)
    if followed.pictured[0] != state:
        followed.pictured = state, as_data(samples_at(run.directory, history, epoch))
    return followed.pictured[1]


def watched_run(shelf: Shelf) -> Run | None:
    """The run that this session watches: the one chosen, else the newest at work, else the newest."""
    chosen = st.session_state.get(WATCHED)
    run = next((run for run in shelf.runs if run.id == chosen), None)
    return run or at_work() or next(iter(shelf.runs), None)


def watch(run: Run) -> None:
    st.session_state[WATCHED] = run.id
