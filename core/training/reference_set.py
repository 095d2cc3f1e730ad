"""Makes the reference set of a run (`core.backbone.neighbours`) from its features, which are cached by then: no image
passes the base twice."""

import shutil
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.backbone.architecture import FEATURES
from core.backbone.features import FeaturePlan, extract_features, missing_rows
from core.backbone.neighbours import DIGEST_BYTES, MAX_HELD_OUT, MAX_ROWS, Neighbours, unit
from core.backbone.rows import FeatureArray
from core.datasets import Dataset, ImageRecord
from core.datasets.stratified import choose
from core.jobs.progress import Progress, silent
from core.runs.feature_plan import TRAINED_SPLITS, feature_plan
from core.runs.limits import BASE
from core.runs.run import NEIGHBOURS, Run
from core.runs.settings import TrainingConfig
from core.storage.files import atomic_file, write_atomic

BATCH = 64  # rows in memory at once: with Flatten at 512 pixels a row has 1.3 MB


def make_neighbours(
    dataset: Dataset, config: TrainingConfig, base: Path, digest: str, progress: Progress = silent
) -> Neighbours:
    """The reference set of a run with these settings: its training images, without their copies, at most `MAX_ROWS`,
    stratified by class with the run's seed.

    Args:
        base: The ONNX file of the frozen base; `digest` says which weights are in it.
        progress: Reports the phase "features", in images that are not cached.

    Raises:
        DatasetError: An image that is not cached no longer decodes.
        PawlabError: The disk has no room.
        Cancelled: From `progress`.
    """
    plan = _plan(dataset, config, digest)
    total = sum(sum(missing_rows(dataset, split, plan, digest).values()) for split in TRAINED_SPLITS)
    parts, passed = [], 0
    for split, num in zip(TRAINED_SPLITS, (MAX_ROWS, MAX_HELD_OUT), strict=True):

        def both_splits(phase: str, done: int, _: int, before: int = passed) -> None:
            progress(phase, min(total, before + done), total)

        missing = sum(missing_rows(dataset, split, plan, digest).values())
        records = dataset.usable(split)
        chosen = choose(records, num, config.seed)
        place = {record.path: row for row, record in enumerate(records)}
        rows = np.sort(np.array([place[record.path] for record in chosen], np.int64))
        with closing(extract_features(dataset, split, plan, base, digest, both_splits)) as array:
            parts.append((_averages(array, rows), array.labels[rows], _digests([records[row] for row in rows])))
        passed += missing
    (features, labels, images), (held_out, _, _) = parts
    return Neighbours.of(features, labels, images, held_out)


def keep_neighbours(run: Run, neighbours: Neighbours, base: Path) -> None:
    """Writes the reference set into the run's folder; before it the base, where the run's own has changed. Raises
    OSError."""
    if run.fine_tuning:
        with atomic_file(run.directory / BASE) as temporary:
            shutil.copyfile(base, temporary)
    write_atomic(run.directory / NEIGHBOURS, neighbours.content())


def _plan(dataset: Dataset, config: TrainingConfig, digest: str) -> FeaturePlan:
    """Averages, or where only these are cached, whole feature maps."""
    average = replace(feature_plan(config, "train"), pooling="average", copies=0)
    flat = replace(average, pooling="flatten")

    def is_cached(plan: FeaturePlan) -> bool:
        return not any(missing_rows(dataset, split, plan, digest) for split in TRAINED_SPLITS)

    return flat if is_cached(flat) and not is_cached(average) else average


def _averages(array: FeatureArray, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """float32 (rows, 1280), of length 1: the mean over the places of the feature map."""
    parts = [
        array.read(rows[start : start + BATCH]).dense().reshape(-1, array.width // FEATURES, FEATURES).mean(axis=1)
        for start in range(0, len(rows), BATCH)
    ]
    return unit(np.concatenate(parts))


def _digests(records: Sequence[ImageRecord]) -> NDArray[np.uint8]:
    digests = b"".join(bytes.fromhex(record.digest)[:DIGEST_BYTES] for record in records)
    return np.frombuffer(digests, np.uint8).reshape(len(records), DIGEST_BYTES)
