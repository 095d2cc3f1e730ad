"""Pages without a browser: the app's main script, its caches empty."""

from collections.abc import Iterator

import pytest
import streamlit as st

from pages.ui.collect.learning import LEARNING
from pages.ui.dataset.dataset_map import maps
from pages.ui.dataset.edits import zips
from pages.ui.dataset.quality import reports
from pages.ui.evaluate.cross_validation import cross_validations
from pages.ui.evaluate.state import comparisons, html_reports, image_tasks
from pages.ui.shared.data import openings
from pages.ui.train.estimate import estimates


@pytest.fixture(autouse=True)
def fresh_caches(components_known: None) -> Iterator[None]:
    """What one test caches, no other sees."""
    st.cache_resource.clear()
    st.cache_data.clear()
    yield
    LEARNING.close()
    single = (image_tasks(), estimates(), comparisons(), html_reports(), cross_validations())
    for jobs in (openings(), reports(), zips(), maps(), *single):
        jobs.close()  # they would go on in the next test's home
