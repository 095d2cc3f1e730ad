"""Heads on banked features: the accuracy on originals that no head has seen, with and without augmented copies.

A head is ridge regression with one target per class, as in `core.evaluation.cross_validation`. Copies weigh as much as
in a run: each of `copies` like an original. All weights together are those of the originals alone, so that copies that
equal their originals change nothing at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.bank.bank import Bank, Features, Labels
from core.evaluation.cross_validation import PENALTY, deal_folds
from core.evaluation.intervals import paired_difference_interval
from core.jobs.parallel import one_core_for_blas

FOLDS = 5
Floats = NDArray[np.float64]
Sums = tuple[Floats, ...]
"""Over the rows of each fold, (folds, ...): their number, and the sums of x, y, x x' and x y'."""


@dataclass(frozen=True)
class Change:
    """A change of the accuracy, -1..1, with its paired 95% interval."""

    difference: float
    low: float
    high: float

    @property
    def helps(self) -> bool:
        return self.low > 0


class Heads:
    """Heads for one way to deal images into folds.

    Args:
        originals: float32 (images, features).
        labels: int64 (images,).
        folds: int64 (images,), 0..highest.
    """

    def __init__(self, originals: Features, labels: Labels, folds: Labels) -> None:
        self._originals, self._folds = originals, folds
        self._targets = np.eye(int(labels.max()) + 1)[labels]
        self.labels = labels
        with one_core_for_blas():
            self._sums = self._sums_of(originals)
            self.unchanged = self._scores(self._sums)

    def scores(self, copies: Features, num_copies: int) -> Floats:
        """float64 (images, classes): of each original, by a head that saw neither it nor the copies of its fold.

        Args:
            copies: float32 (images, features): one of each image.
            num_copies: How many of each there are in a run, 1 or more.
        """
        share = num_copies / (1 + num_copies)
        with one_core_for_blas():
            parts = zip(self._sums, self._sums_of(copies), strict=True)
            return self._scores(tuple((1 - share) * one + share * other for one, other in parts))

    def _sums_of(self, rows: Features) -> Sums:
        sums = []
        for fold in range(int(self._folds.max()) + 1):
            x, y = rows[self._folds == fold].astype(np.float64), self._targets[self._folds == fold]
            sums.append((np.float64(len(x)), x.sum(axis=0), y.sum(axis=0), x.T @ x, x.T @ y))
        return tuple(np.stack(part) for part in zip(*sums, strict=True))

    def _scores(self, sums: Sums) -> Floats:
        number, x, y, xx, xy = (part.sum(axis=0) - part for part in sums)  # of all other folds
        mean_x, mean_y = x / number[:, None], y / number[:, None]
        covariance = xx - x[:, :, None] * mean_x[:, None, :]
        penalty = PENALTY * np.trace(covariance, axis1=1, axis2=2) / number
        diagonal = np.arange(covariance.shape[1])
        covariance[:, diagonal, diagonal] += np.maximum(penalty, 1e-9)[:, None]
        weights = np.linalg.solve(covariance, xy - x[:, :, None] * mean_y[:, None, :])
        scores = np.empty_like(self._targets)
        for fold in range(len(number)):
            own = self._folds == fold
            scores[own] = (self._originals[own] - mean_x[fold]) @ weights[fold] + mean_y[fold]
        return scores


class Repeated:
    """Heads for several ways to deal the same images into folds.

    Args:
        bank: Its images are dealt, all or those of `rows`.
        repeats: How often.
        seed: Of the folds.
    """

    def __init__(self, bank: Bank, repeats: int, seed: int = 0, rows: Labels | None = None) -> None:
        self._rows = np.arange(len(bank.labels)) if rows is None else rows
        originals, labels, groups = bank.originals[self._rows], bank.labels[self._rows], bank.groups[self._rows]
        num_folds = min(FOLDS, *(len(np.unique(groups[labels == label])) for label in np.unique(labels)))
        self._heads = [
            Heads(originals, labels, deal_folds(labels, groups, num_folds, np.random.default_rng([seed, repeat])))
            for repeat in range(repeats)
        ]
        self._before = right_of(self._heads[0].labels, [heads.unchanged for heads in self._heads])

    @property
    def accuracy(self) -> float:
        """Without augmentation."""
        return float(self._before.mean())

    def right(self, copies: Features, num_copies: int) -> NDArray[np.bool_]:
        """bool (repeats, images): which are predicted correctly with these copies of all the bank's images."""
        own = copies[self._rows]
        return right_of(self._heads[0].labels, [heads.scores(own, num_copies) for heads in self._heads])

    def change(self, copies: Features, num_copies: int) -> Change:
        """What these copies do to the accuracy."""
        return paired_change(self._before, self.right(copies, num_copies))


def right_of(labels: Labels, scores: Sequence[Floats]) -> NDArray[np.bool_]:
    return np.stack([each.argmax(axis=1) == labels for each in scores])


def paired_change(before: NDArray[np.bool_], after: NDArray[np.bool_]) -> Change:
    """The difference of two accuracies on the same images, bool (repeats, images) each. An image counts once, however
    often it was predicted: `paired_difference_interval` of the shares."""
    cells = [(one & other).mean(axis=0).sum() for one in (before, ~before) for other in (after, ~after)]
    both, only_before, only_after, neither = map(float, cells)
    low, high = paired_difference_interval(both, only_before, only_after, neither)
    return Change((only_after - only_before) / before.shape[1], low, high)
