"""Runs as pages see them: which one a session watches, and cheap reads however often they happen."""

import copy
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import streamlit as st

from core.runs.curves_chart import training_curves
from core.runs.history import Event, History
from core.runs.queue import at_work
from core.runs.run import Run
from core.runs.sample_images import samples_at
from core.runs.store import RunList
from pages.ui.components.samples import as_data
from pages.ui.shared.session import kept
from pages.ui.shared.text import plain

WATCHED = kept("watched_run")  # also the key of the control that changes it
_NAME = kept("watched_name")
AT_WORK = ("running", "stopping")
FRESH = 0.2  # seconds for which a look at a run is new enough
Made = TypeVar("Made")


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
    shown: tuple[object, dict[str, object]] = (None, {})


@st.cache_resource(max_entries=200, show_spinner=False)
def _followed(directory: Path) -> _Followed:
    return _Followed()


def look_at(run: Run) -> Look:
    """The run now, or a moment ago: a class that watches one run reads its folder as often as one browser does."""
    followed = _followed(run.directory)
    old = followed.look
    if old is not None and time.monotonic() - followed.taken < FRESH:
        return old
    # A session that comes while another one reads takes the previous look.
    if followed.lock.acquire(blocking=old is None):
        try:
            followed.look = _look(run, followed)
            followed.taken = time.monotonic()
        finally:
            followed.lock.release()
    return followed.look or _look(run, followed)


def renew(run: Run) -> None:
    """Makes the next look a new one, because the run was just changed from here."""
    _followed(run.directory).taken = 0.0


def _look(run: Run, followed: _Followed) -> Look:
    """Reads only what is new in the log. Where nothing is, the look has the same history as the one before."""
    old = followed.look
    if run.log.path.is_file() and run.log.path.stat().st_size < followed.offset:  # another run under the same name
        followed.history, followed.offset, old = History(), 0, None
    try:
        events, followed.offset = run.log.read(followed.offset)
    except OSError:
        return Look(run.history(), "failed")
    if old and not events:
        return Look(old.history, run.status(old.history))
    for event in events:
        followed.history.add(event)
    now = copy.copy(followed.history)
    now.batches, now.epochs, now.drops = list(now.batches), list(now.epochs), list(now.drops)
    now.seconds = dict(now.seconds)
    return Look(now, run.status(now))


def status_in_words(status: str) -> str:
    return "stopped" if status == "cancelled" else status  # what its button says


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
    """What the sample images' component draws for an epoch, built once for all sessions."""
    samples = history.samples or {}
    state = (samples.get("time"), epoch and epoch.get("time"), len(history.epochs))
    followed = _followed(run.directory)
    if followed.shown[0] != state:
        followed.shown = state, as_data(samples_at(run.directory, history, epoch))
    return followed.shown[1]


@st.cache_resource(max_entries=1000, show_spinner=False)
def _results(press: str) -> list[Any]:
    return []


def once(press: str, make: Callable[[], Made]) -> Made:
    """The result of `make`, which is called once per press of a button: for callbacks that create runs.

    Streamlit interrupts a callback for another rerun at any use of session state, and then calls it again. A callback
    that had created its run by then would create a second one.

    Args:
        press: From `new_press` when the button was drawn.
        make: Uses no session state.
    """
    results = _results(press)
    if not results:
        results.append(make())
    made: Made = results[0]
    return made


def new_press() -> str:
    """Names the next press of a button: draw it with this among its `args`."""
    return uuid.uuid4().hex


def watched_run(run_list: RunList) -> Run | None:
    """The run that this session watches: the one chosen, else the newest at work, else the newest. Says so where the
    chosen one was deleted elsewhere."""
    chosen = st.session_state.get(WATCHED)
    run = next((run for run in run_list.runs if run.id == chosen), None)
    if run is None and chosen and (name := st.session_state.pop(_NAME, "")):
        st.warning(f"“{plain(name)}” was deleted in another window. Another run is shown.")
    return run or at_work() or next(iter(run_list.runs), None)


def watch(run: Run) -> None:
    st.session_state[WATCHED], st.session_state[_NAME] = run.id, run.name


def forget_watched() -> None:
    """For whoever deletes runs: the watched one may be among them, and this session knows why it is gone."""
    st.session_state.pop(_NAME, None)
