"""The open dataset, shared by all pages and all sessions."""

import threading
import time
from pathlib import Path

import streamlit as st

from core.datasets import Dataset, open_dataset
from core.datasets.current import SAMPLE, current_source, remember_source
from core.errors import PawlabError
from core.progress import Progress
from pages.ui.words import progress_bar, show_error


@st.cache_resource(max_entries=1, show_spinner=False)
def _opened() -> dict[str, Dataset]:
    """The one dataset that is open, under its source: a few megabytes, the same for every session."""
    return {}


@st.cache_resource(show_spinner=False)
def _opening() -> threading.Lock:
    return threading.Lock()


def dataset() -> Dataset:
    """The open dataset. Ends the page's run with an explanation where it cannot be opened."""
    source = current_source()
    found = _opened().get(source)  # once: another session may open another dataset at any moment
    if found is None:
        try:
            with progress_bar("Opening the data") as progress:
                found = _open(source, progress)
        except PawlabError as error:
            show_error(error)
            if source != SAMPLE:
                st.button("Open the drawn sample instead", on_click=remember_source, args=(SAMPLE,), type="primary")
            st.stop()
    return found


def choose(source: str | Path | bytes, progress: Progress) -> Dataset:
    """Opens another dataset for all pages; the one that was open stays where this raises `PawlabError`."""
    found = open_dataset(source, progress=_throttled(progress))
    name = SAMPLE if source == SAMPLE else str(found.source)
    with _opening():
        _keep(name, found)
    remember_source(name)
    return found


def _open(source: str, progress: Progress) -> Dataset:
    with _opening():  # two tabs that open at once read the files once
        found = _opened().get(source)
        if found is None:
            found = open_dataset(source, progress=_throttled(progress))
            _keep(source, found)
        return found


def _keep(source: str, found: Dataset) -> None:
    _opened().clear()
    _opened()[source] = found


def _throttled(progress: Progress) -> Progress:
    """At most ten messages a second reach the browser."""
    last = 0.0

    def call(phase: str, done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last > 0.1 or done == total:
            last = time.monotonic()
            progress(phase, done, total)

    return call
