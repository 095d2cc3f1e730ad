"""Pages without a browser: the app's main script, its caches empty."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st

from core.runs.run import Run
from pages.ui.collect.learning import LEARNING
from pages.ui.dataset.dataset_map import maps
from pages.ui.dataset.edits import zips
from pages.ui.dataset.open_project import openings as project_openings
from pages.ui.dataset.project import saves
from pages.ui.dataset.quality import reports
from pages.ui.evaluate.against_instant import comparisons_with_instant
from pages.ui.evaluate.cross_validation import cross_validations
from pages.ui.evaluate.state import comparisons, html_reports, image_tasks
from pages.ui.label.preparing import labellers
from pages.ui.shared.data import openings
from pages.ui.train.estimate import estimates


@pytest.fixture(autouse=True)
def fresh_caches(components_known: None) -> Iterator[None]:
    """What one test caches, no other sees."""
    st.cache_resource.clear()
    st.cache_data.clear()
    yield
    LEARNING.close()
    single = (image_tasks(), estimates(), comparisons(), html_reports(), cross_validations(), project_openings())
    for jobs in (openings(), labellers(), reports(), zips(), maps(), saves(), comparisons_with_instant(), *single):
        jobs.close()  # they would go on in the next test's home


@pytest.fixture
def finished(trained: Run, pawlab_home: Path) -> Run:
    """A finished run in this test's home."""
    folder = pawlab_home / "runs" / trained.id
    shutil.copytree(trained.directory, folder)
    return replace(trained, directory=folder)
