"""ROC and precision-recall curves of one class against the others, with their areas.

Images with the same probability pass a threshold together, so a curve has one point per distinct probability.
"""

from collections.abc import Callable, Iterable
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


CurveOf = Callable[[NDArray[np.bool_], NDArray[np.floating]], Curve]


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


def micro_average(kind: CurveOf, labels: NDArray[np.int64], probabilities: NDArray[np.floating]) -> Curve:
    """The curve of all decisions "is it this class?" of all images and classes together: frequent classes count more.

    Args:
        kind: `roc` or `precision_recall`.
        labels: int64 (images,), the true classes.
        probabilities: (images, classes), 0..1.
    """
    positive = labels[:, np.newaxis] == np.arange(probabilities.shape[1])
    return kind(positive.ravel(), probabilities.ravel())


def macro_average_roc(curves: Iterable[Curve]) -> Curve:
    """The mean true positive rate of several ROC curves at each false positive rate: each class counts the same. Its
    area is the mean of theirs. Curves without points are left out; thresholds are those of no single class: NaN."""
    drawn = [curve for curve in curves if len(curve.x)]
    if not drawn:
        return Curve(_empty(), _empty(), _empty(), np.nan)
    x = np.unique(np.concatenate([curve.x for curve in drawn]))
    # Where a curve rises straight up it has two heights: interpolated from the right it is the lower one.
    lower = np.mean([np.interp(-x, -curve.x[::-1], curve.y[::-1]) for curve in drawn], axis=0)
    upper = np.mean([np.interp(x, curve.x, curve.y) for curve in drawn], axis=0)
    area = float(np.mean([curve.area for curve in drawn]))
    return Curve(np.repeat(x, 2), np.stack([lower, upper], axis=1).ravel(), np.full(2 * len(x), np.nan), area)


def thinned(curve: Curve, most: int = 400) -> Curve:
    """The curve with at most about so many points, evenly spread along its length: what a chart can show."""
    if len(curve.x) <= most:
        return curve
    length = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(curve.x)) + np.abs(np.diff(curve.y)))])
    places = np.unique(np.searchsorted(length, np.linspace(0, length[-1], most)))
    return Curve(curve.x[places], curve.y[places], curve.thresholds[places], curve.area)


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
