"""The state of labelling a dataset by hand: which images have a label, which can still be asked for; and the labels as
a table.

Labels are edits like any other (`core.datasets.edits`): stored beside the dataset, keyed by content, undone one by one.
Somebody who is unsure of an image excludes it: then it is neither asked for nor used. Skipping stores nothing.
"""

import csv
import io
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.datasets.layout import find_layout
from core.datasets.records import Dataset, ImageRecord
from core.text.csv_cells import escape_cell

COLUMNS = ("path", "label", "split", "sha256")


@dataclass(frozen=True)
class Labelling:
    """What `core.instant.asking` chooses from. Rows are images that decode and are not excluded, no two of the same
    content, sorted by its SHA-256: a random order, which stays when other images come or go.

    Attributes:
        records: One a row.
        classes: Sorted; those with a label.
        labels: int64 (rows,), places in `classes`; -1 without a label.
        held_out: bool (rows,): whether the image is for validation.
    """

    records: tuple[ImageRecord, ...]
    classes: tuple[str, ...]
    labels: NDArray[np.int64]
    held_out: NDArray[np.bool_]


def labelling_of(dataset: Dataset) -> Labelling:
    """The state of a dataset from `core.datasets.loading.open_unlabelled`, or of any other."""
    asked = [record for record in dataset.readable() if not record.excluded]
    # Of equal images the one with a label stands for all.
    by_content = {record.digest: record for record in sorted(asked, key=lambda record: record.in_use)}
    records = tuple(record for _, record in sorted(by_content.items()))
    places = {label: place for place, label in enumerate(dataset.classes)}
    return Labelling(
        records,
        dataset.classes,
        np.array([places.get(record.label, -1) for record in records], np.int64),
        np.array([record.split == "validation" for record in records], np.bool_),
    )


def with_copies(dataset: Dataset, records: Collection[ImageRecord]) -> list[ImageRecord]:
    """These records and all others of the same content: what one label is given to."""
    digests = {record.digest for record in records}
    return [record for record in dataset.records if record.digest in digests]


def folder_labels(dataset: Dataset) -> dict[str, list[ImageRecord]]:
    """What class folders say of a dataset from `open_unlabelled`: the images in each, by its name. Nothing where there
    are fewer than two class folders, or a split too, which labels given by hand would not keep.

    Raises:
        DatasetError: The folder cannot be listed.
    """
    layout = find_layout(dataset.root)
    if len(layout.classes) < 2 or any(file.split for file in layout.files):
        return {}
    labels = {(layout.root / file.path).relative_to(dataset.root).as_posix(): file.label for file in layout.files}
    found: dict[str, list[ImageRecord]] = {}
    for record in dataset.readable():
        if label := labels.get(record.path):
            found.setdefault(label, []).append(record)
    return found if len(found) > 1 else {}


def labels_csv(dataset: Dataset) -> bytes:
    """One row for each image with a label, sorted by path, in UTF-8 with CRLF (RFC 4180). Names are escaped
    (`core.text.csv_cells`): none is a formula."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(COLUMNS)
    for record in dataset.usable():
        rows.writerow([escape_cell(record.path), escape_cell(record.label), record.split, record.digest])
    return text.getvalue().encode("utf-8", "backslashreplace")
