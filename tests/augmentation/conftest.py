"""Keras, imported once: the oracle of several files here."""

import warnings
from typing import Any

import pytest


@pytest.fixture(scope="session")
def generator_class() -> Any:
    """`ImageDataGenerator`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from keras.src.legacy.preprocessing.image import ImageDataGenerator
    return ImageDataGenerator


@pytest.fixture(scope="session")
def layers() -> Any:
    """`keras.layers`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import keras
    return keras.layers
