"""Datasets that others publish and that a user opens by a word instead of an address."""

import os
from dataclasses import dataclass

CATS_AND_DOGS = "cats_and_dogs"
CATS_AND_DOGS_VARIABLE = "PAWLAB_CATS_AND_DOGS_URL"
"""Names a mirror of the same file, as a school may keep one."""
CATS_AND_DOGS_URL = "https://storage.googleapis.com/mledu-datasets/cats_and_dogs_filtered.zip"
CATS_AND_DOGS_BYTES = 68_606_236
"""What the server has announced in published notebooks from 2021 to 2025. No SHA-256 of it was ever published: the one
that a download had is written down beside it (`core.datasets.remote`), and the zip's own checks find damage."""


@dataclass(frozen=True)
class Published:
    """A zip that others publish: where, how long it is, the dataset's name, and what to do where it cannot be had."""

    url: str
    bytes: int
    name: str
    instead: str


def published(source: str) -> Published | None:
    """What the word `source` stands for; None where it is no such word."""
    if source != CATS_AND_DOGS:
        return None
    return Published(
        os.environ.get(CATS_AND_DOGS_VARIABLE) or CATS_AND_DOGS_URL,
        CATS_AND_DOGS_BYTES,
        "cats_and_dogs_filtered",
        "Check the network, or do without: open the drawn sample or a folder of your own, "
        "or download the zip where there is a network and open it by its path",
    )
