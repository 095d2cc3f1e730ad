"""What all advice on a dataset is computed from: its images, their features, and which of them belong together."""

from contextlib import closing
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from core.advice.head import Floats, Labels, Mask, principal
from core.augmentation import AugmentationConfig
from core.backbone.architecture import FEATURES
from core.backbone.features import FeaturePlan, extract_features, missing_rows
from core.datasets import SPLITS, Dataset, ImageRecord
from core.datasets.quality.near_duplicates import near_duplicates
from core.errors import DatasetError
from core.evaluation.cross_validation import deal_folds, fold_members, usable_folds
from core.images.crop import Crop
from core.instant.stored_features import StoredFeatures, rounded
from core.jobs.progress import Progress, silent

FOLDS = 5
MOST_IMAGES = 20_000  # 100 MB of features
CHUNK = 1_000  # images whose features are copied at once


@dataclass(frozen=True)
class Material:
    """The images of a dataset as advice needs them; all arrays have a row for each record.

    Attributes:
        records: Usable ones: those of the training split, then validation, then test.
        rows: float32 (images, 256), the features as `core.advice.head.principal` gives them.
        labels: int64 (images,), positions in `classes`.
        groups: int64 (images,): the same number for images that must share a fold.
    """

    records: tuple[ImageRecord, ...]
    classes: tuple[str, ...]
    rows: Floats
    labels: Labels
    groups: Labels

    def __len__(self) -> int:
        return len(self.records)

    @property
    def trained(self) -> Mask:
        """bool (images,): those of the training and validation split, which a test split must not tell anything."""
        return np.array([record.split != "test" for record in self.records])

    @property
    def guessing(self) -> float:
        """The accuracy of who always says the largest class, 0..1."""
        return float(np.bincount(self.labels).max() / len(self))

    def part(self, chosen: Mask) -> Self:
        """The images that are True in `chosen`, bool (images,)."""
        records = tuple(record for record, is_chosen in zip(self.records, chosen, strict=True) if is_chosen)
        return replace(
            self, records=records, rows=self.rows[chosen], labels=self.labels[chosen], groups=self.groups[chosen]
        )

    def folds(self, seed: int, repeat: int = 0, most: int = FOLDS) -> Labels:
        """int64 (images,): folds that keep groups together and spread classes evenly. Raises `DatasetError`: a class
        cannot be in two."""
        num_folds = usable_folds(self.labels, self.groups, len(self.classes), most)
        return deal_folds(self.labels, self.groups, num_folds, np.random.default_rng([seed, repeat]))


def gather(dataset: Dataset, image_size: int, crop: Crop, progress: Progress = silent) -> Material:
    """The material of a dataset, with its edits.

    Args:
        progress: Told of the phases "compare" and "verify" of `near_duplicates`, "weights" and "features".

    Raises:
        DatasetError: It has too many images, or they changed since they were scanned.
        PawlabError: The weights cannot be had, or the disk is full.
        Cancelled: From `progress`.
    """
    records = [record for split in SPLITS for record in dataset.usable(split)]
    if len(records) > MOST_IMAGES:
        raise DatasetError(
            f"{dataset.name} has {len(records):,} images",
            f"{MOST_IMAGES:,} at most: advice holds the features of all of them in memory",
            "Open a part of it",
        )
    groups = fold_members(records, near_duplicates(dataset, progress))
    labels = np.array([dataset.classes.index(record.label) for record in records], np.int64)
    rows = principal(features_of(dataset, records, image_size, crop, progress))
    return Material(tuple(records), dataset.classes, rows, labels, groups)


def features_of(
    dataset: Dataset, records: list[ImageRecord], image_size: int, crop: Crop, progress: Progress = silent
) -> Floats:
    """float32 (records, 1280): average-pooled features, as they are stored by the images' content: neither an edit nor
    another split makes an image pass the base again. What is not stored comes from the cache of runs, or is computed.
    Arguments and errors as `gather`."""
    from core.backbone.graph import cached_base  # here, as in `core.backbone.feature_map`
    from core.backbone.weights import resolve_weights

    weights = resolve_weights(progress)
    digest, base = weights.provenance.digest, cached_base(weights)
    plan = FeaturePlan(image_size, "average", 0, AugmentationConfig(), 0, crop=crop)
    store = StoredFeatures(digest, image_size, crop, unit=False)
    known = store.read({record.digest for record in records})
    for split in SPLITS:
        missing = [record for record in records if record.split == split and record.digest not in known]
        if not missing:
            continue
        part = dataset  # whose features a run may have left, or can use
        if len(missing) < len(dataset.usable(split)) and missing_rows(dataset, split, plan, digest):
            part = replace(dataset, records=tuple(missing))
        array = extract_features(part, split, plan, base, digest, progress)
        digests = [record.digest for record in part.usable(split)]
        with closing(array):
            for first in range(0, len(digests), CHUNK):
                rows = array.read(np.arange(first, min(first + CHUNK, len(digests)))).dense()
                some = dict(zip(digests[first:], map(rounded, rows), strict=False))
                store.append({digest: row for digest, row in some.items() if digest not in known})
                known |= some
    found = np.empty((len(records), FEATURES), np.float32)
    for place, record in enumerate(records):
        found[place] = known[record.digest]
    return found
