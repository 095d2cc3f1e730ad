"""What a session remembers: each key has one owner here, and nothing large is kept."""

import streamlit as st

from core.augmentation import AugmentationConfig

_AUGMENTATION = "augmentation"


def augmentation() -> AugmentationConfig:
    """The augmentation that this session is tuning: the Augmentation page sets it, the Training page uses it."""
    stored = st.session_state.get(_AUGMENTATION)
    return stored if isinstance(stored, AugmentationConfig) else AugmentationConfig()


def set_augmentation(config: AugmentationConfig) -> None:
    st.session_state[_AUGMENTATION] = config
