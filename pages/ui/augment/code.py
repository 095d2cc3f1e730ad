"""The settings as Python and as JSON, to copy."""

import streamlit as st

from core.augmentation import AugmentationConfig
from core.augmentation.code import keras_generator, keras_layers
from pages.ui.augment.choice import size

GENERATOR, LAYERS, JSON = "ImageDataGenerator", "Keras layers", "JSON"
_AS = "augment_code_as"
# Streamlit's grey for comments is too faint, and here the comments say what is missing.
_CSS = "<style>[data-testid='stCode'] .token.comment {color: inherit !important}</style>"


def as_code(config: AugmentationConfig) -> None:
    """One of three forms, with a button that copies it."""
    st.html(_CSS)
    chosen = st.segmented_control(
        "Code",
        [GENERATOR, LAYERS, JSON],
        default=GENERATOR,
        key=_AS,
        help="The notebook's generator, Keras preprocessing layers, or Pawlab's own JSON. Its comments say what Keras "
        "lacks.",
    )
    if chosen == JSON:
        st.code(config.to_json(), language="json")
    elif chosen == LAYERS:
        st.code(keras_layers(config, size()), language="python")
    else:
        st.code(keras_generator(config), language="python")
