"""The typical images of a set that has no labels: what to ask for first, while no model knows anything.

TypiClust (Hacohen, Dekel and Weinshall, "Active learning on a budget", ICML 2022, arXiv 2202.02794): k-means clusters
of the features, as many as there are to be labels; of each cluster the image whose nearest neighbours in it are
nearest, the largest clusters first, none in which a label stands already. In the paper few labels of that kind beat
both chance and the images that a model is least sure of; `benchmarks.label` has what they do here.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = 20
"""That a typical image is near to, as in the paper."""
LEAST = 5
"""Images of a cluster that is asked for, as in the paper: smaller ones are outliers. Unless all are smaller."""
ROUNDS = 30
"""Of k-means at most; most end sooner."""
_BLOCK = 1_000  # rows of a matrix of distances in memory at once

Floats = NDArray[np.float32]
Labels = NDArray[np.int64]


def most_typical(
    features: Floats,
    labelled: NDArray[np.bool_],
    number: int,
    seed: int = 0,
    stop: Callable[[], None] = lambda: None,
) -> list[int]:
    """So many rows without a label, or all there are; the typical one of the largest cluster first.

    Args:
        features: float32 (rows, features), each of length 1.
        labelled: bool (rows,): which have a label.
        number: 1 or more.
        seed: Of the clusters' start.
        stop: Called now and then; what it raises ends the work.
    """
    open_rows = np.flatnonzero(~labelled)
    if not len(open_rows):
        return []
    num_clusters = min(int(labelled.sum()) + number, len(features))
    clusters = k_means(features, num_clusters, seed, stop)
    sizes = np.bincount(clusters, minlength=num_clusters)
    covered = np.bincount(clusters[labelled], minlength=num_clusters)
    can_give = np.bincount(clusters[open_rows], minlength=num_clusters) > 0
    order = np.lexsort((-sizes, sizes < LEAST, covered))  # fewest labels, then no outliers, then the largest
    chosen = []
    for cluster in order[can_give[order]][:number]:
        stop()
        members = np.flatnonzero(clusters == cluster)
        density = _density(features[members])
        density[labelled[members]] = -np.inf
        chosen.append(int(members[density.argmax()]))
    if len(chosen) < min(number, len(open_rows)):  # some clusters gave none: equal images, or all have labels
        labelled = labelled.copy()
        labelled[chosen] = True
        chosen += most_typical(features, labelled, number - len(chosen), seed, stop)
    return chosen


def k_means(features: Floats, number: int, seed: int, stop: Callable[[], None] = lambda: None) -> Labels:
    """int64 (rows,): the cluster of each row, 0..number - 1, none of them empty where so many rows differ.

    Lloyd's algorithm from a start that is spread as greedy k-means++ (Arthur and Vassilvitskii, 2007).
    """
    centres = _spread(features, number, np.random.default_rng(seed))
    clusters = np.full(len(features), -1, np.int64)
    for _ in range(ROUNDS):
        stop()
        closeness = features @ centres.T - 0.5 * (centres**2).sum(axis=1)
        nearest = closeness.argmax(axis=1)
        if np.array_equal(nearest, clusters):
            break
        clusters = nearest
        counts = np.bincount(clusters, minlength=number)
        sums = (clusters == np.arange(number)[:, np.newaxis]).astype(np.float32) @ features
        kept = counts > 0
        centres[kept] = sums[kept] / counts[kept, np.newaxis]
        alone = closeness[np.arange(len(features)), clusters].argsort()  # the worst placed rows first
        empty = np.flatnonzero(~kept)
        centres[empty] = features[alone[: len(empty)]]
    return clusters


def _spread(features: Floats, number: int, rng: np.random.Generator) -> Floats:
    """Rows far from each other. Each is the best of a few that are drawn in proportion to their squared distance to
    those before: the one that leaves all rows nearest."""
    squares = (features**2).sum(axis=1)

    def distances(rows: NDArray[np.intp]) -> Floats:
        apart = squares + squares[rows, np.newaxis] - 2 * features[rows] @ features.T
        return np.asarray(np.maximum(apart, 0), np.float32)

    tries = 2 + int(np.log(number))
    chosen = [int(rng.integers(len(features)))]
    nearest = distances(np.array(chosen))[0]
    while len(chosen) < number:
        total = nearest.sum(dtype=np.float64)
        weights = nearest / total if total > 0 else np.full(len(features), 1 / len(features))
        drawn = np.searchsorted(np.cumsum(weights), rng.random(tries)).clip(max=len(features) - 1)
        left = np.minimum(nearest, distances(drawn))
        best = int(left.sum(axis=1).argmin())
        chosen.append(int(drawn[best]))
        nearest = left[best]
    return features[chosen].copy()


def _density(members: Floats) -> NDArray[np.float64]:
    """float64 (rows,): the closer the nearest others, the more; 0 for all where there are no others."""
    if len(members) < 2:
        return np.zeros(len(members))
    near = min(NEIGHBOURS, len(members) - 1)
    density = np.empty(len(members))
    for start in range(0, len(members), _BLOCK):
        block = members[start : start + _BLOCK]
        squares = np.maximum(2 - 2 * block @ members.T, 0)
        squares[np.arange(len(block)), start + np.arange(len(block))] = np.inf  # not itself
        nearest = np.partition(squares, near - 1, axis=1)[:, :near]
        density[start : start + len(block)] = -np.sqrt(nearest).mean(axis=1)
    return density
