"""What a classifier took for what: the confusion matrix, and the scores that follow from it, each with its interval.

Proportions of independent pictures (accuracy, precision, recall) have Wilson's interval. F1 is none: its interval is
that of `core.evaluation.resampling`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.statistics import wilson_interval

Labels = NDArray[np.int64]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Score:
    """A score from 0 to 1, with the range that likely (95 %) holds what it would be on endless pictures of this kind.

    All three are NaN where the score has no meaning, such as the precision of a class that was never answered; `low`
    and `high` alone where nothing can be said of the range.
    """

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, correct: int, total: int) -> "Score":
        """The share `correct` of `total` pictures."""
        if not total:
            return cls(np.nan, np.nan, np.nan)
        return cls(correct / total, *wilson_interval(correct, total))

    @property
    def known(self) -> bool:
        return not np.isnan(self.value)


@dataclass(frozen=True, slots=True)
class ClassScores:
    """Of one class: `precision`, the share of its answers that are right; `recall`, the share of its pictures that were
    found; `f1`, the harmonic mean of the two; `support`, the number of its pictures."""

    precision: Score
    recall: Score
    f1: float
    support: int


def confusion(labels: Labels, answers: Labels, num_classes: int) -> Counts:
    """How often each class was taken for each.

    Args:
        labels: int64 (pictures,), the true classes, 0..num_classes - 1.
        answers: int64 (pictures,), what was answered; -1 for "unsure", which counts nowhere.
        num_classes: 2 or more.

    Returns:
        int64 (num_classes, num_classes): row the true class, column the answer.

    Raises:
        ValueError: A label or an answer is outside the classes, or the two differ in length.
    """
    if labels.shape != answers.shape or labels.ndim != 1:
        raise ValueError(f"received {labels.shape} labels and {answers.shape} answers; expected one each")
    if labels.size and (labels.min() < 0 or labels.max() >= num_classes or answers.min() < -1):
        raise ValueError(f"received labels or answers outside 0..{num_classes - 1}")
    if answers.size and answers.max() >= num_classes:
        raise ValueError(f"received the answer {answers.max()}; expected one below {num_classes}")
    sure = answers >= 0
    cells = np.bincount(labels[sure] * num_classes + answers[sure], minlength=num_classes**2)
    return np.asarray(cells.reshape(num_classes, num_classes), np.int64)


def rates(counts: Counts) -> NDArray[np.float64]:
    """Each row as shares of its sum, float64 like `counts`; a class without pictures has a row of 0."""
    return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1), np.float64)


def accuracy(counts: Counts) -> Score:
    """The share of the right answers."""
    return Score.of(int(np.trace(counts)), int(counts.sum()))


def class_scores(counts: Counts) -> list[ClassScores]:
    """The scores of each class, in the order of the matrix."""
    found = []
    for number in range(len(counts)):
        right, answered, support = int(counts[number, number]), int(counts[:, number].sum()), int(counts[number].sum())
        f1 = 2 * right / (answered + support) if answered + support else np.nan
        found.append(ClassScores(Score.of(right, answered), Score.of(right, support), f1, support))
    return found


def macro_f1(counts: Counts) -> float:
    """The mean F1 of the classes that have pictures or answers: each class counts the same, however rare; NaN of
    nothing."""
    f1 = [scores.f1 for scores in class_scores(counts) if not np.isnan(scores.f1)]
    return float(np.mean(f1)) if f1 else np.nan
