"""The typical images of a set that has no labels: what to ask for first, while no model knows anything.

Each next one is the image that brings all images nearest to one of those before it: the sum of each image's cosine
similarity to the nearest of them grows most (facility location, chosen greedily, which comes within 1 - 1/e of the
best choice of so many; Wei, Iyer and Bilmes, "Submodularity in data subset selection and active learning", ICML 2015).
So the first is the most central one, the next stands for the largest group that is unlike it, and an outlier, which
stands for itself alone, comes late. `benchmarks.label` has what this gains; the clusters of TypiClust (Hacohen, Dekel
and Weinshall, ICML 2022, arXiv 2202.02794) gain less on the same images, and have to be found anew for each question.
"""

import numpy as np
from numpy.typing import NDArray

from core.jobs.parallel import one_core_for_blas
from core.jobs.progress import Progress, silent

PHASE = "typical"
MOST = 100
"""Images in the order: enough for five of each of twenty classes."""
MOST_COMPARED = 2_000
"""Of more images evenly drawn ones stand for all: the memory for their similarities, 16 MB, grows with the square."""

Floats = NDArray[np.float32]


def typical_order(features: Floats, number: int = MOST, progress: Progress = silent) -> list[int]:
    """The `number` most typical rows, or all there are; the first to ask for first.

    Args:
        features: float32 (rows, features), each of length 1. Of more than `MOST_COMPARED`, the order of rows has to be
            a random one.
        progress: Told of the phase "typical", in images. What it raises stops the work.
    """
    rows = np.arange(0, len(features), -(-len(features) // MOST_COMPARED) or 1)
    number, order = min(number, len(rows)), list[int]()
    with one_core_for_blas():
        similarities = features[rows] @ features[rows].T
    nearest = np.zeros(len(rows), np.float32)  # similarity of each to the nearest one in the order
    while len(order) < number:
        progress(PHASE, len(order), number)
        gains = np.maximum(similarities - nearest, 0).sum(axis=1)
        gains[order] = -1
        order.append(int(gains.argmax()))
        nearest = np.maximum(nearest, similarities[order[-1]])
    return [int(row) for row in rows[order]]
