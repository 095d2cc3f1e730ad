"""The ROC and precision-recall curves that a chart shows, whatever the number of classes: lines that can be told apart.

Two classes need one curve. Up to `MOST` classes have a curve each. Of more, a few that somebody chose, at first those
with the lowest F1, are drawn beside averages over all of them.
"""

from collections.abc import Sequence

from core.evaluation.confusion import f1_scores
from core.evaluation.curves import Curve, macro_average_roc, micro_average, precision_recall, roc, thinned
from core.evaluation.predictions import Predictions

MOST = 6
CHOSEN = 3
"""Classes that are drawn at first where there are more than `MOST`."""
MICRO, MACRO = "micro average", "macro average"


def classes_to_draw(predictions: Predictions) -> tuple[int, ...]:
    """The classes to draw at first: the second of two, all up to `MOST`, else those with the lowest F1."""
    number = len(predictions.classes)
    if number == 2:
        return (1,)
    if number <= MOST:
        return tuple(range(number))
    f1 = f1_scores(predictions.matrix())
    there = [at for at in range(number) if (predictions.labels == at).any()]
    return tuple(sorted(sorted(there, key=lambda at: (f1[at], at))[:CHOSEN]))


def roc_curves(predictions: Predictions, shown: Sequence[int]) -> dict[str, Curve]:
    """The curves of the classes in `shown` by name, after the averages over all classes where there are more than
    two."""
    sides = [(predictions.labels == at, predictions.probabilities[:, at]) for at in range(len(predictions.classes))]
    curves = {}
    if len(sides) > 2:
        curves[MACRO] = thinned(macro_average_roc(roc(*side) for side in sides))
        curves[MICRO] = thinned(micro_average(roc, predictions.labels, predictions.probabilities))
    return curves | {predictions.classes[at]: thinned(roc(*sides[at])) for at in shown}


def precision_recall_curves(predictions: Predictions, shown: Sequence[int]) -> dict[str, Curve]:
    """The same of precision and recall, whose macro average is a number and no curve."""
    curves = {}
    if len(predictions.classes) > 2:
        curves[MICRO] = thinned(micro_average(precision_recall, predictions.labels, predictions.probabilities))
    table = predictions.probabilities
    return curves | {
        predictions.classes[at]: thinned(precision_recall(predictions.labels == at, table[:, at])) for at in shown
    }
