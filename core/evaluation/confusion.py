"""The confusion matrix and the scores that follow from it, each with its interval.

Proportions of independent images (accuracy, precision, recall) have Wilson's interval. F1 is not a proportion: its
interval is that of `core.evaluation.bootstrap`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.evaluation.intervals import wilson_interval

Labels = NDArray[np.int64]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Score:
    """A score, 0..1, with its 95% confidence interval.

    All three are NaN where the score is undefined, such as the precision of a class that was never predicted; `low`
    and `high` alone where the interval is unknown.
    """

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, correct: int, total: int) -> "Score":
        """The share `correct` of `total` images."""
        if not total:
            return cls(np.nan, np.nan, np.nan)
        return cls(correct / total, *wilson_interval(correct, total))

    @property
    def known(self) -> bool:
        return not np.isnan(self.value)


@dataclass(frozen=True, slots=True)
class ClassScores:
    """Of one class: `precision`, the share of the predictions of the class that are right; `recall`, the share of its
    images that are predicted as the class; `f1`, the harmonic mean of the two; `support`, the number of its images."""

    precision: Score
    recall: Score
    f1: float
    support: int


def confusion(labels: Labels, predictions: Labels, num_classes: int) -> Counts:
    """The confusion matrix.

    Args:
        labels: int64 (images,), the true classes, 0..num_classes - 1.
        predictions: int64 (images,), the predicted classes; -1 for "unsure", which is not counted.
        num_classes: 2 or more.

    Returns:
        int64 (num_classes, num_classes): row the true class, column the prediction.

    Raises:
        ValueError: A label or a prediction is outside the classes, or the two differ in length.
    """
    if labels.shape != predictions.shape or labels.ndim != 1:
        raise ValueError(f"received {labels.shape} labels and {predictions.shape} predictions; expected one each")
    if labels.size and (labels.min() < 0 or labels.max() >= num_classes or predictions.min() < -1):
        raise ValueError(f"received labels or predictions outside 0..{num_classes - 1}")
    if predictions.size and predictions.max() >= num_classes:
        raise ValueError(f"received the prediction {predictions.max()}; expected one below {num_classes}")
    sure = predictions >= 0
    cells = np.bincount(labels[sure] * num_classes + predictions[sure], minlength=num_classes**2)
    return np.asarray(cells.reshape(num_classes, num_classes), np.int64)


def rates(counts: Counts) -> NDArray[np.float64]:
    """Each row as shares of its sum, float64 (num_classes, num_classes); a class without images has a row of 0."""
    return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1), np.float64)


def accuracy(counts: Counts) -> Score:
    """The share of right predictions."""
    return Score.of(int(np.trace(counts)), int(counts.sum()))


def class_scores(counts: Counts) -> list[ClassScores]:
    """The scores of each class, in the order of the matrix."""
    classes = []
    for label, f1 in enumerate(f1_scores(counts).tolist()):
        right, predicted, support = int(counts[label, label]), int(counts[:, label].sum()), int(counts[label].sum())
        classes.append(ClassScores(Score.of(right, predicted), Score.of(right, support), f1, support))
    return classes


def f1_scores(counts: Counts) -> NDArray[np.float64]:
    """float64 (num_classes,): the F1 of each class, NaN for one without images and predictions."""
    total = counts.sum(axis=0) + counts.sum(axis=1)
    return np.asarray(np.divide(2 * np.diagonal(counts), total, out=np.full(len(counts), np.nan), where=total > 0))


def macro_f1(counts: Counts) -> float:
    """The mean F1 of the classes that have images or predictions: each class counts the same, however rare; NaN where
    there are none."""
    f1 = f1_scores(counts)
    known = ~np.isnan(f1)
    return float(f1[known].mean()) if known.any() else np.nan


def confused_pairs(counts: Counts) -> list[tuple[int, int]]:
    """The cells off the diagonal that hold images, as (true class, predicted class): those with most images first, and
    of two with as many, the one with the larger share of its true class."""
    shares = rates(counts)
    cells = [(int(row), int(column)) for row, column in np.argwhere(counts) if row != column]
    return sorted(cells, key=lambda cell: (-counts[cell], -shares[cell], cell))


def confusion_order(counts: Counts) -> list[int]:
    """All classes, those of the most confused pairs first and side by side, then the others in their order: an order of
    rows and columns in which the errors of many classes stand together."""
    paired = [label for pair in confused_pairs(counts) for label in pair]
    return list(dict.fromkeys([*paired, *range(len(counts))]))
