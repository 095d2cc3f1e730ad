"""Whether "90 % sure" is right nine times of ten: confidence against accuracy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.evaluation.confusion import Score

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Pictures whose confidence lies in low..high: how many, how sure on average, and how often right."""

    low: float
    high: float
    number: int
    confidence: float
    accuracy: Score


def calibration(correct: NDArray[np.bool_], confidence: NDArray[np.floating], num_classes: int) -> list[Bin]:
    """The reliability diagram: bins of equal width from chance to certainty, those without pictures left out.

    Args:
        correct: (pictures,), whether the most probable class is the true one.
        confidence: (pictures,), the probability of the most probable class, 1 / num_classes..1.
        num_classes: 2 or more: below 1 / num_classes no confidence can lie.
    """
    edges = np.linspace(1 / num_classes, 1, BINS + 1)
    place = np.clip(np.searchsorted(edges, confidence, side="right") - 1, 0, BINS - 1)
    found = []
    for number in range(BINS):
        inside = place == number
        if count := int(inside.sum()):
            accuracy = Score.of(int(correct[inside].sum()), count)
            found.append(
                Bin(float(edges[number]), float(edges[number + 1]), count, float(confidence[inside].mean()), accuracy)
            )
    return found


def calibration_error(correct: NDArray[np.bool_], confidence: NDArray[np.floating], num_classes: int) -> float:
    """The expected calibration error: how far confidence and accuracy lie apart, averaged over the pictures, 0..1; NaN
    of no picture (Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning", AAAI
    2015; Guo et al., "On calibration of modern neural networks", ICML 2017). It is biased upwards on few pictures."""
    bins = calibration(correct, confidence, num_classes)
    total = sum(one.number for one in bins)
    if not total:
        return np.nan
    return sum(one.number * abs(one.accuracy.value - one.confidence) for one in bins) / total
