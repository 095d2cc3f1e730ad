"""Whether a source holds a dataset at all: what is found before any edit, and what labels a person has given."""

from collections import Counter
from collections.abc import Sequence

from core.datasets.layout import EXPECTED, Layout
from core.datasets.records import Dataset, ImageRecord
from core.datasets.source import Source
from core.errors import DatasetError, UnlabelledError


def check_labelled(dataset: Dataset) -> None:
    """Two or more classes that somebody has given images by hand."""
    if len(dataset.classes) < 2:
        images = f"{len(dataset.readable()):,} images, of which {len(dataset.usable()):,} have a label"
        raise UnlabelledError(
            f"Found {images} in {dataset.source.shown}", "labelled images of two classes or more", "Label some of each"
        )


def check_any(records: Sequence[ImageRecord], layout: Layout, source: Source) -> None:
    """At least one readable image in a class folder, or anywhere where a person gives the labels."""
    folders = f"class folders {', '.join(layout.classes[:10])}" if layout.classes else "no class folders"
    found, expected = f"Found {folders} in {source.shown}", EXPECTED
    if source.by_hand:
        found, expected = f"Found {len(records):,} files named like images in {source.shown}", "images"
    if not records:
        fix = "Links to folders are not followed"
        if layout.classes or source.by_hand:
            raise DatasetError(f"{found}, and no files in them" if layout.classes else found, expected, fix)
        error = UnlabelledError if layout.loose else DatasetError
        raise error(found, expected, f"If this folder is a single class, choose the folder above it. {fix}")
    if all(record.reason for record in records):
        unreadable = f"none of {len(records)} files is an image that can be read"
        raise DatasetError(f"{found}, but {unreadable} ({records[0].path}: {records[0].reason})", expected)


def check_classes(records: Sequence[ImageRecord], layout: Layout, source: str) -> None:
    """Two or more classes, each with a readable training image (which a split never takes away)."""
    number = Counter(record.label for record in records if not record.reason and record.split in {"", "train"})
    counts = ", ".join(f"{label}: {number[label]}" for label in layout.classes[:10])
    counts += f" and {len(layout.classes) - 10} more" if len(layout.classes) > 10 else ""
    if len(number) < 2:
        found = f"Found readable training images in fewer than two classes in {source} ({counts})"
        raise UnlabelledError(found, EXPECTED)
    if missing := [label for label in layout.classes if not number[label]]:
        raise DatasetError(
            f"Found no readable training image in the class {missing[0]} of {source} ({counts})",
            EXPECTED,
            "Put images into that folder, or remove it",
        )
