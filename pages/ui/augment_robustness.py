"""Accuracy on validation pictures against the strength of the augmentation: where it starts to break the label."""

import streamlit as st

from core.augmentation import AugmentationConfig
from core.datasets import Dataset
from core.training.runs import Run


def curve(run: Run, config: AugmentationConfig, found: Dataset) -> None:
    """Asks for the curve, shows its progress, then the curve."""
    st.caption("")
