"""ROC and precision-recall curves of one class against the others, with their areas.

Images with the same probability pass a threshold together, so a curve has one point per distinct probability.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Curve:
    """Points from the strictest to the loosest threshold: `x`, `y` and `thresholds`, float64 (points,), and the `area`
    under the curve. Without images of both sides there are no points, and the area is NaN."""

    x: Floats
    y: Floats
    thresholds: Floats
    area: float


def roc(positive: NDArray[np.bool_], probability: NDArray[np.floating]) -> Curve:
    """The receiver operating characteristic: true positive rate (y) against false positive rate (x).

    The area is the probability that a random positive image ranks above a random negative one, ties counting half
    (Hanley and McNeil, "The meaning and use of the area under a receiver operating characteristic (ROC) curve",
    Radiology 143, 1982).

    Args:
        positive: bool (images,), True for images of the class.
        probability: (images,), of the class, 0..1.
    """
    thresholds, right, wrong = _cumulated(positive, probability)
    if not right[-1] or not wrong[-1]:
        return Curve(_empty(), _empty(), _empty(), np.nan)
    x, y = wrong / wrong[-1], right / right[-1]
    return Curve(x, y, thresholds, float(np.trapezoid(y, x)))


def precision_recall(positive: NDArray[np.bool_], probability: NDArray[np.floating]) -> Curve:
    """Precision (y) against recall (x).

    The area is the average precision: each point's precision weighted by the recall that it adds. Trapezoids would be
    too optimistic between points (Davis and Goadrich, "The relationship between Precision-Recall and ROC
    curves", ICML 2006). Arguments as for `roc`.
    """
    thresholds, right, wrong = _cumulated(positive, probability)
    if not right[-1]:
        return Curve(_empty(), _empty(), _empty(), np.nan)
    recall = right / right[-1]
    precision = np.ones_like(recall)
    precision[1:] = right[1:] / (right[1:] + wrong[1:])
    return Curve(recall, precision, thresholds, float(np.sum(np.diff(recall) * precision[1:])))


def _cumulated(positive: NDArray[np.bool_], probability: NDArray[np.floating]) -> tuple[Floats, Floats, Floats]:
    """Thresholds, falling from infinity, and how many positive and negative images reach each."""
    if positive.shape != probability.shape or positive.ndim != 1:
        raise ValueError(f"received {positive.shape} labels and {probability.shape} probabilities; expected one each")
    order = np.argsort(-probability, kind="stable")
    probability, positive = probability[order], positive[order]
    last = np.flatnonzero(np.append(np.diff(probability) != 0, True)) if probability.size else np.zeros(0, np.int64)
    right = np.concatenate([[0], np.cumsum(positive)[last]]).astype(np.float64)
    wrong = np.concatenate([[0], np.cumsum(~positive)[last]]).astype(np.float64)
    return np.concatenate([[np.inf], probability[last]]).astype(np.float64), right, wrong


def _empty() -> Floats:
    return np.zeros(0, np.float64)
