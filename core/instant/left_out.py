"""How well the model of `core.instant.model` predicts groups that it has not seen, and with which penalty best.

Groups are bursts of images: the frames of one are near copies, and predicting one from its neighbours says nothing.

What is predicted of each group follows without another fit. Without the group the weights of its class are shared by
fewer images, which scales the class and takes the group away. With rows t, in which the inverse of the normal
equations is 1, K = t_g (1 + d t_c' t_c)^-1 t_g' and p the group's scores after the scaling by d alone, its held-out
scores are (1 - w K)^-1 p: the leave-one-out formula of linear smoothers in blocks (Cook and Weisberg, "Residuals and
influence in regression", 1982).
"""

from collections.abc import Callable

import numpy as np

from core.instant.model import Centred, Doubles, Examples, Flags, Labels, fit

PENALTIES = (0.003, 0.02, 0.1, 0.5)
"""That are compared."""
MOST_ROUNDS = 5  # of models that groups are left out of
MOST_COMPARED = 640
"""Images that penalties are compared by: the time grows with the cube of their number, the memory with its square."""


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
        scores[own] = _scores_without(examples, own, penalty)
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
        rows = centred.part(slice(None))[0].astype(np.float64)
        squares, self._left = np.linalg.eigh(rows @ rows.T)
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
            scores[own] = _scores_without(examples, own, penalty)
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


def best_penalty(examples: Examples, stop: Callable[[], None] = lambda: None) -> float:
    """That of `PENALTIES` whose models predict the targets of left-out groups with the least squared error, all classes
    alike. Of many images some decide.

    Args:
        examples: Two or more groups of each class.
        stop: Called now and then; what it raises ends the work.
    """
    examples = examples.part(_some_of_each_class(examples))
    one_hot, weights = np.eye(examples.num_classes)[examples.labels], examples.weights
    left_out = LeaveOneGroupOut(examples)
    losses = []
    for penalty in PENALTIES:
        stop()
        losses.append(float(weights @ ((left_out.scores(penalty) - one_hot) ** 2).sum(axis=1)))
    return PENALTIES[int(np.argmin(losses))]


def _some_of_each_class(examples: Examples) -> Flags:
    """bool (images,): at most `MOST_COMPARED`, from as many groups of each class as can be."""
    chosen = np.zeros(len(examples), np.bool_)
    most = max(2, MOST_COMPARED // examples.num_classes)
    for label in np.unique(examples.labels):
        members = np.flatnonzero(examples.labels == label)
        members = members[np.argsort(examples.groups[members], kind="stable")]
        chosen[members[np.linspace(0, len(members) - 1, min(most, len(members))).round().astype(np.int64)]] = True
    return chosen


def _scores_without(examples: Examples, own: Flags, penalty: float) -> Doubles:
    """float64 (own images, classes), by a model of the others."""
    head = fit(examples, penalty, ~own)
    return np.asarray(examples.features[own] @ head.weights.T + head.offset, np.float64)
