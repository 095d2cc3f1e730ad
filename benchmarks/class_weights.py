"""What `class_weight="balanced"` does on imbalanced data: a part of `benchmarks.advise`.

Of photos of cats and dogs one class is thinned to a fifth and to a tenth, the other class in every second draw; of ten
drawn shapes each class to another size, from all to a tenth, in an order drawn by seed. Heads of the training images
are scored on all validation images. Accuracy and macro F1 are those of validation images with the classes in the shares
of the training images, as a user's own have: the confusion matrix's rows are weighed. Intervals hold the choice of
training and of validation images: both are drawn anew, 1,000 times (A. Owen, "The pigeonhole bootstrap", Annals of
Applied Statistics 1, 2007).

The rule, written before the first look: class weights earn a setting of training if on every set the interval of macro
F1's change lies above 0, and accuracy falls by less than macro F1 rises.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.advice.class_weights import balanced
from core.advice.head import Labels, fit
from core.advice.material import Material
from core.evaluation.confusion import macro_f1

RESAMPLES = 1_000
Thinned = Callable[[Labels, np.random.Generator, int], Labels]
"""From the classes of all training images to the rows that are kept, int64, of a draw."""


def one_thinned(share: float) -> Thinned:
    def thin(labels: Labels, random: np.random.Generator, draw: int) -> Labels:
        return _kept(labels, random, np.where(np.arange(labels.max() + 1) == draw % 2, share, 1.0))

    return thin


def all_thinned(labels: Labels, random: np.random.Generator, draw: int) -> Labels:
    return _kept(labels, random, random.permutation(np.geomspace(0.1, 1, int(labels.max()) + 1)))


SETS: dict[str, dict[str, Thinned]] = {
    "cats and dogs": {"1:5": one_thinned(0.2), "1:10": one_thinned(0.1)},
    "drawn shapes": {"1:1 to 1:10": all_thinned},
}


def class_weights(train: Material, held: Material, thin: Thinned, draws: int) -> dict[str, Any]:
    """Scores of heads without and with class weights, and the change of each."""
    num_classes = len(train.classes)
    counts, predicted = [], []
    for draw in range(draws):
        rows = thin(train.labels, np.random.default_rng([draw, 5]), draw)
        labels = train.labels[rows]
        counts.append(np.bincount(labels, minlength=num_classes))
        heads = [
            fit(train.rows[rows], labels, num_classes, weights=weights)
            for weights in (None, balanced(labels, num_classes))
        ]
        predicted.append([head.predict(held.rows) for head in heads])
    answers, shares = np.array(predicted), np.array(counts)  # (draws, 2, images), (draws, classes)
    whole = _scores(answers, held.labels, shares)
    random = np.random.default_rng(0)
    members = [np.flatnonzero(held.labels == label) for label in range(num_classes)]
    resampled = []
    for _ in range(RESAMPLES):
        some = random.integers(0, draws, draws)
        images = np.concatenate([random.choice(own, len(own)) for own in members])
        resampled.append(_scores(answers[some][:, :, images], held.labels[images], shares[some]))
    low, high = np.quantile(np.diff(np.array(resampled), axis=1)[:, 0], (0.025, 0.975), axis=0)
    return {
        name: {
            "without": _rounded(whole[0, place]),
            "with": _rounded(whole[1, place]),
            "change": _rounded(whole[1, place] - whole[0, place]),
            "low": _rounded(low[place]),
            "high": _rounded(high[place]),
        }
        for place, name in enumerate(("accuracy", "macro F1", "mean recall", "smallest class's recall", "largest's"))
    }


def earns(results: dict[str, dict[str, Any]]) -> bool:
    """The rule, on the results of all sets."""
    return all(
        each["macro F1"]["low"] > 0 and -each["accuracy"]["change"] < each["macro F1"]["change"]
        for each in results.values()
    )


def _scores(answers: Labels, labels: Labels, counts: Labels) -> NDArray[np.float64]:
    """(2, scores): without and with weights, means over the draws."""
    num_classes = counts.shape[1]
    total = np.zeros((2, 5))
    for draw, pair in enumerate(answers):
        share = counts[draw] / counts[draw].sum()
        smallest, largest = int(counts[draw].argmin()), int(counts[draw].argmax())
        for place, predictions in enumerate(pair):
            cells = np.bincount(labels * num_classes + predictions, minlength=num_classes**2)
            table = cells.reshape(num_classes, num_classes) / np.bincount(labels, minlength=num_classes)[:, None]
            recall = np.diag(table)
            weighed = table * share[:, None]  # shares, as good as counts
            total[place] += [recall @ share, macro_f1(weighed), recall.mean(), recall[smallest], recall[largest]]
    return total / len(answers)


def _kept(labels: Labels, random: np.random.Generator, shares: NDArray[np.float64]) -> Labels:
    kept = []
    for label, share in enumerate(shares):
        own = np.flatnonzero(labels == label)
        kept.append(random.permutation(own)[: round(share * len(own))])
    return np.sort(np.concatenate(kept))


def _rounded(value: float) -> float:
    return round(float(value), 4)
