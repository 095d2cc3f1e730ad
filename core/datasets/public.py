"""Datasets that others publish and that a user opens by a word instead of an address."""

import os
from dataclasses import dataclass

CATS_AND_DOGS = "cats_and_dogs"
CATS_AND_DOGS_VARIABLE = "PAWLAB_CATS_AND_DOGS_URL"
"""Environment variable with the address of a mirror of the same file."""
CATS_AND_DOGS_URL = "https://storage.googleapis.com/mledu-datasets/cats_and_dogs_filtered.zip"
CATS_AND_DOGS_BYTES = 68_606_236
"""As notebooks published from 2021 to 2025 print it. Nobody published a SHA-256: that of each download is recorded
beside it (`core.datasets.remote`), and the checksums inside the zip reveal damage."""


@dataclass(frozen=True)
class Published:
    """A zip that others publish: its address and length, the dataset's name, and what to do when it cannot be
    downloaded."""

    url: str
    bytes: int
    name: str
    instead: str


def cats_and_dogs() -> Published:
    """The dataset that the word `CATS_AND_DOGS` stands for."""
    return Published(
        os.environ.get(CATS_AND_DOGS_VARIABLE) or CATS_AND_DOGS_URL,
        CATS_AND_DOGS_BYTES,
        "cats_and_dogs_filtered",
        "Check the network, or open the drawn sample or a folder of your own instead; or download the zip where "
        "there is a network and open it by its path",
    )
