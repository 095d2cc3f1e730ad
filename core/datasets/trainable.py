"""Whether a network can be trained on a dataset as its edits leave it."""

from core.datasets.records import Dataset, ImageRecord
from core.errors import DatasetError

NEEDED = {"train": "to train on", "validation": "to validate on"}
EXPECTED = "two classes or more, each with pictures to train on, and pictures to validate on"
FIX = "Add pictures, undo an edit, or exclude the rest of that class, which then is none"


def check_trainable(dataset: Dataset, splits: tuple[str, ...] = ("train", "validation")) -> None:
    """Two classes or more, of each at least one usable picture to train on, and one to validate on at all.

    A class without a validation picture is the user's to judge: its answers are not scored, but it can be learned.

    Raises:
        DatasetError: A class lacks them; the message names it, and says so when excluded pictures are why.
    """
    if len(dataset.classes) < 2:
        found = f"in one class only, {dataset.classes[0]}" if dataset.classes else "in no class"
        raise DatasetError(f"{dataset.name} has usable pictures {found}{_excluded(dataset.readable())}", EXPECTED, FIX)
    counts = dataset.counts()
    for split in splits:
        for label, count in counts[split].items():
            if not count and (split == "train" or not any(counts[split].values())):
                left_out = [record for record in dataset.readable(split) if record.label == label]
                raise DatasetError(
                    f"The class {label} of {dataset.name} has no usable picture {NEEDED[split]}{_excluded(left_out)}",
                    EXPECTED,
                    FIX,
                )


def _excluded(records: list[ImageRecord]) -> str:
    number = sum(record.excluded for record in records)
    return f" ({number:,} excluded)" if number else ""
