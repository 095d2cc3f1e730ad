"""Parts of Keras: the oracle of several files here."""

import warnings
from typing import Any

import pytest


@pytest.fixture(scope="session")
def generator_class(keras: Any) -> Any:
    """`ImageDataGenerator`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from keras.src.legacy.preprocessing.image import ImageDataGenerator
    return ImageDataGenerator


@pytest.fixture(scope="session")
def layers(keras: Any) -> Any:
    """`keras.layers`."""
    return keras.layers
