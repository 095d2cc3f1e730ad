"""The areas under the ROC and precision-recall curves of all classes at once, for any weights of the images.

The same numbers as `core.evaluation.curves` gives one class at a time. Sorting is done once, so that each of a
bootstrap's thousand resamples, which are weights, costs a few sums.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Areas:
    """Of one table of predictions.

    Args:
        labels: int64 (images,), the true classes.
        probabilities: (images, classes), 0..1.
    """

    def __init__(self, labels: NDArray[np.int64], probabilities: NDArray[np.floating]) -> None:
        self._order = np.argsort(-probabilities, axis=0, kind="stable")
        ranked = np.take_along_axis(probabilities, self._order, axis=0)
        self._positive = labels[self._order] == np.arange(probabilities.shape[1])
        # Images with the same probability pass a threshold together: `_first` and `_last` are the ends of their group.
        rows, begins = np.arange(len(labels))[:, np.newaxis], np.ones(ranked.shape, bool)
        begins[1:] = np.diff(ranked, axis=0) != 0
        ends = np.roll(begins, -1, axis=0)
        self._first = np.maximum.accumulate(np.where(begins, rows, 0), axis=0)
        self._last = np.minimum.accumulate(np.where(ends, rows, len(labels))[::-1], axis=0)[::-1]

    def of(self, weights: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """The areas under the ROC curve and the average precisions, float64 (classes,) each, NaN where not defined.

        Args:
            weights: int64 (images,), how often each image counts.
        """
        weight = weights[self._order].astype(np.float64)
        right, wrong = weight * self._positive, weight * ~self._positive
        found, false = right.cumsum(axis=0), wrong.cumsum(axis=0)
        total_right, total_wrong = found[-1], false[-1]
        at_last, false_at_last = (np.take_along_axis(sums, self._last, axis=0) for sums in (found, false))
        before = np.take_along_axis(found - right, self._first, axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            roc = (wrong * (before + at_last) / 2).sum(axis=0) / (total_right * total_wrong)
            precision = np.where(at_last > 0, at_last / (at_last + false_at_last), 0.0)
            average = (right * precision).sum(axis=0) / total_right
        return roc, average
