"""Feature extraction: one pass of every image through the frozen base, into an array on disk.

Each thread takes a few images, decodes them, draws their augmented copies and runs them through the base on its own
core, so that decoding and the network overlap without queues and memory does not grow with the dataset. Images and
copies are kept apart, each under a key of everything that they depend on: a second run with the same settings starts at
once, and one with another augmentation passes only its copies.
"""

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.augmentation import AugmentationConfig, augment
from core.backbone.architecture import FEATURES, IMAGE
from core.backbone.keras_layers import map_shape
from core.backbone.rows import FeatureArray, RowsWriter, SparseRows, StoredRows, entry_bytes
from core.backbone.session import open_session
from core.datasets import Dataset, ImageRecord
from core.errors import DatasetError, ImageError, PawlabError
from core.images.crop import Crop
from core.images.isolated import load_scanned_image
from core.jobs.parallel import ordered_map
from core.jobs.progress import Progress, silent
from core.storage.files import atomic_folder, drop_unfinished, size_of
from core.storage.home import subfolder

VERSION = 5  # raise it when the same settings give other numbers
ROWS_A_CALL = 4  # rows that one call of the base takes: more gains nothing on a CPU and costs cache
ABANDONED_SECONDS = 3600  # without a further row: its worker was killed
CACHE_BYTES = 20_000_000_000  # the least recently used arrays go when all together are larger

Part = Literal["images", "copies"]


