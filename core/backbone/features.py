"""The one pass of every picture through the frozen base, into an array on disk.

Each thread takes a few pictures, decodes them, draws their augmented copies and runs them through the base on its own
core, so that decoding and the network overlap without queues and memory does not grow with the dataset. The array is
kept under a key of everything that it depends on: a second run with the same key starts at once.
"""

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.augmentation import AugmentationConfig, augment
from core.backbone.architecture import FEATURES, IMAGE
from core.backbone.keras_layers import map_shape
from core.backbone.rows import FeatureArray, RowsWriter, SparseRows
from core.backbone.session import open_session
from core.datasets import Dataset, ImageRecord
from core.errors import DatasetError, ImageError, PawlabError
from core.files import atomic_folder, drop_unfinished, size_of
from core.home import subfolder
from core.images import load_image
from core.parallel import ordered_map
from core.progress import Progress, silent

VERSION = 3  # raise it when the same settings give other numbers
ROWS_A_CALL = 4  # rows that one call of the base takes: more gains nothing on a CPU and costs cache
ABANDONED_SECONDS = 3600  # without a further row: its worker was killed
CACHE_BYTES = 20_000_000_000  # the least recently used arrays go when all together are larger


@dataclass(frozen=True)
class FeaturePlan:
    """Everything that the features of one split depend on, apart from the pictures themselves."""

    image_size: int
    pooling: Literal["flatten", "average"]
    copies: int
    augmentation: AugmentationConfig
    seed: int
    blocks: int = 0
    """Where it is not 0, the base ends after so many blocks, and `pooling` is flatten: what fine-tuning begins with."""

    @property
    def width(self) -> int:
        """Length of one feature vector."""
        if self.blocks:
            return prod(map_shape(self.blocks, self.image_size))
        side = -(-self.image_size // 32)  # five strides of 2, each rounding up
        return FEATURES * (side**2 if self.pooling == "flatten" else 1)


def extract_features(
    dataset: Dataset, split: str, plan: FeaturePlan, base: Path, weights_digest: str, progress: Progress = silent
) -> FeatureArray:
    """The features of one split's readable pictures, from the cache or computed now.

    Args:
        base: The ONNX file of the base, or of its first `plan.blocks` blocks; `weights_digest` says which numbers are
            in it.
        progress: Called with phase "features", in rows. May raise `Cancelled`; what is done by then is dropped.

    Raises:
        DatasetError: A file no longer decodes although it did when the dataset was opened.
        PawlabError: The disk has no room for the array.
    """
    records = dataset.usable(split)
    folder = _folder(dataset, split, plan, weights_digest)
    rows = len(records) * (1 + plan.copies)
    array = _kept(folder)
    if array is None:
        # Three quarters of the last activation are 0; of an average, or of a map on the way there, next to nothing is.
        sparse = plan.pooling == "flatten" and not plan.blocks
        _make_room(rows * plan.width * (2 if sparse else 6 if plan.width <= 2**16 else 8))
        with atomic_folder(folder) as target:
            compute_features(dataset, records, plan, base, target, progress)
        array = FeatureArray(folder)
    progress("features", rows, rows)
    with suppress(OSError):  # another process may have made room: the array is open already
        os.utime(folder)  # the cache drops what was used longest ago
    return array


def are_cached(dataset: Dataset, split: str, plan: FeaturePlan, weights_digest: str) -> bool:
    """Whether `extract_features` would find them in the cache."""
    return _folder(dataset, split, plan, weights_digest).is_dir()


def compute_features(
    dataset: Dataset, records: list[ImageRecord], plan: FeaturePlan, base: Path, target: Path, progress: Progress
) -> None:
    """Passes `records` through the base into the folder `target`, which is then a `FeatureArray`; asks no cache.

    Arguments and errors as `extract_features`.
    """
    session = open_session(base, threads=1)
    rows_a_picture = 1 + plan.copies
    pictures = max(1, ROWS_A_CALL // rows_a_picture)

    def vectors(start: int) -> SparseRows:
        images = [image for record in records[start : start + pictures] for image in _images(dataset, record, plan)]
        parts = []
        for first in range(0, len(images), ROWS_A_CALL):
            batch = np.stack(images[first : first + ROWS_A_CALL]).astype(np.float32)
            maps = session.run(None, {IMAGE: batch})[0]  # (rows, side, side, channels)
            parts.append(maps.reshape(len(maps), -1) if plan.pooling == "flatten" else maps.mean(axis=(1, 2)))
        return SparseRows.of(np.concatenate(parts))

    with RowsWriter(target, plan.width) as writer:
        done = 0
        for part in ordered_map(vectors, range(0, len(records), pictures), "features"):
            writer.write(part)
            done += len(part)
            progress("features", done, len(records) * rows_a_picture)
        labels = [dataset.classes.index(record.label) for record in records]
        writer.close(np.repeat(np.array(labels, np.int64), rows_a_picture))


def _images(dataset: Dataset, record: ImageRecord, plan: FeaturePlan) -> Iterator[NDArray[np.uint8]]:
    try:
        original = load_image(dataset.file(record), plan.image_size)
    except ImageError as error:
        raise DatasetError(
            f"{record.path} decoded when the dataset was opened and no longer does: {error.received}",
            "files that stay as they are while a run reads them",
            "Open the dataset again and start the run anew",
        ) from error
    yield original
    for copy in range(1, 1 + plan.copies):
        yield augment(original, plan.augmentation, plan.seed, record.digest, copy)[0]


def _kept(folder: Path) -> FeatureArray | None:
    """The array in the cache. One that is not whole, after a power cut, is dropped: it can be computed again."""
    if not folder.is_dir():
        return None
    try:
        return FeatureArray(folder)
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        logging.getLogger(__name__).warning("features are computed again: %s is not whole", folder, exc_info=True)
    shutil.rmtree(folder, ignore_errors=True)
    return None


def _folder(dataset: Dataset, split: str, plan: FeaturePlan, weights_digest: str) -> Path:
    return subfolder("cache", "features") / _key(dataset, split, plan, weights_digest)


def _key(dataset: Dataset, split: str, plan: FeaturePlan, weights_digest: str) -> str:
    parts: list[object] = [VERSION, dataset.fingerprint, split, plan.image_size, plan.pooling, weights_digest]
    if plan.blocks:
        parts.append(f"{plan.blocks} blocks")
    if plan.copies:
        parts += [plan.copies, plan.seed, plan.augmentation.model_dump()]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]


def _make_room(needed: int) -> None:
    cache = subfolder("cache", "features")
    drop_unfinished(cache, seconds=ABANDONED_SECONDS)
    used = {}
    for folder in cache.iterdir():
        with suppress(OSError):  # another process makes room too
            if (folder / "facts.json").is_file():
                used[folder] = folder.stat().st_mtime
    kept = sorted(used, key=used.__getitem__)
    sizes = {folder: size_of(folder) for folder in kept}
    while kept and sum(sizes[folder] for folder in kept) + needed > CACHE_BYTES:
        shutil.rmtree(kept.pop(0), ignore_errors=True)  # a run that reads it keeps its open file
    free = shutil.disk_usage(cache).free
    if free < needed + 200_000_000:
        raise PawlabError(
            f"The features need {needed / 1e6:,.0f} MB in {cache} and {free / 1e6:,.0f} MB are free",
            "room for the features and 200 MB more",
            "Free some space, use pooling average (25 times smaller at 160 pixels) or fine-tune fewer layers, or set "
            "PAWLAB_HOME to another disk",
        )
