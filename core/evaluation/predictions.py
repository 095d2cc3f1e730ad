"""What a run answered on its validation pictures, with the pictures where they are still the same."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.datasets import Dataset, ImageRecord
from core.datasets.records import SPLITS
from core.errors import DatasetError, RunError
from core.evaluation.confusion import Score, accuracy, confusion
from core.evaluation.threshold import answers_at
from core.npz import load_npz
from core.training.runs import Run
from core.training.workload import copies_of


@dataclass(frozen=True)
class Answers:
    """One row a validation picture, in the dataset's order; with `augment_validation` its copies follow it.

    `labels` is int64 (rows,), `probabilities` float64 (rows, classes), 0..1.
    """

    classes: tuple[str, ...]
    labels: NDArray[np.int64]
    probabilities: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def best(self) -> NDArray[np.int64]:
        """int64 (rows,): the most probable class."""
        return np.asarray(self.probabilities.argmax(axis=1), np.int64)

    @property
    def confidence(self) -> NDArray[np.float64]:
        """float64 (rows,): its probability."""
        return np.asarray(self.probabilities.max(axis=1), np.float64)

    @property
    def correct(self) -> NDArray[np.bool_]:
        """bool (rows,): whether `best` is the true class."""
        return np.asarray(self.best == self.labels)

    def accuracy(self, rows: NDArray[np.bool_] | None = None) -> Score:
        """The share of the right ones, of all or of those that are True in `rows`, bool (rows,)."""
        kept = slice(None) if rows is None else rows
        return accuracy(confusion(self.labels[kept], self.best[kept], len(self.classes)))

    def matrix(self, threshold: float = 0.0) -> NDArray[np.int64]:
        """int64 (classes, classes): row the true class, column the answer; those below confidence `threshold`, 0..1,
        are left out."""
        return confusion(self.labels, answers_at(self.probabilities, threshold), len(self.classes))

    def rows_of(self, label: int, answer: int, threshold: float = 0.0) -> NDArray[np.int64]:
        """int64 (number,): rows of a cell of `matrix`, the surest first: wrong answers that were sure teach most."""
        given = answers_at(self.probabilities, threshold)
        rows = np.flatnonzero((self.labels == label) & (given == answer))
        return rows[np.argsort(-self.confidence[rows], kind="stable")]


def load_answers(run: Run) -> Answers:
    """What a finished run left in validation.npz.

    Raises:
        RunError: It left no model, or the file is missing or not what Pawlab writes.
    """
    summary = run.summary()
    file = run.directory / "validation.npz"
    try:
        labels, table = load_npz(file, "labels", "probabilities")
        classes = tuple(str(name) for name in summary["classes"])
        if labels.dtype != np.int64 or table.dtype != np.float32 or table.ndim != 2 or labels.shape != table.shape[:1]:
            raise ValueError(f"labels {labels.dtype} {labels.shape}, probabilities {table.dtype} {table.shape}")
        table = table.astype(np.float64)  # in float32 the complement of a small probability is 1: a tie with others
        probabilities = np.concatenate([1 - table, table], axis=1) if table.shape[1] == 1 else table
        inside = labels.min(initial=0) >= 0 and labels.max(initial=0) < len(classes) == probabilities.shape[1]
        if not len(labels) or not inside or not (np.abs(probabilities.sum(axis=1) - 1) < 1e-3).all():
            raise ValueError("labels or probabilities that fit no class")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"The validation answers of the run {run.id} cannot be read: {error}",
            "validation.npz as Pawlab wrote it",
            "Train again",
        ) from error
    return Answers(classes, labels, probabilities)


def pictures_of(answers: Answers, dataset: Dataset, run: Run) -> tuple[ImageRecord, ...]:
    """The picture of each row.

    Args:
        dataset: As `core.inference.robustness.data_of` gives it: what the run was validated on.

    Raises:
        DatasetError: It has other pictures than the run had.
    """
    copies = copies_of(run.config, "validation")
    records = tuple(record for record in dataset.usable(SPLITS[1]) for _ in range(1 + copies))
    if [dataset.classes.index(record.label) for record in records] != answers.labels.tolist():
        raise DatasetError(
            f"The run {run.id} was validated on other pictures than {dataset.name} has now",
            f"{len(answers):,} pictures in the same order",
            "Train again",
        )
    return records
