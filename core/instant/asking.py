"""Which image to ask a label for next, so that few labels make a good classifier; and what the others probably show.

Typical images first (`core.instant.typical`), then those that the model of the labels so far is least sure of: whose
two highest scores are closest (margin sampling, Scheffer et al. 2001; Settles, "Active learning literature survey",
2009). That order is for training only. One question in five is for validation, and comes in a random order: images that
were chosen for being typical, or hard, would give a score that is no estimate of anything.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.instant.model import PENALTY, Examples, fit

TYPICAL_PER_CLASS = 5
"""Training labels a class before the model's doubts decide."""
MOST_TYPICAL = 60
HELD_OUT_EVERY = 5
HELD_OUT_PLACE = 2  # the third question of five: two classes can have a training image by then

Floats = NDArray[np.float32]
Labels = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Suggestions:
    """What the model of the labels so far makes of the images without one, surest first.

    Attributes:
        rows: int64 (images,).
        labels: int64 (images,): the predicted class of each.
        margins: float32 (images,): by how much its score exceeds the next class', 0 and up, about 1 where it is sure.
    """

    rows: Labels
    labels: Labels
    margins: Floats


def next_to_ask(
    features: Floats,
    labels: Labels,
    held_out: Flags,
    typical: Sequence[int],
    *,
    skipped: Collection[int] = (),
    number: int = 1,
) -> list[int]:
    """So many rows without a label, or all there are; the first to ask for first.

    Args:
        features: float32 (rows, 1280), each of length 1.
        labels: int64 (rows,): 0..classes - 1; -1 without a label.
        held_out: bool (rows,): which are for validation. They are asked for in the order of rows, which therefore
            has to be a random one, as `core.datasets.labelling.labelling_of` gives it.
        typical: Rows, the most typical first (`core.instant.typical.typical_order`), for the first labels. Those that
            have a label or are held out are passed over; once it has no more, the order of rows counts.
        skipped: Rows that somebody did not want to label now: they come last.
        number: 1 or more.
    """
    later = np.zeros(len(labels), np.bool_)
    later[list(skipped)] = True
    order: list[int] = []
    for waits in (False, True):
        can_be_asked = (labels < 0) & (later == waits)
        wanted = number - len(order)
        if wanted > 0:
            train = _for_training(features, labels, held_out, can_be_asked & ~held_out, typical)[:wanted]
            by_chance = [int(row) for row in np.flatnonzero(can_be_asked & held_out)]
            order += _interleaved(train, by_chance, int((labels >= 0).sum()), wanted)
    return order


def suggestions(features: Floats, labels: Labels) -> Suggestions:
    """Of all rows without a label; of none before two classes have one. Arguments as `next_to_ask` takes them."""
    rows = np.flatnonzero(labels < 0)
    shown = np.unique(labels[labels >= 0])
    if len(shown) < 2 or not len(rows):
        nothing = np.empty(0, np.int64)
        return Suggestions(nothing, nothing, np.empty(0, np.float32))
    found = scores(features, labels, shown, rows)
    margins = _margins(found)
    order = np.argsort(-margins, kind="stable")
    return Suggestions(rows[order], shown[found.argmax(axis=1)][order], margins[order])


def _for_training(
    features: Floats, labels: Labels, held_out: Flags, open_rows: Flags, typical: Sequence[int]
) -> list[int]:
    """All `open_rows`, the first to ask for first."""
    rows = np.flatnonzero(open_rows)
    if not len(rows):
        return []
    labelled = (labels >= 0) & ~held_out
    shown = np.unique(labels[labelled])
    if len(shown) < 2 or labelled.sum() < min(TYPICAL_PER_CLASS * len(shown), MOST_TYPICAL):
        return list(dict.fromkeys([*(row for row in typical if open_rows[row]), *rows.tolist()]))
    margins = _margins(scores(features, np.where(labelled, labels, -1), shown, rows))
    return [int(row) for row in rows[np.argsort(margins, kind="stable")]]


def scores(features: Floats, labels: Labels, shown: Labels, rows: Labels) -> Floats:
    """float32 (rows, classes of `shown`), of a model of all that have a label."""
    known = np.flatnonzero(labels >= 0)
    examples = Examples(features[known], np.searchsorted(shown, labels[known]), np.arange(len(known)), len(shown))
    head = fit(examples, PENALTY)
    return np.asarray(features[rows] @ head.weights.T + head.offset, np.float32)


def _margins(scores: Floats) -> Floats:
    two = np.partition(scores, -2, axis=1)[:, -2:]
    return np.asarray(two[:, 1] - two[:, 0], np.float32)


def _interleaved(train: list[int], held_out: list[int], asked: int, number: int) -> list[int]:
    """Every fifth of all questions is one of `held_out`, as long as both have some."""
    train, held_out, order = train[::-1], held_out[::-1], list[int]()
    while len(order) < number and (train or held_out):
        is_fifth = (asked + len(order)) % HELD_OUT_EVERY == HELD_OUT_PLACE
        order.append((held_out if held_out and (is_fifth or not train) else train).pop())
    return order
