"""None of these: whether an image is unlike every example, by its cosine distance to the nearest of them.

The distance is that of `core.backbone.neighbours`. Its cut comes from the examples themselves: the distance of each to
the examples of other bursts, since those of its own are near copies. While bursts are few these distances say little
about the next one, so the cut is never below a floor, which falls as bursts are added.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from core.backbone.neighbours import DIGEST_BYTES, MAX_ROWS, K, Neighbours
from core.instant.model import Examples

REJECTION = 0.05
"""Of images of a known class, the share that may be called none of these."""
FLOOR = 0.45

Floats = NDArray[np.float32]


def reference(examples: Examples) -> Neighbours:
    """The examples as a reference set: at most `MAX_ROWS` of them, the newest of a burst as likely as the oldest."""
    step = -(-len(examples) // MAX_ROWS) or 1
    features, labels = examples.features[::step], examples.labels[::step]  # views: no image is held twice
    nothing, digests = np.empty(0, np.float32), np.zeros((len(labels), DIGEST_BYTES), np.uint8)
    return Neighbours(features, labels, digests, nothing, nothing)


def cut(examples: Examples, stop: Callable[[], None] = lambda: None) -> float:
    """The distance beyond which an image is none of the classes, 0..1.

    Args:
        examples: One or more.
        stop: Called now and then; what it raises ends the work.
    """
    distances = other_burst_distances(examples, stop)
    bursts = len(distances)
    if not bursts:
        return FLOOR
    rank = int(np.ceil((bursts + 1) * (1 - REJECTION) - 1e-9))
    return max(FLOOR, float(np.sort(distances)[min(rank, bursts) - 1]))


def other_burst_distances(examples: Examples, stop: Callable[[], None] = lambda: None) -> Floats:
    """float32 (bursts,): the median distance of the images of each burst to the examples of all others; none where
    there is one burst."""
    groups = np.unique(examples.groups)
    if len(groups) < 2:
        return np.empty(0, np.float32)
    medians = []
    for group in groups:
        stop()
        own = np.flatnonzero(examples.groups == group)
        others = examples.features[examples.groups != group]
        place = max(0, len(others) - K)
        of_burst = [
            1 - np.partition(np.vecdot(others, examples.features[row]), place)[place]
            for row in own[:: 1 + len(own) // 8]
        ]
        medians.append(np.median(of_burst))
    return np.array(medians, np.float32)