@dataclass(frozen=True)
class FeaturePlan:
    """Everything that the features of one split depend on, apart from the images themselves."""

    image_size: int
    pooling: Literal["flatten", "average"]
    copies: int
    augmentation: AugmentationConfig
    seed: int
    blocks: int = 0
    """If not 0, the base ends after so many blocks, and `pooling` is flatten: the input of fine-tuning."""
    crop: Crop = "squeeze"

    @property
    def width(self) -> int:
        """Length of one feature vector."""
        if self.blocks:
            return prod(map_shape(self.blocks, self.image_size))
        side = -(-self.image_size // 32)  # five strides of 2, each rounding up
        return FEATURES * (side**2 if self.pooling == "flatten" else 1)

    @property
    def parts(self) -> tuple[Part, ...]:
        """What is kept apart: the images do not depend on the augmentation."""
        return ("images", "copies") if self.copies else ("images",)

    def rows_of(self, part: Part) -> int:
        """Rows of one image in that part."""
        return 1 if part == "images" else self.copies


class Shared:
    """What several passes over the same images have in common, so that each need not make it anew: the base's session,
    and the decoded squares, of which at most `most_bytes` are held. Any thread may ask."""

    def __init__(self, base: Path, most_bytes: int = 0) -> None:
        self.session = open_session(base, threads=1)
        self._left = most_bytes
        self._squares: dict[tuple[str, int, Crop], NDArray[np.uint8]] = {}

    def square(self, dataset: Dataset, record: ImageRecord, plan: FeaturePlan) -> NDArray[np.uint8]:
        """uint8 (size, size, 3). Raises `DatasetError`: it no longer decodes."""
        key = record.digest, plan.image_size, plan.crop
        if (held := self._squares.get(key)) is not None:
            return held
        square = _original(dataset, record, plan)
        if square.nbytes <= self._left:
            self._left -= square.nbytes
            self._squares[key] = square
        return square


def extract_features(
    dataset: Dataset,
    split: str,
    plan: FeaturePlan,
    base: Path,
    weights_digest: str,
    progress: Progress = silent,
    shared: Shared | None = None,
) -> FeatureArray:
    """The features of one split's readable images, from the cache or computed now.

    Args:
        base: The ONNX file of the base, or of its first `plan.blocks` blocks; `weights_digest` says which numbers are
            in it.
        shared: Of passes over the same images through the same base; without it this one stands alone.
        progress: Called with phase "features", in rows that were not cached. May raise `Cancelled`; what is done by
            then is dropped.

    Raises:
        DatasetError: A file no longer decodes although it did when the dataset was opened.
        PawlabError: The disk has no room for the array.
    """
    records = dataset.usable(split)
    folders = cache_folders(dataset, split, plan, weights_digest)
    with ExitStack() as on_failure:
        stored = {part: _stored(folder) for part, folder in folders.items()}
        for rows in filter(None, stored.values()):
            on_failure.callback(rows.close)
        new = {part: folder for part, folder in folders.items() if stored[part] is None}
        total = sum(len(records) * plan.rows_of(part) for part in new or folders)
        if new:
            make_room(total * row_bytes(plan))
            with ExitStack() as unfinished:
                targets = {part: unfinished.enter_context(atomic_folder(folder)) for part, folder in new.items()}
                compute_features(dataset, records, plan, shared or Shared(base), targets, progress)
        progress("features", total, total)
        opened = [stored[part] or StoredRows(folder) for part, folder in folders.items()]
        on_failure.pop_all()
    return FeatureArray(*opened)


def missing_rows(dataset: Dataset, split: str, plan: FeaturePlan, weights_digest: str) -> dict[Path, int]:
    """What `extract_features` would not find in the cache: the number of rows that must pass, by their place there."""
    images = len(dataset.usable(split))
    folders = cache_folders(dataset, split, plan, weights_digest)
    return {folder: images * plan.rows_of(part) for part, folder in folders.items() if not folder.is_dir()}


def compute_features(
    dataset: Dataset,
    records: list[ImageRecord],
    plan: FeaturePlan,
    shared: Shared,
    targets: Mapping[Part, Path],
    progress: Progress,
) -> None:
    """Extracts the features of `records` into the folders `targets`, one for each part wanted, which are then
    `StoredRows`; no cache.

    Arguments and errors as `extract_features`.
    """

    def vectors(start: int) -> dict[Part, SparseRows]:
        # A call of the base takes images alone or copies alone, so that it is the same call whatever is cached.
        images: dict[Part, list[NDArray[np.uint8]]] = {part: [] for part in targets}
        for record in records[start : start + ROWS_A_CALL]:
            original = shared.square(dataset, record, plan)
            if "images" in targets:
                images["images"].append(original)
            if "copies" in targets:
                images["copies"] += [
                    augment(original, plan.augmentation, plan.seed, record.digest, copy)[0]
                    for copy in range(1, 1 + plan.copies)
                ]
        return {part: SparseRows.of(np.concatenate(list(through_base(images[part])))) for part in targets}

    def through_base(images: list[NDArray[np.uint8]]) -> Iterator[NDArray[np.float32]]:
        for first in range(0, len(images), ROWS_A_CALL):
            batch = np.stack(images[first : first + ROWS_A_CALL]).astype(np.float32)
            maps = shared.session.run(None, {IMAGE: batch})[0]  # (rows, side, side, channels)
            yield maps.reshape(len(maps), -1) if plan.pooling == "flatten" else maps.mean(axis=(1, 2))

    labels = np.array([dataset.classes.index(record.label) for record in records], np.int64)
    total, done = sum(len(records) * plan.rows_of(part) for part in targets), 0
    with ExitStack() as opened:
        writers = {part: opened.enter_context(RowsWriter(folder, plan.width)) for part, folder in targets.items()}
        for parts in ordered_map(vectors, range(0, len(records), ROWS_A_CALL), "features"):
            for part, rows in parts.items():
                writers[part].write(rows)
                done += len(rows)
            progress("features", done, total)
        for part, writer in writers.items():
            writer.close(np.repeat(labels, plan.rows_of(part)))


def _original(dataset: Dataset, record: ImageRecord, plan: FeaturePlan) -> NDArray[np.uint8]:
    try:
        return load_scanned_image(dataset.file(record), plan.image_size, crop=plan.crop)
    except ImageError as error:
        raise DatasetError(
            f"{record.path} decoded when the dataset was opened and no longer does: {error.received}",
            "files that stay as they are while a run reads them",
            "Open the dataset again and start a new run",
        ) from error


def _stored(folder: Path) -> StoredRows | None:
    """What the cache holds there. What is not whole, after a power cut, is dropped: it can be computed again."""
    if not folder.is_dir():
        return None
    try:
        with suppress(OSError):  # another process may be making room
            os.utime(folder)  # the cache drops what was used longest ago
        return StoredRows(folder)
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        logging.getLogger(__name__).warning("features are computed again: %s is not whole", folder, exc_info=True)
    shutil.rmtree(folder, ignore_errors=True)
    return None


def cache_folders(dataset: Dataset, split: str, plan: FeaturePlan, weights_digest: str) -> dict[Part, Path]:
    """Where the cache keeps the `StoredRows` of each part, whether they are there or not."""
    images: list[object] = [VERSION, dataset.fingerprint, split, plan.image_size, plan.pooling, weights_digest]
    if plan.blocks:
        images.append(f"{plan.blocks} blocks")
    if plan.crop != "squeeze":  # which the keys of older caches leave out
        images.append(plan.crop)
    keys: dict[Part, list[object]] = {
        "images": images,
        "copies": [*images, plan.copies, plan.seed, plan.augmentation.model_dump()],
    }
    cache = subfolder("cache", "features")
    return {
        part: cache / hashlib.sha256(json.dumps(keys[part], sort_keys=True).encode()).hexdigest()[:24]
        for part in plan.parts
    }


def row_bytes(plan: FeaturePlan) -> int:
    """What a row takes on disk, about. Three quarters of the last activation are 0; of an average, or of a map on the
    way there, next to none is."""
    if plan.pooling == "flatten" and not plan.blocks:
        return 2 * plan.width
    return entry_bytes(plan.width) * plan.width


def make_room(needed: int) -> None:
    """Drops what was used longest ago, so that `needed` bytes fit. Raises `PawlabError`: the disk has no room."""
    cache = subfolder("cache", "features")
    drop_unfinished(cache, seconds=ABANDONED_SECONDS)
    used = {}
    for folder in cache.iterdir():
        with suppress(OSError):  # another process makes room too
            if (folder / "facts.json").is_file():
                used[folder] = folder.stat().st_mtime
    oldest_first = sorted(used, key=used.__getitem__)
    sizes = {folder: size_of(folder) for folder in oldest_first}
    while oldest_first and sum(sizes[folder] for folder in oldest_first) + needed > CACHE_BYTES:
        shutil.rmtree(oldest_first.pop(0), ignore_errors=True)  # a run that reads it keeps its open file
    free = shutil.disk_usage(cache).free
    if free < needed + 200_000_000:
        raise PawlabError(
            f"The features need {needed / 1e6:,.0f} MB in {cache}; {free / 1e6:,.0f} MB are free",
            "room for the features and 200 MB more",
            "Free some space, use average pooling (25 times smaller at 160 pixels) or fine-tune fewer layers, or set "
            "PAWLAB_HOME to another disk",
        )
