"""How often the model of the labels so far is right, on images that nobody has chosen.

Questions for training go to typical and to doubtful images, and batches are confirmed surest first: a score on either
would be an estimate of nothing. Held-out images are asked for in a random order. Those of them that come before the
first one without a label are a random sample, however each got its label, and the model is fitted to training images
alone: so the share that it gets right is an estimate for the images that have no label yet, with Wilson's interval.
"""

from collections.abc import Collection

import numpy as np

from core.instant.asking import HELD_OUT_EVERY, Flags, Floats, Labels, scores
from core.instant.score import BurstScore, burst_score, unknown

NEEDED = 5
"""Images of the sample: with fewer the interval spans nearly everything."""


def asked_score(features: Floats, labels: Labels, held_out: Flags, skipped: Collection[int] = ()) -> BurstScore:
    """The score, each image a burst of its own, or why there is none. Arguments as `next_to_ask` takes them."""
    shown = np.unique(labels[(labels >= 0) & ~held_out])
    if len(shown) < 2:
        return unknown("It takes two classes with images to learn from.")
    waits = (labels < 0) & held_out
    waits[list(skipped)] = False
    end = int(np.argmax(waits)) if waits.any() else len(labels)
    rows = np.flatnonzero(held_out[:end] & (labels[:end] >= 0))
    if len(rows) < NEEDED:
        missing = NEEDED - len(rows)
        return unknown(f"It comes after about {missing * HELD_OUT_EVERY} more labels: one in five checks the model.")
    predicted = shown[scores(features, np.where(held_out, -1, labels), shown, rows).argmax(axis=1)]
    return burst_score(predicted == labels[rows], np.arange(len(rows)))
