"""Which of the labels in doubt still wait for somebody to look at them."""

from collections.abc import Collection, Sequence

from core.advice.advice import LabelError
from core.datasets import Dataset


def open_errors(errors: Sequence[LabelError], dataset: Dataset, kept: Collection[str]) -> list[LabelError]:
    """Those whose image is in use with the label that was doubted, and was not found right.

    Args:
        errors: In any order, which stays.
        dataset: As it is now, with its edits.
        kept: Paths of the images whose label was found right.
    """
    labels = {record.path: record.label for record in dataset.usable()}
    return [error for error in errors if labels.get(error.path) == error.label and error.path not in kept]
