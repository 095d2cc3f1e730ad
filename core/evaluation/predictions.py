"""A run's predictions on its validation images, and these images where they are still the same."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.datasets import Dataset, ImageRecord
from core.datasets.records import SPLITS
from core.errors import DatasetError
from core.evaluation.confusion import Score, accuracy, confusion
from core.evaluation.threshold import predictions_at
from core.runs.feature_plan import copies_of
from core.runs.run import Run
from core.runs.validation import validation_predictions


@dataclass(frozen=True)
class Predictions:
    """One row per validation image, in the dataset's order; with `augment_validation` its copies follow it.

    `labels` is int64 (rows,), `probabilities` float64 (rows, classes), 0..1.
    """

    classes: tuple[str, ...]
    labels: NDArray[np.int64]
    probabilities: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def best(self) -> NDArray[np.int64]:
        """int64 (rows,): the predicted class."""
        return np.asarray(self.probabilities.argmax(axis=1), np.int64)

    @property
    def confidence(self) -> NDArray[np.float64]:
        """float64 (rows,): its probability."""
        return np.asarray(self.probabilities.max(axis=1), np.float64)

    @property
    def correct(self) -> NDArray[np.bool_]:
        """bool (rows,): whether `best` is the true class."""
        return np.asarray(self.best == self.labels)

    @property
    def misclassified(self) -> NDArray[np.int64]:
        """int64 (number,): the rows with a wrong prediction, most confident first."""
        return self._by_confidence(np.flatnonzero(~self.correct))

    def accuracy(self, rows: NDArray[np.bool_] | None = None) -> Score:
        """The share of right predictions: of all rows, or of those that are True in `rows`, bool (rows,)."""
        counted = slice(None) if rows is None else rows
        return accuracy(confusion(self.labels[counted], self.best[counted], len(self.classes)))

    def top_k(self, k: int) -> Score:
        """The share of images whose true class is among the `k` most probable, 1 or more; of equally probable classes
        the first counts as more probable, as in `best`."""
        table, own = self.probabilities, self.probabilities[np.arange(len(self)), self.labels][:, np.newaxis]
        before = np.arange(len(self.classes)) < self.labels[:, np.newaxis]
        rank = ((table > own) | ((table == own) & before)).sum(axis=1)
        return Score.of(int((rank < k).sum()), len(self))

    def matrix(self, threshold: float = 0.0) -> NDArray[np.int64]:
        """int64 (classes, classes): row the true class, column the prediction; those below confidence `threshold`,
        0..1, are left out."""
        return confusion(self.labels, predictions_at(self.probabilities, threshold), len(self.classes))

    def rows_of(self, label: int, prediction: int, threshold: float = 0.0) -> NDArray[np.int64]:
        """int64 (number,): the rows in a cell of `matrix`, or with `prediction` -1 the unsure ones of a class, most
        confident first."""
        predicted = predictions_at(self.probabilities, threshold)
        return self._by_confidence(np.flatnonzero((self.labels == label) & (predicted == prediction)))

    def _by_confidence(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        return rows[np.argsort(-self.confidence[rows], kind="stable")]


def load_predictions(run: Run) -> Predictions:
    """Reads a finished run's validation.npz. Raises as `core.runs.validation.validation_predictions`."""
    labels, probabilities = validation_predictions(run)
    return Predictions(tuple(str(name) for name in run.summary()["classes"]), labels, probabilities)


def images_of(predictions: Predictions, dataset: Dataset, run: Run) -> tuple[ImageRecord, ...]:
    """The image of each row.

    Args:
        dataset: The run's own, from `core.evaluation.robustness.training_dataset`.

    Raises:
        DatasetError: Its images are not those that the run was validated on.
    """
    copies = copies_of(run.config, "validation")
    records = tuple(record for record in dataset.usable(SPLITS[1]) for _ in range(1 + copies))
    if [dataset.classes.index(record.label) for record in records] != predictions.labels.tolist():
        raise DatasetError(
            f"{dataset.name} no longer has the images that the run {run.id} was validated on",
            f"the same {len(predictions):,} images in the same order",
            "Train again",
        )
    return records
