"""Which labels are probably wrong, in every split.

Confident learning (C. Northcutt, L. Jiang and I. Chuang, "Confident learning: estimating uncertainty in dataset
labels", Journal of Artificial Intelligence Research 70, 2021, arXiv 1911.00068): each image is predicted by a head that
has not seen it, nor its copies, near duplicates or burst. It counts as an error where the probability of another class
is at least as high as is usual for that class's own images, and of those classes the most probable; and, beyond the
paper, where it is `SURE` times as probable as the label or more. Where classes are hard to tell apart, most of what the
rule alone finds are hard images: to accept those as errors made heads worse by two points (`benchmarks.advise`).

The probabilities are means over several deals of the folds, and the order is by the ratio of the two probabilities, not
by that of the label alone: on ten classes that finds more (`benchmarks.advise`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.advice.head import Floats, Labels, Mask, held_out
from core.jobs.progress import Progress, silent

DEALS = 3
SURE = 9.0


@dataclass(frozen=True)
class Doubts:
    """What confident learning says of each image.

    Attributes:
        plain: float32 (images, classes), the probabilities of the first deal alone.
        probabilities: float32 (images, classes), of heads that have not seen the image.
        suggested: int64 (images,), the most probable class other than the label.
        scores: float64 (images,), how probable it is that the suggested class is right and not the label, if one of
            the two is: 0.5 where both are as probable.
        errors: bool (images,), whether it counts as an error.
    """

    plain: Floats
    probabilities: Floats
    suggested: Labels
    scores: NDArray[np.float64]
    errors: Mask

    @property
    def order(self) -> Labels:
        """int64: the rows worth a look, the surest first: errors, and where the head predicts another class."""
        worth = np.flatnonzero(self.errors | (self.scores > 0.5))
        return worth[np.argsort(-self.scores[worth], kind="stable")]


def doubts(
    rows: Floats, labels: Labels, deals: Sequence[Labels], num_classes: int, progress: Progress = silent
) -> Doubts:
    """Finds the images whose label is probably wrong.

    Args:
        rows: float32 (images, width), as `core.advice.head.principal` gives them.
        labels: int64 (images,).
        deals: Folds, int64 (images,) each; images that belong together share one.
        num_classes: 2 or more.
        progress: Told of the phase "label errors", in deals. What it raises stops the work.
    """
    each = []
    for number, folds in enumerate(deals):
        progress("label errors", number, len(deals))
        each.append(held_out(rows, labels, folds, num_classes))
    progress("label errors", len(deals), len(deals))
    return replace(judged(np.mean(each, axis=0, dtype=np.float32), labels), plain=each[0])


def judged(probabilities: Floats, labels: Labels) -> Doubts:
    """Confident learning on probabilities that are there: float32 (images, classes), and int64 (images,)."""
    number, num_classes = probabilities.shape
    own = probabilities[np.arange(number), labels].astype(np.float64)
    others = probabilities.astype(np.float64)
    others[np.arange(number), labels] = -1
    suggested = np.asarray(others.argmax(axis=1), np.int64)
    highest = others.max(axis=1)
    scores = highest / np.maximum(highest + own, 1e-300)
    usual = np.full(num_classes, np.inf)
    for label in np.unique(labels):
        usual[label] = own[labels == label].mean()
    confident = np.where(probabilities >= usual, probabilities, -1)
    errors = (confident.max(axis=1) >= 0) & (confident.argmax(axis=1) != labels) & (highest >= SURE * own)
    return Doubts(probabilities, probabilities, suggested, scores, errors)
