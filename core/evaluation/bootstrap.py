"""Confidence intervals by resampling, for scores that are not simple proportions.

The percentile bootstrap (Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7, 1979): the
score of 1,000 resamples of as many images, drawn with replacement; 95% of these scores lie in the interval. Images are
drawn within their class, since the number of images of each class was chosen, not observed. Seeded: the same images
give the same interval.

Where every resample scores the same, as when all predictions are right, the method says nothing: an interval of zero
width would claim that unseen images score the same too.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from core.evaluation.confusion import Score

RESAMPLES = 1000
CONFIDENCE = 0.95


def bootstrap(
    score: Callable[[NDArray[np.int64]], float], labels: NDArray[np.int64], resamples: int = RESAMPLES, seed: int = 0
) -> Score:
    """A score with its 95% interval, whose ends are NaN where all resamples score the same.

    Args:
        score: From indices into `labels`, int64 (images,), to a number. Where it is NaN, undefined, the resample is
            left out.
        labels: int64 (images,): the class of each image.
        resamples: Number of resamples, 1 or more.
        seed: Of the draws.
    """
    (only,) = bootstrap_each(lambda rows: np.array([score(rows)]), labels, resamples, seed)
    return only


def bootstrap_each(
    scores: Callable[[NDArray[np.int64]], NDArray[np.float64]],
    labels: NDArray[np.int64],
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> list[Score]:
    """The same of several scores on the same resamples: `scores` gives float64 (number,)."""
    random = np.random.Generator(np.random.PCG64(seed))
    members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    whole = scores(np.arange(len(labels)))
    drawn = np.array(
        [
            scores(np.concatenate([rows[random.integers(0, len(rows), len(rows))] for rows in members]))
            for _ in range(resamples)
        ]
    )
    return [_percentile(float(value), column) for value, column in zip(whole, drawn.T, strict=True)]


def _percentile(value: float, resampled: NDArray[np.float64]) -> Score:
    if np.isnan(value):
        return Score(np.nan, np.nan, np.nan)
    defined = resampled[~np.isnan(resampled)].tolist()
    if not defined or min(defined) == max(defined) == value:
        return Score(value, np.nan, np.nan)
    low, high = np.quantile(defined, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Score(value, min(float(low), value), max(float(high), value))
