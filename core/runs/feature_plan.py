"""How much work a run is: images that pass the base, steps that the head makes, and what is in the cache already."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from core.backbone.features import FeaturePlan, missing_rows
from core.datasets import Dataset
from core.runs.settings import TrainingConfig

TRAINED_SPLITS = ("train", "validation")


@dataclass(frozen=True)
class Workload:
    """`train_rows` and `validation_rows` are images with their augmented copies, `new_rows` those of them whose
    features are not cached: each passes the base once."""

    train_rows: int
    validation_rows: int
    new_rows: int

    @property
    def cached(self) -> bool:
        """Whether some of them are."""
        return self.new_rows < self.train_rows + self.validation_rows


def feature_plan(config: TrainingConfig, split: str) -> FeaturePlan:
    """What a run computes of a split's images."""
    copies = copies_of(config, split)
    return FeaturePlan(config.image_size, config.pooling, copies, config.augmentation, config.seed, crop=config.crop)


def copies_of(config: TrainingConfig, split: str) -> int:
    """Augmented copies that stand beside each original of a split."""
    return config.copies if split == "train" or config.augment_validation else 0


def workload_of(dataset: Dataset, config: TrainingConfig, weights_digest: str) -> Workload:
    """What a run with these settings has to do now."""
    rows = [len(dataset.usable(split)) * (1 + copies_of(config, split)) for split in TRAINED_SPLITS]
    return Workload(rows[0], rows[1], sum(_missing(dataset, config, weights_digest).values()))


def new_rows_of_all(dataset: Dataset, configs: Iterable[TrainingConfig], weights_digest: str) -> int:
    """Rows that must pass the base for runs with all these settings: what several need passes once."""
    missing: dict[Path, int] = {}
    for config in configs:
        missing |= _missing(dataset, config, weights_digest)
    return sum(missing.values())


def _missing(dataset: Dataset, config: TrainingConfig, weights_digest: str) -> dict[Path, int]:
    missing: dict[Path, int] = {}
    for split in TRAINED_SPLITS:
        missing |= missing_rows(dataset, split, feature_plan(config, split), weights_digest)
    return missing
