"""The classes of a collection as a page shows them, and what each still needs."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from core.datasets.collect.bursts import burst_of, number_of
from core.datasets.layout import is_image_name
from core.text.file_names import is_ignored

WANTED_IMAGES = 20
"""Of each class: with 20 photos per class a frozen base already tells cats from dogs in about 96 of 100."""
WANTED_BURSTS = 2
"""Of each class: a split keeps one on each side."""


@dataclass(frozen=True)
class ClassCard:
    """One class of a collection.

    Attributes:
        label: Its name, which is its folder's.
        images: Paths relative to the collection's root, with forward slashes, the newest first.
        num_bursts: Bursts among them. An image that was not collected counts as one of its own.
    """

    label: str
    images: tuple[str, ...]
    num_bursts: int

    @property
    def num_images(self) -> int:
        """How many images it has."""
        return len(self.images)


def class_labels(root: Path, order: Iterable[str]) -> tuple[str, ...]:
    """The class folders in `root`: first those of `order`, as they stand there, then the others by name."""
    with os.scandir(root) as entries:
        folders = {entry.name for entry in entries if _is_plain(entry.name) and entry.is_dir(follow_symlinks=False)}
    ordered = dict.fromkeys(label for label in order if label in folders)
    return (*ordered, *sorted(folders - ordered.keys()))


def card_of(root: Path, label: str) -> ClassCard:
    """The card of a class, as its folder is now."""
    newest_first = sorted(((burst_of(name), number_of(name), name) for name in image_names(root / label)), reverse=True)
    images = tuple(f"{label}/{name}" for _, _, name in newest_first)  # what was not collected comes last
    return ClassCard(label, images, len({burst or name for burst, _, name in newest_first}))


def what_it_needs(cards: Iterable[ClassCard]) -> dict[str, str]:
    """What each class still needs, in words; "" where it has enough.

    Example:
        >>> what_it_needs([ClassCard("cup", ("cup/a.jpg",), 1)])
        {'cup': 'Record 19 more images'}
    """
    return {card.label: _needs(card) for card in cards}


def image_names(folder: Path) -> Iterator[str]:
    """The names of the images directly in a folder; none where it is gone. Links are none."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if is_image_name(entry.name) and _is_plain(entry.name) and entry.is_file(follow_symlinks=False):
                    yield entry.name
    except FileNotFoundError:
        return


def visible_names(folder: Path) -> list[str]:
    """The names in a folder that a dataset means and a text can hold; none where the folder is gone."""
    try:
        return [entry.name for entry in folder.iterdir() if _is_plain(entry.name)]
    except FileNotFoundError:
        return []


def _is_plain(name: str) -> bool:
    """Whether it is Unicode, and not hidden."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return not is_ignored(name)


def _needs(card: ClassCard) -> str:
    missing = max(0, WANTED_IMAGES - card.num_images)
    if not card.num_images:
        return f"Record {missing} images"
    if card.num_bursts < WANTED_BURSTS and 2 * missing <= WANTED_IMAGES:
        return "Record it once more from another side (a second burst)"
    if missing:
        return f"Record {missing} more {'image' if missing == 1 else 'images'}"
    return ""
