"""Pages without a browser: the app's main script, its caches empty."""

from collections.abc import Iterator

import pytest
import streamlit as st

from pages.ui.data import openings


@pytest.fixture(autouse=True)
def fresh_caches() -> Iterator[None]:
    """What one test caches, no other sees."""
    st.cache_resource.clear()
    st.cache_data.clear()
    yield
    openings().close()  # it would go on in the next test's home
