"""Keras, which several tests hold us against: imported by the first test that asks for it."""

import warnings
from typing import Any

import pytest


@pytest.fixture(scope="session")
def keras() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import keras
    return keras
