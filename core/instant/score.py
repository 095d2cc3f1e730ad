"""What the instant model is worth, by the images that it was shown: its accuracy on bursts that were left out.

Each burst is predicted by a model that has not seen it (`held_out_scores` of `core.instant.left_out`). The unit is the
burst, since its frames are near copies and no independent trials: a burst counts as the share of its images that are
right, and the accuracy is the mean of these shares. Its interval is Wilson's for so many bursts: a share between 0 and
1 varies at most as much as a coin that is right as often, so the interval is rather too wide than too narrow.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.evaluation.confusion import Score
from core.evaluation.intervals import wilson_interval

NEEDED = 2  # bursts of each class
_REASON = "a burst can only be judged by a model that has seen another one."


@dataclass(frozen=True)
class BurstScore:
    """`accuracy` with its 95% interval, of `num_bursts` bursts with `num_images` images together. Where it cannot be
    said yet, `why` says why not and what to do, and `accuracy` is NaN."""

    accuracy: Score
    num_bursts: int
    num_images: int
    why: str = ""


def unknown(why: str) -> BurstScore:
    """No score, and why."""
    return BurstScore(Score(np.nan, np.nan, np.nan), 0, 0, why)


NO_SCORE = unknown("The score is being computed.")


def why_no_score(classes: Sequence[str], looks: NDArray[np.int64]) -> str:
    """Why there is no score yet and what to do about it, or "".

    Args:
        classes: Their names.
        looks: int64 (classes,), bursts of each.
    """
    if len(classes) < 2:
        return "A score needs two classes. Add another class."
    once = [name for name, number in zip(classes, looks.tolist(), strict=True) if number < NEEDED]
    if not once:
        return ""
    if len(once) == len(classes):
        return f"Record each class a second time: {_REASON}"
    names = ", ".join(f"“{name}”" for name in once[:3]) + (f" and {len(once) - 3} more" if len(once) > 3 else "")
    return f"Record {names} {'again' if (looks >= 1).all() else 'in two bursts'}: {_REASON}"


def burst_score(right: NDArray[np.bool_], groups: NDArray[np.int64]) -> BurstScore:
    """The score of held-out predictions.

    Args:
        right: bool (images,), one or more.
        groups: int64 (images,), the burst of each.
    """
    _, places, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    shares = np.bincount(places, right.astype(np.float64)) / sizes
    total = min(float(shares.sum()), float(len(shares)))
    score = Score(total / len(shares), *wilson_interval(total, len(shares)))
    return BurstScore(score, len(shares), len(right))
