"""What a session remembers: each key has one owner here, and nothing large is kept."""

import streamlit as st

from core.augmentation import AugmentationConfig
from pages.ui import augment_store

_AUGMENTATION = "augmentation"


def augmentation() -> AugmentationConfig:
    """The augmentation that this session is tuning: the Augmentation page sets it, the Training page uses it. A new
    session begins with what was set last on this machine."""
    stored = st.session_state.get(_AUGMENTATION)
    if not isinstance(stored, AugmentationConfig):
        stored = st.session_state[_AUGMENTATION] = augment_store.last()
    return stored


def set_augmentation(config: AugmentationConfig) -> None:
    if st.session_state.get(_AUGMENTATION) != config:
        st.session_state[_AUGMENTATION] = config
        augment_store.remember(config)
