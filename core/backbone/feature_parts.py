"""Features from a folder of Parquet parts, copied into the cache in which `extract_features` looks: a run then reads
them row by row from disk, as if this machine had computed them. One part is in memory at a time."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.backbone.features import FeaturePlan, Part, cache_folders, make_room, row_bytes
from core.backbone.rows import RowsWriter, SparseRows
from core.datasets import Dataset, ImageRecord
from core.errors import DatasetError
from core.jobs.progress import Progress, silent
from core.storage.files import atomic_folder
from core.storage.parts import Manifest, PartsFolder, finished

_ALWAYS = ("image_size", "pooling", "crop", "weights")
_OF_COPIES = ("copies", "seed", "augmentation")


def take_features(
    text: str, dataset: Dataset, plans: Mapping[str, FeaturePlan], weights_digest: str, progress: Progress = silent
) -> None:
    """Fills the cache for each split of `plans`, as far as it lacks them.

    Args:
        text: The folder's path or address; `dataset` is what it holds (`core.datasets.parts`).
        progress: Called with phase "features", in images. May raise `Cancelled`; what is done by then is dropped.

    Raises:
        DatasetError: The features are of other settings, or some are missing.
        PawlabError: A part cannot be read, or the disk has no room.
    """
    folder = PartsFolder(text)
    manifest = finished(folder, "features")
    for plan in plans.values():
        check_settings(text, manifest, plan, weights_digest)
    with ExitStack() as unfinished:
        targets = []
        for split, plan in plans.items():
            new = {
                part: place
                for part, place in cache_folders(dataset, split, plan, weights_digest).items()
                if not place.is_dir()
            }
            if new:
                records = dataset.usable(split)
                make_room(sum(len(records) * plan.rows_of(part) for part in new) * row_bytes(plan))
                writers = {
                    part: unfinished.enter_context(
                        RowsWriter(unfinished.enter_context(atomic_folder(place)), plan.width)
                    )
                    for part, place in new.items()
                }
                targets.append(_Target(records, writers))
        total = sum(len(target.records) for target in targets)
        for key in _in_order(folder) if targets else ():
            for path, rows in _images(folder.read(key, ("path", "copy", "feature"))):
                for target in targets:
                    target.take(path, rows)
            progress("features", sum(target.at for target in targets), total)
        for target in targets:
            target.close(text, dataset)


def check_settings(text: str, manifest: Manifest, plan: FeaturePlan, weights_digest: str) -> None:
    """Raises `DatasetError`: features with these settings are not those of the plan."""
    wanted: dict[str, Any] = {
        "image_size": plan.image_size,
        "pooling": plan.pooling,
        "crop": plan.crop,
        "weights": weights_digest,
    }
    names: tuple[str, ...] = _ALWAYS
    if plan.copies:
        wanted |= {"copies": plan.copies, "seed": plan.seed, "augmentation": plan.augmentation.model_dump(mode="json")}
        names += _OF_COPIES
    if other := [name for name in names if manifest.settings.get(name) != wanted[name]]:
        raise DatasetError(
            f"The features in {text} have another {' and '.join(other)} than the run",
            ", ".join(f"{name} {manifest.settings.get(name, 0)}" for name in other if name != "augmentation"),
            "Compute them with the run's settings, or train with theirs",
        )


@dataclass
class _Target:
    """The records of one split, in the order of their paths, and how many of them have come."""

    records: list[ImageRecord]
    writers: dict[Part, RowsWriter]
    at: int = 0
    counts: dict[Part, int] = field(default_factory=dict)

    def take(self, path: str, rows: NDArray[np.float32]) -> None:
        """The rows of one image, itself first; what is not of this split is left out."""
        if self.at == len(self.records) or self.records[self.at].path != path:
            return
        self.at += 1
        for part, writer in self.writers.items():
            own = rows[:1] if part == "images" else rows[1:]
            writer.write(SparseRows.of(own))
            self.counts[part] = len(own)

    def close(self, text: str, dataset: Dataset) -> None:
        if self.at < len(self.records):
            raise DatasetError(
                f"{text} has no feature of {self.records[self.at].path}",
                "features of every image",
                "Compute them again, with --resume",
            )
        labels = np.array([dataset.classes.index(record.label) for record in self.records], np.int64)
        for part, writer in self.writers.items():
            writer.close(np.repeat(labels, self.counts.get(part, 1)))


def _in_order(folder: PartsFolder) -> list[str]:
    """The keys of the parts in the order of their paths, which no two parts share a range of."""
    first = {key: folder.read(key, ("path",))["path"][0].as_py() for key in folder.part_keys()}
    return sorted(first, key=first.__getitem__)


def _images(table: Any) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Each image with a feature: its path and its rows, float32 (1 + copies, width)."""
    paths = table["path"].to_pylist()
    column = table["feature"].combine_chunks()
    rows = column.values.to_numpy(zero_copy_only=False).reshape(len(column), -1)  # NaN where there is none
    has_one = column.is_valid().to_numpy(zero_copy_only=False)
    start = 0
    for end in range(1, len(paths) + 1):
        if end == len(paths) or paths[end] != paths[start]:
            if has_one[start]:
                yield paths[start], rows[start:end]
            start = end
