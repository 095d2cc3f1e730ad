"""Intervals for scores that are no simple proportion, by drawing the pictures again.

The percentile bootstrap (Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7, 1979): the
score of 1,000 sets of as many pictures, drawn with replacement; 95 % of the scores lie in the interval. Pictures are
drawn within their class, for the number of each class was chosen and not found. Seeded: the same pictures give the same
interval.

Where every set scores the same, as when all answers are right, the method has nothing to say: an interval of no width
would promise that endless pictures score so too.
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
    """A score with its interval, whose ends are NaN where all sets score the same.

    Args:
        score: From places in `labels`, int64 (pictures,), to a number; NaN where it has no meaning, which is left out.
        labels: int64 (pictures,): the class of each picture.
        resamples: Sets to draw, 1 or more.
        seed: Of the draws.
    """
    value = score(np.arange(len(labels)))
    if np.isnan(value):
        return Score(np.nan, np.nan, np.nan)
    random = np.random.Generator(np.random.PCG64(seed))
    members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    drawn = [
        score(np.concatenate([some[random.integers(0, len(some), len(some))] for some in members]))
        for _ in range(resamples)
    ]
    known = [one for one in drawn if not np.isnan(one)]
    if not known or min(known) == max(known) == value:
        return Score(value, np.nan, np.nan)
    low, high = np.quantile(known, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Score(value, min(float(low), value), max(float(high), value))
