"""Runs as pages see them: which one a session watches, and reads that cost little however often they happen."""

import copy
import threading
from dataclasses import dataclass, field
from pathlib import Path

import streamlit as st

from core.charts import training_curves
from core.training.history import History
from core.training.runs import Run, Shelf

WATCHED = "watched_run"  # also the key of the control that changes it
AT_WORK = ("running", "stopping")


@dataclass
class _Followed:
    """A run's log as far as it has been read, shared by all sessions."""

    history: History = field(default_factory=History)
    offset: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


@st.cache_resource(max_entries=200, show_spinner=False)
def _followed(directory: Path) -> _Followed:
    return _Followed()


@st.cache_data(max_entries=20, show_spinner=False)
def _curves(directory: Path, state: tuple[object, ...], epochs: int, _history: History) -> str:
    return str(training_curves(_history, epochs).to_json())


def history_of(run: Run) -> History:
    """What happened so far: only what is new in the log is read. The caller's own copy; events are shared."""
    followed = _followed(run.directory)
    with followed.lock:
        if run.log.path.is_file() and run.log.path.stat().st_size < followed.offset:  # another run under the same name
            followed.history, followed.offset = History(), 0
        events, followed.offset = run.log.read(followed.offset)
        for event in events:
            followed.history.add(event)
        mine = copy.copy(followed.history)
        mine.batches, mine.epochs, mine.drops = list(mine.batches), list(mine.epochs), list(mine.drops)
        mine.seconds = dict(mine.seconds)
        return mine


def curves_of(run: Run, history: History) -> str:
    """The curves as plotly's JSON, built anew only when a point is new."""
    # A resume can take points back and add as many again: the latest one's time tells the two apart.
    latest = round(history.batches[-1]["time"] * 1e6) if history.batches else 0
    state = (len(history.batches), len(history.epochs), len(history.drops), history.status, latest)
    return _curves(run.directory, state, run.config.epochs, history)


def run_at_work(shelf: Shelf) -> Run | None:
    """The newest run that a process works on: two at once would only share the processor."""
    return next((run for run in shelf.runs if run.status(history_of(run)) in AT_WORK), None)


def watched_run(shelf: Shelf) -> Run | None:
    """The run that this session watches: the one chosen, else the newest at work, else the newest."""
    chosen = st.session_state.get(WATCHED)
    run = next((run for run in shelf.runs if run.id == chosen), None)
    return run or run_at_work(shelf) or next(iter(shelf.runs), None)


def watch(run: Run) -> None:
    st.session_state[WATCHED] = run.id
