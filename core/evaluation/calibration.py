"""Calibration: whether predictions with a confidence of 90% are right nine times out of ten."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.evaluation.confusion import Score

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Images whose confidence is in low..high: their number, mean confidence and accuracy."""

    low: float
    high: float
    number: int
    confidence: float
    accuracy: Score


def calibration(correct: NDArray[np.bool_], confidence: NDArray[np.floating], num_classes: int) -> list[Bin]:
    """The reliability diagram: bins of equal width from chance to certainty, without empty ones.

    Args:
        correct: bool (images,), whether the predicted class is the true one.
        confidence: (images,), the probability of the predicted class, 1 / num_classes..1.
        num_classes: 2 or more; no confidence is below 1 / num_classes.
    """
    edges = np.linspace(1 / num_classes, 1, BINS + 1)
    place = np.clip(np.searchsorted(edges, confidence, side="right") - 1, 0, BINS - 1)
    bins = []
    for number in range(BINS):
        inside = place == number
        if count := int(inside.sum()):
            accuracy = Score.of(int(correct[inside].sum()), count)
            bins.append(
                Bin(float(edges[number]), float(edges[number + 1]), count, float(confidence[inside].mean()), accuracy)
            )
    return bins


def calibration_error(correct: NDArray[np.bool_], confidence: NDArray[np.floating], num_classes: int) -> float:
    """The expected calibration error, 0 (perfectly calibrated) to 1: the gap between confidence and accuracy, averaged
    over the images; NaN where there are none (Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities
    using Bayesian binning", AAAI 2015; Guo et al., "On calibration of modern neural networks", ICML 2017). It is
    biased upwards on few images."""
    bins = calibration(correct, confidence, num_classes)
    total = sum(bin.number for bin in bins)
    if not total:
        return np.nan
    return sum(bin.number * abs(bin.accuracy.value - bin.confidence) for bin in bins) / total
