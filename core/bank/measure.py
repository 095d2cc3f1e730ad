"""Measures the bank: every single change of a few hundred images through the frozen base, once.

Each change at each strength is features in the cache of `core.backbone.features`, by its content and with its checksum:
a measurement that was stopped goes on where it was, and a damaged entry is computed again.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.augmentation import AugmentationConfig
from core.backbone.features import FeaturePlan, Shared, extract_features, missing_rows
from core.bank.bank import Bank, Features
from core.bank.strengths import Entry, changes, entries, num_entries
from core.datasets import Dataset
from core.datasets.quality.near_duplicates import same_photos
from core.datasets.stratified import choose
from core.errors import DatasetError
from core.evaluation.cross_validation import fold_members
from core.jobs.parallel import CORES
from core.jobs.progress import Progress, silent
from core.runs.settings import TrainingConfig

IMAGES = 500
FEATURES = 256
"""Principal components that are kept of the base's 1,280 features. They are of originals and copies together and know
no label."""
HELD_BYTES = 100_000_000  # of decoded images, which every change needs: 500 of 224 pixels are 75 MB
_SAMPLE = 4_000  # rows that the components are computed from
_SECONDS_A_ROW, _SECONDS_A_PIXEL = 2.4e-3, 1.4e-7
"""Of one core: 6 ms at 160 pixels, of which the base takes 4.4. It was 8 ms on an idle machine while every change
decoded all images anew, which was a quarter of it."""


def measure_bank(dataset: Dataset, config: TrainingConfig, num: int = IMAGES, progress: Progress = silent) -> Bank:
    """Measures every change on training images of the dataset, at the image size, crop and seed of `config`, with its
    fill mode and erased area.

    Args:
        num: Number of images, stratified by class; all where there are fewer.
        progress: Told of the phases "weights", "compare", "verify" and "features", in images and copies. May raise
            `Cancelled`: what is complete by then needs no second pass.

    Raises:
        DatasetError: A class has too few images, or they have changed.
        WeightsError: No source of the weights works.
        PawlabError: The disk is full.
    """
    from core.backbone.graph import cached_base  # here, as in `core.backbone.feature_map`
    from core.backbone.weights import resolve_weights

    few = _subset(dataset, config.seed, num)
    records = few.usable("train")
    groups = fold_members(records, same_photos(records, few.file, progress))
    labels = np.array([few.classes.index(record.label) for record in records], np.int64)
    counts = [len(np.unique(groups[labels == label])) for label in range(len(few.classes))]
    if min(counts) < 2:
        raise DatasetError(
            f"The class {few.classes[counts.index(min(counts))]} has fewer than two different images to train on",
            "two different images or bursts of each class: one to learn from, one to check with",
            "Add images, or record the class a second time",
        )
    weights = resolve_weights(progress)
    base, digest = cached_base(weights), weights.provenance.digest
    banked = _banked(config.augmentation)
    plans = [_plan(config, entry) for entry in banked]
    total, done = sum(_missing(few, plans, digest).values()), 0
    originals = np.empty(0, np.float32)
    shared = Shared(base, HELD_BYTES)
    copies: list[NDArray[np.float16]] = []  # half the memory, until they are projected
    for plan in plans:
        new = sum(_missing(few, [plan], digest).values())

        def report(phase: str, passed: int, of: int, before: int = done, new: int = new) -> None:
            progress(phase, min(before + min(passed, new), total), total)

        with closing(extract_features(few, "train", plan, base, digest, report, shared)) as array:
            originals = array.read(np.arange(0, array.rows, 2)).dense()
            copies.append(array.read(np.arange(1, array.rows, 2)).dense().astype(np.float16))
        done += new
    centre, basis = _components(originals, copies)

    def project(rows: NDArray[np.floating]) -> Features:
        return np.asarray((rows.astype(np.float32) - centre) @ basis, np.float32)

    projected = project(originals)
    shifts: dict[str, list[Features]] = {}
    for entry, rows in zip(banked, copies, strict=True):
        shifts.setdefault(entry.name, []).append(project(rows) - projected)
    return Bank(
        projected,
        labels,
        groups,
        few.classes,
        {name: entries(config.augmentation, name) for name in changes()},
        {name: np.stack(parts) for name, parts in shifts.items()},
        config.augmentation,
        len(dataset.usable("train")),
    )


def most_rows(dataset: Dataset, num: int = IMAGES) -> int:
    """Images and copies that pass the base where nothing is cached."""
    return min(num, len(dataset.usable("train"))) * (1 + num_entries())


def most_seconds(dataset: Dataset, config: TrainingConfig, num: int = IMAGES) -> float:
    """About how long that takes on this machine, if it is like the one of the benchmarks."""
    return most_rows(dataset, num) * (_SECONDS_A_ROW + _SECONDS_A_PIXEL * config.image_size**2) / CORES


def _subset(dataset: Dataset, seed: int, num: int) -> Dataset:
    return replace(dataset, records=tuple(choose(dataset.usable("train"), num, seed)))


def _banked(config: AugmentationConfig) -> list[Entry]:
    return [entry for name in changes() for entry in entries(config, name)]


def _plan(config: TrainingConfig, entry: Entry) -> FeaturePlan:
    return FeaturePlan(config.image_size, "average", 1, entry.config, config.seed, crop=config.crop)


def _missing(few: Dataset, plans: Sequence[FeaturePlan], digest: str) -> dict[Path, int]:
    missing: dict[Path, int] = {}
    for plan in plans:
        missing |= missing_rows(few, "train", plan, digest)
    return missing


def _components(originals: Features, copies: Sequence[NDArray[np.float16]]) -> tuple[Features, Features]:
    """float32 (1280,), the originals' mean, and (1280, `FEATURES` or fewer), the directions in which images and copies
    differ most."""
    centre = originals.mean(axis=0, dtype=np.float32)
    every = max(1, len(originals) * len(copies) // _SAMPLE)
    sample = np.concatenate([originals, *(rows[place % every :: every] for place, rows in enumerate(copies))]) - centre
    _, vectors = np.linalg.eigh((sample.T @ sample).astype(np.float64))
    return centre, vectors[:, : -1 - FEATURES : -1].astype(np.float32)
