"""A folder that somebody labels, once its images are read and their features made: what to ask for next, what the model
of the labels so far suggests for the others, and how often it is right.

Labels are edits, and others may edit too: each `state` is of what is on disk at that moment.
"""

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from core.datasets.edits.apply import apply_actions
from core.datasets.edits.sidecar import edits_stamp, read_actions
from core.datasets.labelling import Labelling, labelling_of
from core.datasets.loading import open_unlabelled
from core.datasets.records import Dataset, ImageRecord
from core.datasets.source import Source
from core.errors import DatasetError
from core.instant.asked_score import asked_score
from core.instant.asking import next_to_ask, suggestions
from core.instant.embedder import Embedder
from core.instant.features_of import features_of
from core.instant.score import BurstScore
from core.instant.typical import typical_order
from core.jobs.progress import Progress, silent

MOST_IMAGES = 20_000
"""Their features take 100 MB of memory."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class LabelState:
    """The labels at one moment. `typical` are rows, the most typical first; each edit changes `version`."""

    dataset: Dataset
    labelling: Labelling
    features: Floats
    typical: Sequence[int]
    version: tuple[int, ...]

    @property
    def num_labelled(self) -> int:
        return int((self.labelling.labels >= 0).sum())

    @cached_property
    def counts(self) -> dict[str, int]:
        """Different images of each class that has any."""
        labels = self.labelling.labels
        numbers = np.bincount(labels[labels >= 0], minlength=len(self.labelling.classes))
        return dict(zip(self.labelling.classes, numbers.tolist(), strict=True))

    @cached_property
    def open(self) -> dict[str, ImageRecord]:
        """The images without a label, by their SHA-256."""
        labelled = self.labelling.labels >= 0
        return {record.digest: record for record, has in zip(self.labelling.records, labelled, strict=True) if not has}

    def ask(self, skipped: Collection[str], number: int) -> list[str]:
        """The SHA-256 of the images to ask for next, at most `number` of them; the `skipped` ones come last."""
        labelling = self.labelling
        rows = next_to_ask(
            self.features,
            labelling.labels,
            labelling.held_out,
            self.typical,
            skipped=self._rows(skipped),
            number=number,
        )
        return [labelling.records[row].digest for row in rows]

    @cached_property
    def suggested(self) -> dict[str, list[ImageRecord]]:
        """What the model takes the images without a label for, surest first; nothing before two classes have one."""
        found = suggestions(self.features, self.labelling.labels)
        by_class: dict[str, list[ImageRecord]] = {name: [] for name in self.labelling.classes}
        for row, label in zip(found.rows.tolist(), found.labels.tolist(), strict=True):
            by_class[self.labelling.classes[label]].append(self.labelling.records[row])
        return {name: records for name, records in by_class.items() if records}

    def score(self, skipped: Collection[str]) -> BurstScore:
        """How often the model is right on images that nobody has chosen (`core.instant.asked_score`)."""
        labelling = self.labelling
        return asked_score(self.features, labelling.labels, labelling.held_out, self._rows(skipped))

    def _rows(self, digests: Collection[str]) -> list[int]:
        return [row for row, record in enumerate(self.labelling.records) if record.digest in digests]


class Labeller:
    """Safe to use from several threads.

    Args:
        dataset: From `open_unlabelled`.
        features: float32 (1280,) of its images by their SHA-256. One without any cannot be asked for.
        progress: Told of the phase "typical".
    """

    def __init__(self, dataset: Dataset, features: Mapping[str, Floats], progress: Progress = silent) -> None:
        self._dataset = dataset
        self._places = {digest: place for place, digest in enumerate(sorted(features))}
        self._features = np.stack([features[digest] for digest in self._places])
        held_out = {record.digest for record in dataset.records if record.split == "validation"}
        digests = [digest for digest in self._places if digest not in held_out]  # sorted: in a random order
        rows = typical_order(self._features[[self._places[digest] for digest in digests]], progress=progress)
        self._typical = [digests[row] for row in rows]
        self._lock = threading.Lock()
        self._state: LabelState | None = None

    @classmethod
    def open(cls, source: str | Source, progress: Progress = silent) -> Self:
        """Reads the images and makes their features, which are stored.

        Args:
            source: As `open_unlabelled` takes it.
            progress: Told of the phases of `open_unlabelled`, "weights", "features" and "typical".

        Raises:
            DatasetError: As `open_unlabelled`, or it has more than `MOST_IMAGES`.
            PawlabError: The weights cannot be had.
            Cancelled: From `progress`.
        """
        dataset = open_unlabelled(source, progress=progress)
        files = {record.digest: dataset.file(record) for record in dataset.readable()}
        if len(files) > MOST_IMAGES:
            raise DatasetError(
                f"{dataset.name} has {len(files):,} different images",
                f"{MOST_IMAGES:,} at most to label at once",
                "Open one of its folders",
            )
        features = features_of(files, Embedder.ready(progress), progress)
        if not features:
            raise DatasetError(f"None of the images of {dataset.name} could be read again", "files that stay")
        return cls(dataset, features, progress)

    def state(self) -> LabelState:
        """What the labels on disk are now. Costs next to nothing where nothing has changed.

        Raises:
            DatasetError: The edits are broken; the next call finds none.
        """
        root = self._dataset.root
        with self._lock:
            version = edits_stamp(root)
            if self._state is None or self._state.version != version:
                self._dataset = apply_actions(self._dataset, read_actions(root)[0])
                self._state = self._state_of(self._dataset, version)
            return self._state

    def _state_of(self, dataset: Dataset, version: tuple[int, ...]) -> LabelState:
        all_rows = labelling_of(dataset)
        known = np.array([record.digest in self._places for record in all_rows.records], np.bool_)
        records = tuple(record for record in all_rows.records if record.digest in self._places)
        labelling = Labelling(records, all_rows.classes, all_rows.labels[known], all_rows.held_out[known])
        places = [self._places[record.digest] for record in records]
        # Both are sorted by digest: where no image is excluded they are the same rows, and 100 MB need no copy.
        features = self._features if len(places) == len(self._places) else self._features[places]
        rows = {record.digest: row for row, record in enumerate(records)}
        typical = [rows[digest] for digest in self._typical if digest in rows]
        return LabelState(dataset, labelling, features, typical, version)
