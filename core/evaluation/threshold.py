"""A confidence threshold: below it the classifier says "unsure" instead of a class.

It trades coverage, the share of pictures that get an answer, against accuracy, the share of answers that are right
(selective classification: El-Yaniv and Wiener, "On the foundations of noise-free selective classification", Journal of
Machine Learning Research 11, 2010). It is no detector of things that belong to no class: a classifier that has only
seen cats and dogs can be very sure of a car.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.evaluation.confusion import Score

UNSURE = -1


@dataclass(frozen=True, slots=True)
class Trade:
    """What a threshold does: `coverage`, answered pictures of all; `accuracy`, right ones of the answered."""

    threshold: float
    coverage: Score
    accuracy: Score


def answers_at(probabilities: NDArray[np.floating], threshold: float) -> NDArray[np.int64]:
    """int64 (pictures,): the most probable class where its probability is `threshold` or more, else `UNSURE`.

    Args:
        probabilities: (pictures, classes), 0..1.
        threshold: 0 (always an answer) .. 1.
    """
    best = probabilities.argmax(axis=1)
    return np.where(probabilities.max(axis=1) >= threshold, best, UNSURE).astype(np.int64)


def trade(labels: NDArray[np.int64], probabilities: NDArray[np.floating], threshold: float) -> Trade:
    """Coverage and accuracy at one threshold.

    Args:
        labels: int64 (pictures,), the true classes.
        probabilities: (pictures, classes), 0..1.
        threshold: 0..1.
    """
    answers = answers_at(probabilities, threshold)
    sure = answers != UNSURE
    right = int((answers[sure] == labels[sure]).sum())
    return Trade(threshold, Score.of(int(sure.sum()), len(labels)), Score.of(right, int(sure.sum())))


def trades(labels: NDArray[np.int64], probabilities: NDArray[np.floating], steps: int = 51) -> list[Trade]:
    """The curve of coverage against accuracy: `steps` thresholds from chance to 1, evenly. The others as in `trade`."""
    return [
        trade(labels, probabilities, float(threshold))
        for threshold in np.linspace(1 / probabilities.shape[1], 1, steps)
    ]


def steps(num_classes: int, *also: float) -> list[float]:
    """Thresholds to choose from, rising: 0 (always an answer), hundredths from chance on, and finer ones near 1, where
    a good classifier has most of its pictures.

    Args:
        num_classes: 2 or more.
        also: Those that must be among them, 0..1.
    """
    first = int(100 / num_classes) + 1
    return sorted({0.0, *(number / 100 for number in range(first, 100)), 0.995, 0.998, 0.999, 1.0, *also})


def outcomes(
    labels: NDArray[np.int64], probabilities: NDArray[np.floating], thresholds: list[float]
) -> NDArray[np.int64]:
    """int64 (thresholds, 3): of each threshold, the pictures answered right, answered wrong, and unsure.

    Args:
        labels: int64 (pictures,), the true classes.
        probabilities: (pictures, classes), 0..1.
        thresholds: 0..1 each.
    """
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    counts = [
        len(some) - np.searchsorted(np.sort(some), thresholds, side="left")
        for some in (confidence[right], confidence[~right])
    ]
    return np.stack([*counts, len(labels) - counts[0] - counts[1]], axis=1).astype(np.int64)
