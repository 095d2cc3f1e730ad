"""A classifier in closed form: ridge regression on one-hot targets, each class with the same weight.

Rifkin, Yeo and Poggio, "Regularized least-squares classification" (2003). With rows x of weight w (all weights of one
class sum to the same, all together to 1) it minimises the weighted squared error of x W + b, plus the penalty times
the squared weights W; the offset b is free. There are as many unknowns as images or as features, whichever are fewer:
the dual form is solved for few images, the primal one for many.

How well it predicts a group of images that it has not seen follows without another fit. Without the group the weights
of its class are shared by fewer images, which scales the class and takes the group away. With rows t, in which the
inverse of the normal equations is 1, K = t_g (1 + d t_c' t_c)^-1 t_g' and p the group's scores after the scaling by
d alone, its held-out scores are (1 - w K)^-1 p: the leave-one-out formula of linear smoothers in blocks (Cook and
Weisberg, "Residuals and influence in regression", 1982). Groups are bursts: the frames of one burst are near copies,
and predicting one from its neighbours says nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

PENALTIES = (0.003, 0.02, 0.1, 0.5)
"""That are compared. Features have length 1 and all weights sum to 1, so they stand beside a variance of at most 1."""
MOST_ROUNDS = 5  # of models that groups are left out of
PENALTY = 0.1
"""While looks are few: within a point of the best for any number of them up to 20 (`benchmarks.instant`)."""

Labels = NDArray[np.int64]
Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Examples:
    """Images that a model is fitted to.

    Attributes:
        features: float32 (images, 1280), each of length 1.
        labels: int64 (images,), 0..num_classes - 1.
        groups: int64 (images,); images with the same number are of one burst, which may show several classes.
        num_classes: Of which some may have no image yet.
        ids: int64 (images,), ascending; the same number is always the same feature. `core.instant.update` needs them.
    """

    features: Floats
    labels: Labels
    groups: Labels
    num_classes: int
    ids: Labels = field(default_factory=lambda: np.empty(0, np.int64))

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def looks(self) -> Labels:
        """int64 (num_classes,): the number of bursts of each class."""
        pairs = np.unique(np.stack([self.labels, self.groups]), axis=1)
        return np.bincount(pairs[0], minlength=self.num_classes)

    @property
    def weights(self) -> Doubles:
        """float64 (images,): those of one class sum to the same, all together to 1."""
        counts = np.bincount(self.labels, minlength=self.num_classes)
        return np.asarray(1 / (np.count_nonzero(counts) * counts[self.labels]), np.float64)

    def part(self, rows: NDArray[np.bool_]) -> "Examples":
        """Those that are True in `rows`, bool (images,)."""
        ids = self.ids[rows] if len(self.ids) else self.ids
        return Examples(self.features[rows], self.labels[rows], self.groups[rows], self.num_classes, ids)


@dataclass(frozen=True)
class Head:
    """Scores are `features @ weights.T + offset`: near 1 for the class of an image, near 0 for the others.

    Attributes:
        weights: float32 (classes, 1280).
        offset: float32 (classes,).
    """

    weights: Floats
    offset: Floats

    def scores(self, feature: Floats) -> Floats:
        """float32 (classes,), of one feature, float32 (1280,)."""
        # One dot product a class: a product of matrices would start threads (`core.backbone.neighbours`).
        scores: Floats = np.vecdot(self.weights, feature) + self.offset
        return scores


class Centred:
    """Examples as least squares takes them: rows and targets less their weighted means, times the root of the weight.

    Attributes:
        rows: float32 (images, 1280).
        targets: float32 (images, classes).
        roots: float32 (images,): of the weights.
    """

    def __init__(self, examples: Examples) -> None:
        weights = examples.weights
        one_hot = np.eye(examples.num_classes, dtype=np.float64)[examples.labels]
        self.roots = np.sqrt(weights).astype(np.float32)
        self.mean = (weights.astype(np.float32) @ examples.features).astype(np.float32)
        self.mean_target = weights @ one_hot
        self.rows = (examples.features - self.mean) * self.roots[:, np.newaxis]
        self.targets = ((one_hot - self.mean_target) * self.roots[:, np.newaxis]).astype(np.float32)

    def head(self, weights: NDArray[np.floating]) -> Head:
        """The head of weights (1280, classes) for centred features."""
        turned = np.ascontiguousarray(weights.T, np.float32)
        return Head(turned, np.asarray(self.mean_target - turned @ self.mean, np.float32))


def fit(examples: Examples, penalty: float) -> Head:
    """The model of all examples.

    Args:
        examples: One or more.
        penalty: Of the squared weights, above 0.
    """
    centred = Centred(examples)
    rows, targets, ridge = centred.rows, centred.targets, np.float32(penalty)
    if len(rows) <= rows.shape[1]:
        inner = rows @ rows.T
        inner[np.diag_indices_from(inner)] += ridge
        return centred.head(rows.T @ np.linalg.solve(inner, targets))
    outer = rows.T @ rows
    outer[np.diag_indices_from(outer)] += ridge
    return centred.head(np.linalg.solve(outer, rows.T @ targets))


def held_out_scores(examples: Examples, penalty: float, stop: Callable[[], None] = lambda: None) -> Doubles:
    """float64 (images, classes): of each image by a model that has seen nothing of its group. Of each class as many
    groups are left out at once, since a class that lacks one alone would be at a disadvantage: of cats and dogs with
    two looks each, leaving out one of the four gave an accuracy of 54%, one of each 79%, and new photos 88%.

    Args:
        examples: Two or more groups of each class that has any.
        stop: Called between models; what it raises ends the work.
    """
    rounds = deal_rounds(examples)
    scores = np.zeros((len(examples), examples.num_classes))
    for number in np.unique(rounds):
        stop()
        own = rounds == number
        head = fit(examples.part(~own), penalty)
        scores[own] = examples.features[own] @ head.weights.T + head.offset
    return scores


def deal_rounds(examples: Examples) -> Labels:
    """int64 (images,): in which round each image is left out. A group is in one round, and each class is spread over
    all rounds as evenly as its groups allow."""
    rounds = min(MOST_ROUNDS, int(examples.looks[examples.looks > 0].min()))
    groups, first, places = np.unique(examples.groups, return_index=True, return_inverse=True)
    of_class = examples.labels[first]  # of a group that shows several classes, one of them
    dealt = np.empty(len(groups), np.int64)
    for label in np.unique(of_class):
        members = np.flatnonzero(of_class == label)
        dealt[members] = np.arange(len(members)) % rounds
    return np.asarray(dealt[places], np.int64)


class LeaveOneGroupOut:
    """What models would predict of each group that they have not seen, for any penalty, from one decomposition.

    Args:
        examples: One or more.
    """

    def __init__(self, examples: Examples) -> None:
        self._centred = centred = Centred(examples)
        self._examples = examples
        rows = centred.rows.astype(np.float64)
        if len(rows) <= rows.shape[1]:
            squares, self._left = np.linalg.eigh(rows @ rows.T)
        else:
            squares, right = np.linalg.eigh(rows.T @ rows)
            self._left = rows @ right / np.sqrt(np.maximum(squares, 1e-12 * squares[-1]))
        self._squares = np.maximum(squares, 0)

    def scores(self, penalty: float) -> Doubles:
        """float64 (images, classes): of each image by a model of the other groups with that penalty.

        Raises:
            ValueError: Without one of the groups a class would be gone.
        """
        examples, roots = self._examples, self._centred.roots.astype(np.float64)
        shrink = np.sqrt(self._squares / (self._squares + penalty))
        rows = np.column_stack([self._left * shrink / roots[:, np.newaxis], np.ones(len(examples))])
        shown = np.unique(examples.labels)
        sums = np.stack([rows[examples.labels == label].mean(axis=0) for label in shown]) / len(shown)
        scores = np.zeros((len(examples), examples.num_classes))
        for place, label in enumerate(shown):
            members = np.flatnonzero(examples.labels == label)
            scores[np.ix_(members, shown)] = self._of_class(rows[members], sums, place, examples.groups[members])
        for group in self._mixed():
            own = examples.groups == group
            head = fit(examples.part(~own), penalty)
            scores[own] = examples.features[own] @ head.weights.T + head.offset
        return scores

    @staticmethod
    def _of_class(rows: Doubles, sums: Doubles, place: int, groups: Labels) -> Doubles:
        """The held-out scores of the images of one class.

        Args:
            rows: float64 (images, width), in which the inverse of the normal equations is 1.
            sums: float64 (classes, width): the weighted sums of all rows of each class.
            place: Of the class in these.
            groups: int64 (images,).
        """
        number, num_classes = len(rows), len(sums)
        inner = rows @ rows.T
        squares, vectors = np.linalg.eigh(inner)
        squares, along = np.maximum(squares, 0), rows @ sums.T
        scores = np.empty_like(along)
        for group in np.unique(groups):
            own = np.flatnonzero(groups == group)
            left = number - len(own)
            if not left:
                raise ValueError("received a class with one group; expected two or more")
            weight = 1 / (num_classes * left)
            scale = weight - 1 / (num_classes * number)
            along[:, place] = (inner.sum(axis=1) - inner[:, own].sum(axis=1)) * weight
            part = vectors[own]
            scaled = along[own] - (part * (scale * squares / (1 + scale * squares))) @ (vectors.T @ along)
            kernel = (part * (squares / (1 + scale * squares))) @ part.T
            scores[own] = np.linalg.solve(np.eye(len(own)) - weight * kernel, scaled)
        return scores

    def _mixed(self) -> Labels:
        """Groups with images of several classes."""
        pairs = np.unique(np.stack([self._examples.groups, self._examples.labels]), axis=1)
        groups, counts = np.unique(pairs[0], return_counts=True)
        return groups[counts > 1]

    def best_penalty(self, stop: Callable[[], None] = lambda: None) -> float:
        """That of `PENALTIES` whose models predict the targets of left-out groups with the least squared error, all
        classes alike."""
        one_hot, weights = np.eye(self._examples.num_classes)[self._examples.labels], self._examples.weights
        losses = []
        for penalty in PENALTIES:
            stop()
            losses.append(float(weights @ ((self.scores(penalty) - one_hot) ** 2).sum(axis=1)))
        return PENALTIES[int(np.argmin(losses))]
