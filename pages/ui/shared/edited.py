"""A run's images with the current edits, for all sessions; they need not be those of the open dataset."""

import streamlit as st

from core.datasets import Dataset, Edits
from core.datasets.edits.sidecar import edits_stamp
from core.datasets.selection import Catalog
from core.errors import DatasetError
from pages.ui.dataset.images import catalog_of
from pages.ui.shared.text import show_error


def images_state(dataset: Dataset) -> str:
    """Changes with the images and with every edit."""
    return f"{dataset.root} {dataset.fingerprint} {edits_stamp(dataset.root)}"


def with_current_edits(dataset: Dataset) -> Catalog:
    """
    Args:
        dataset: As a run was trained with it (`core.evaluation.robustness.training_dataset`).
    """
    try:
        return catalog_of(_edited(images_state(dataset), dataset))
    except DatasetError as error:  # broken edits, which were moved aside: the next call finds none
        show_error(error)
        return catalog_of(_edited(images_state(dataset), dataset))


@st.cache_resource(max_entries=4, show_spinner=False)
def _edited(state: str, _dataset: Dataset) -> Dataset:
    return Edits.load(_dataset).apply(_dataset)
