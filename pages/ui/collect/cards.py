"""A collection as the browser shows it, from the page and from the routes alike."""

import hashlib
from typing import Any

from core.datasets.collect.cards import what_it_needs
from core.datasets.collect.collection import Collection

NEWEST = 6  # images that a class's card shows


def state_of(collection: Collection) -> dict[str, Any]:
    """{"stamp", "classes": [{"name", "number", "newest", "needs"}], "undo"}. `newest` are paths.

    Raises:
        PawlabError: It is gone, or cannot be read.
    """
    stamp = in_short(collection.stamp())  # first: what changes meanwhile is a change to come
    cards, undoable = collection.classes(), collection.undoable
    needs = what_it_needs(cards)
    return {
        "stamp": stamp,
        "undo": f"Undo: {undoable[0].lower()}{undoable[1:]}" if undoable else "",
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


def in_short(stamp: tuple[int, ...]) -> str:
    """A collection's stamp as a text of one length."""
    return hashlib.sha256(repr(stamp).encode()).hexdigest()[:16]
