"""Pages without a browser: the app's main script, its caches empty."""

from collections.abc import Iterator

import pytest
import streamlit as st

from pages.ui.data import openings
from pages.ui.dataset_map import maps
from pages.ui.edits import zips
from pages.ui.evaluation import comparisons, html_reports, tasks
from pages.ui.training_estimate import estimates
from pages.ui.trust import reports


@pytest.fixture(autouse=True)
def fresh_caches(components_known: None) -> Iterator[None]:
    """What one test caches, no other sees."""
    st.cache_resource.clear()
    st.cache_data.clear()
    yield
    for jobs in (openings(), reports(), zips(), maps(), tasks(), estimates(), comparisons(), html_reports()):
        jobs.close()  # they would go on in the next test's home
