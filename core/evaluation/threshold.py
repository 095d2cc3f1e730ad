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
    """The curve of coverage against accuracy: thresholds from chance to 1, evenly."""
    return [
        trade(labels, probabilities, float(threshold))
        for threshold in np.linspace(1 / probabilities.shape[1], 1, steps)
    ]
