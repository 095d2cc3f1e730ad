"""A collection as the browser shows it, from the page and from the routes alike."""

import hashlib
from typing import Any

from core.datasets.collect.cards import ClassCard, what_it_needs
from core.datasets.collect.collection import Collection

NEWEST = 6  # images that a class's card shows


def state_of(collection: Collection) -> dict[str, Any]:
    """{"stamp", "classes": [{"name", "number", "newest", "needs"}], "undo"}. `newest` are paths.

    Raises:
        PawlabError: It is gone, or cannot be read.
    """
    return read(collection)[1]


def read(collection: Collection) -> tuple[tuple[ClassCard, ...], dict[str, Any]]:
    """The cards of the classes, which list every image, and `state_of` them."""
    stamp = in_short(collection.stamp())  # first: what changes meanwhile is a change to come
    cards = collection.classes()
    needs = what_it_needs(cards)
    return cards, {
        "stamp": stamp,
        "undo": undo_in_words(collection),
        "classes": [
            {
                "name": card.label,
                "number": card.num_images,
                "newest": card.images[:NEWEST],
                "needs": needs[card.label],
            }
            for card in cards
        ],
    }


def undo_in_words(collection: Collection) -> str:
    """ "Undo: remove 3 images"; "" where there is nothing to undo."""
    title = collection.undoable
    return f"Undo: {title[0].lower()}{title[1:]}" if title else ""


def in_short(stamp: tuple[int, ...]) -> str:
    """A collection's stamp as a text of one length."""
    return hashlib.sha256(repr(stamp).encode()).hexdigest()[:16]
