"""Pages without a browser: the app's main script, its caches empty."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import streamlit as st

from core.jobs.background import SingleFlight
from core.runs.run import Run
from pages.ui.collect.learning import LEARNING
from pages.ui.label.preparing import labellers
from pages.ui.shared.data import openings


@pytest.fixture(autouse=True)
def fresh_caches(components_known: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What one test caches, no other sees; what it has begun does not go on in the next test's home."""
    flights: list[SingleFlight[Any, Any]] = []
    init = SingleFlight.__init__

    def remembered(self: SingleFlight[Any, Any]) -> None:
        init(self)
        flights.append(self)

    monkeypatch.setattr(SingleFlight, "__init__", remembered)
    st.cache_resource.clear()
    st.cache_data.clear()
    yield
    for close in (LEARNING.close, openings().close, labellers().close, *(flight.close for flight in flights)):
        close()


@pytest.fixture
def finished(trained: Run, pawlab_home: Path) -> Run:
    """A finished run in this test's home."""
    folder = pawlab_home / "runs" / trained.id
    shutil.copytree(trained.directory, folder)
    return replace(trained, directory=folder)
