"""Collections for tests, and what is in them by content."""

from collections.abc import Iterable
from functools import cache

from core.datasets.collect.bursts import new_burst
from core.datasets.collect.collection import Collection
from core.datasets.collect.store import create_collection
from tests.drawing import image_bytes

BURST = "20261129-223510-a1b2c3"
picture = cache(image_bytes)
"""The image of a seed, as bytes."""


def filled(counts: dict[str, Iterable[int]], name: str = "pets") -> Collection:
    """A collection with a burst for each number: {"cats": [3, 2]} has five images of cats in two bursts."""
    collection, seed = create_collection(name), 0
    for label, bursts in counts.items():
        collection.add_class(label)
        for number in bursts:
            burst = new_burst()
            for _ in range(number):
                collection.add(label, picture(seed), burst)
                seed += 1
    return collection


def contents(collection: Collection) -> dict[str, set[bytes]]:
    """The files of each class, the classes in their order."""
    return {card.label: {collection.file(path).read_bytes() for path in card.images} for card in collection.classes()}
