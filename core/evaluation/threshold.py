"""A confidence threshold: below it the classifier says "unsure" instead of a class.

It trades coverage, the share of images that the classifier decides, against selective accuracy, the accuracy on these
images (selective classification: El-Yaniv and Wiener, "On the foundations of noise-free selective classification",
Journal of Machine Learning Research 11, 2010). It cannot spot unknown objects: a classifier of cats and dogs may call
a car a cat with high confidence.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.evaluation.confusion import Score

UNSURE = -1
STEPS = 51


@dataclass(frozen=True, slots=True)
class CoveragePoint:
    """Coverage and selective accuracy at one threshold, 0..1."""

    threshold: float
    coverage: Score
    accuracy: Score


def predictions_at(probabilities: NDArray[np.floating], threshold: float) -> NDArray[np.int64]:
    """int64 (images,): the predicted class where its probability is `threshold` or more, else `UNSURE`.

    Args:
        probabilities: (images, classes), 0..1.
        threshold: 0 (never unsure) .. 1.
    """
    best = probabilities.argmax(axis=1)
    return np.where(probabilities.max(axis=1) >= threshold, best, UNSURE).astype(np.int64)


def coverage_point(labels: NDArray[np.int64], probabilities: NDArray[np.floating], threshold: float) -> CoveragePoint:
    """Coverage and selective accuracy at one threshold, 0..1.

    Args:
        labels: int64 (images,), the true classes.
        probabilities: (images, classes), 0..1.
    """
    predictions = predictions_at(probabilities, threshold)
    decided = predictions != UNSURE
    number, right = int(decided.sum()), int((predictions[decided] == labels[decided]).sum())
    return CoveragePoint(threshold, Score.of(number, len(labels)), Score.of(right, number))


def coverage_points(labels: NDArray[np.int64], probabilities: NDArray[np.floating]) -> list[CoveragePoint]:
    """`coverage_point` at evenly spaced thresholds, from chance to 1."""
    thresholds = np.linspace(1 / probabilities.shape[1], 1, STEPS).tolist()
    return [coverage_point(labels, probabilities, threshold) for threshold in thresholds]


def steps(num_classes: int, *also: float) -> list[float]:
    """Thresholds to choose from, rising: 0 (never unsure), hundredths from chance on, and finer ones near 1, where a
    good classifier has most of its images.

    Args:
        num_classes: 2 or more.
        also: More thresholds to include, 0..1.
    """
    first = int(100 / num_classes) + 1
    return sorted({0.0, *(number / 100 for number in range(first, 100)), 0.995, 0.998, 0.999, 1.0, *also})


def outcomes(
    labels: NDArray[np.int64], probabilities: NDArray[np.floating], thresholds: list[float]
) -> NDArray[np.int64]:
    """int64 (thresholds, 3): the number of right, wrong and unsure images at each threshold; other arguments as for
    `coverage_point`."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    counts = [
        len(side) - np.searchsorted(np.sort(side), thresholds, side="left")
        for side in (confidence[right], confidence[~right])
    ]
    return np.stack([*counts, len(labels) - counts[0] - counts[1]], axis=1).astype(np.int64)
