"""Whether a network can be trained on a dataset after its edits."""

from core.datasets.collect.bursts import burst_of
from core.datasets.groups import group_keys
from core.datasets.records import Dataset, ImageRecord
from core.errors import DatasetError

NEEDED = {"train": "to train on", "validation": "to validate on"}
EXPECTED = "two or more classes, each with images to train on, and images to validate on"
FIX = "Add images, undo an edit, or exclude the rest of that class, which removes it"
ONE_BURST = "{} has no image to validate on: each class has one burst, which no split parts"
TWO_BURSTS = "a class with two bursts or more: one to train on, one to validate on"
RECORD_AGAIN = "Record each class a second time, from another side"


def check_trainable(dataset: Dataset, splits: tuple[str, ...] = ("train", "validation")) -> None:
    """Checks for two or more classes, each with a usable training image, and for a validation image of any class.

    A class without validation images is allowed: it can be learned, but is not evaluated.

    Raises:
        DatasetError: A class lacks them; the message names it, and says so when excluded images are why, or that each
            class was recorded only once.
    """
    if len(dataset.classes) < 2:
        where = f"in one class only, {dataset.classes[0]}" if dataset.classes else "in no class"
        raise DatasetError(f"{dataset.name} has usable images {where}{_excluded(dataset.readable())}", EXPECTED, FIX)
    counts = dataset.counts()
    for split in splits:
        for label, count in counts[split].items():
            if not count and (split == "train" or not any(counts[split].values())):
                if split != "train" and _is_of_single_bursts(dataset):
                    raise DatasetError(ONE_BURST.format(dataset.name), TWO_BURSTS, RECORD_AGAIN)
                left_out = [record for record in dataset.readable(split) if record.label == label]
                raise DatasetError(
                    f"The class {label} of {dataset.name} has no usable image {NEEDED[split]}{_excluded(left_out)}",
                    EXPECTED,
                    FIX,
                )


def _is_of_single_bursts(dataset: Dataset) -> bool:
    """Whether the images of each class are one group, and bursts are why."""
    usable = dataset.usable()
    groups = {(record.label, key) for key, record in zip(group_keys(usable), usable, strict=True)}
    return len(groups) == len(dataset.classes) < len(usable) and any(burst_of(record.path) for record in usable)


def _excluded(records: list[ImageRecord]) -> str:
    number = sum(record.excluded for record in records)
    return f" ({number:,} excluded)" if number else ""
