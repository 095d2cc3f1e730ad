"""A model made from an earlier one: exact, in the time of the images whose weight has changed.

The normal equations of `core.instant.model` are (sum of w a a' + penalty) W = sum of w a y', with a row
a = (x - mean, 1) for each image. Around the weighted mean of some examples their inverse P is that of the covariance
beside a 1. For other examples some weights differ: those of new and removed images, and of all in their classes, since
a class has one weight together. With A the rows of these and D their differences the inverse becomes
P - P A' (1 + D A P A')^-1 D A P (Woodbury, "Inverting modified matrices", 1950). While one class is recorded, only its
images differ.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.instant.model import Centred, Examples, Head

MOST_CHANGED = 640
"""Images whose weight has changed, beyond which solving everything takes no longer."""

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Anchor:
    """Examples with the inverse of their normal equations.

    Attributes:
        examples: Two or more.
        penalty: Of the inverse.
        mean: float32 (width,), the weighted mean of the features.
        inverse: float32 (width, width), of their covariance with the penalty on its diagonal.
    """

    examples: Examples
    penalty: float
    mean: Floats
    inverse: Floats

    @classmethod
    def of(cls, examples: Examples, penalty: float) -> "Anchor":
        """Solved anew."""
        centred = Centred(examples)
        covariance = centred.covariance()
        covariance[np.diag_indices_from(covariance)] += np.float32(penalty)
        return cls(examples, penalty, centred.mean, np.asarray(np.linalg.inv(covariance), np.float32))

    def fit(self, examples: Examples) -> Head | None:
        """What `core.instant.model.fit` gives of these examples with this penalty; None where that is no slower."""
        changed, weights = self._changed(examples)
        if len(changed) > MOST_CHANGED:
            return None
        rows = self._augmented(changed)  # (changed, width + 1)
        sums = _class_sums(examples)
        sums[:, :-1] -= sums[:, -1:] * self.mean
        along, solved = self._solve(rows), self._solve(sums.astype(np.float32))  # each row times the inverse
        small = np.eye(len(rows)) + weights[:, np.newaxis] * (rows @ along.T).astype(np.float64)
        shift = np.linalg.solve(small, weights[:, np.newaxis] * (rows @ solved.T).astype(np.float64))
        head = solved - shift.T.astype(np.float32) @ along
        return Head(np.ascontiguousarray(head[:, :-1]), head[:, -1] - head[:, :-1] @ self.mean)

    def _changed(self, examples: Examples) -> tuple[Floats, Doubles]:
        """The features of the images whose weight is another one, and the differences of their weights."""
        before, after = self.examples, examples
        places = np.searchsorted(before.ids, after.ids)
        known = places < len(before)
        known[known] = before.ids[places[known]] == after.ids[known]
        difference = after.weights
        difference[known] -= before.weights[places[known]]
        removed = np.ones(len(before), np.bool_)
        removed[places[known]] = False
        moved = np.abs(difference) > 1e-15
        features = np.concatenate([after.features[moved], before.features[removed]])
        return features, np.concatenate([difference[moved], -before.weights[removed]])

    def _augmented(self, features: Floats) -> Floats:
        rows = np.ones((len(features), features.shape[1] + 1), np.float32)
        np.subtract(features, self.mean, out=rows[:, :-1])
        return rows

    def _solve(self, rows: Floats) -> Floats:
        """The rows times the inverse, which beside that of the features is 1."""
        result = np.empty_like(rows)
        result[:, :-1] = rows[:, :-1] @ self.inverse
        result[:, -1] = rows[:, -1]
        return result


def _class_sums(examples: Examples) -> Doubles:
    """float64 (classes, width + 1): the weighted sums of the features of each class, and of their weights."""
    one_hot = np.zeros((examples.num_classes, len(examples)), np.float32)
    one_hot[examples.labels, np.arange(len(examples))] = examples.weights
    sums = np.empty((examples.num_classes, examples.features.shape[1] + 1))
    sums[:, :-1] = one_hot @ examples.features
    sums[:, -1] = one_hot.sum(axis=1)
    return sums
