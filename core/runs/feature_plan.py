"""How much work a run is: pictures that pass the base, steps that the head makes, and what is in the cache already."""

from collections.abc import Set
from dataclasses import dataclass

from core.backbone.features import FeaturePlan, are_cached
from core.datasets import Dataset
from core.training.recipe import TrainingConfig

TRAINED_SPLITS = ("train", "validation")


@dataclass(frozen=True)
class Workload:
    """`train_rows` and `validation_rows` are pictures with their augmented copies, each of which passes the base once,
    unless its split is among `cached`."""

    train_rows: int
    validation_rows: int
    cached: Set[str] = frozenset()

    @property
    def new_rows(self) -> int:
        """Those that must pass the base."""
        rows = {"train": self.train_rows, "validation": self.validation_rows}
        return sum(count for split, count in rows.items() if split not in self.cached)


def feature_plan(config: TrainingConfig, split: str) -> FeaturePlan:
    """What a run computes of a split's pictures."""
    return FeaturePlan(config.image_size, config.pooling, copies_of(config, split), config.augmentation, config.seed)


def copies_of(config: TrainingConfig, split: str) -> int:
    """Augmented copies that stand beside each original of a split."""
    return config.copies if split == "train" or config.augment_validation else 0


def workload_of(dataset: Dataset, config: TrainingConfig, weights_digest: str) -> Workload:
    """What a run with these settings has to do now."""
    rows = [len(dataset.usable(split)) * (1 + copies_of(config, split)) for split in TRAINED_SPLITS]
    cached = (
        split for split in TRAINED_SPLITS if are_cached(dataset, split, feature_plan(config, split), weights_digest)
    )
    return Workload(rows[0], rows[1], frozenset(cached))
