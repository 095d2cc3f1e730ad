"""None of these: whether an image is unlike every example, by its cosine distance to the nearest of them.

As `core.backbone.neighbours`, but to the nearest and not to the fifth: of two classes that were clicked twice there are
four images. The cut comes from the examples themselves: the distance of each burst to the examples of the others, since
its own are near copies, and of these distances the one of the conformal rank for `REJECTION`. It stays between two
limits. Before each class has two bursts it is the upper one.

The limits were chosen on photos of cats and dogs and on drawings, those by which `docs/collections.md` has the rates
(`benchmarks.instant`).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from core.backbone.neighbours import MAX_ROWS
from core.instant.model import Examples

REJECTION = 0.05
"""Of images of a known class, the share that may be called none of these."""
LEAST, MOST = 0.45, 0.6
"""The limits of the cut. Another photo of a known class is at 0.35 from the nearest of 100 looks at each, and 5% are
beyond 0.45; of drawn things, 1% are within 0.52 of 100 looks, 5% within 0.6 of one look."""
FRAMES = 5  # of a burst whose distances are computed: the others are near copies of these

Floats = NDArray[np.float32]


def reference(examples: Examples) -> Floats:
    """The features that images are compared with, float32 (images, 1280): at most `MAX_ROWS`, evenly drawn."""
    step = -(-len(examples) // MAX_ROWS) or 1
    return examples.features[::step]


def distance(features: Floats, feature: Floats) -> float:
    """The cosine distance of a feature, float32 (1280,), to the nearest of float32 (images, 1280), 0..1."""
    # One dot product a row, as `core.backbone.neighbours`: a product of matrices would start threads.
    return max(0.0, float(1 - np.vecdot(features, feature).max()))


def cut(examples: Examples, stop: Callable[[], None] = lambda: None) -> float:
    """The distance beyond which an image is none of the classes, 0..1.

    Args:
        examples: Of each class that has any, two bursts or more; else it is `MOST`.
        stop: Called now and then; what it raises ends the work.
    """
    looks = examples.looks
    if (looks[looks > 0] < 2).any():
        return MOST
    distances = np.sort(other_burst_distances(examples, stop))
    rank = int(np.ceil((len(distances) + 1) * (1 - REJECTION) - 1e-9))  # as `Neighbours.cut`
    return min(MOST, max(LEAST, float(distances[min(rank, len(distances)) - 1])))


def other_burst_distances(examples: Examples, stop: Callable[[], None] = lambda: None) -> Floats:
    """float32 (bursts,): the median distance of the images of each burst to the examples of all others.

    Args:
        examples: Of two bursts or more.
    """
    features, medians = reference(examples), []
    groups = examples.groups[:: -(-len(examples) // MAX_ROWS) or 1]
    for group in np.unique(groups):
        stop()
        own = np.flatnonzero(groups == group)
        similarities = features @ features[own[:: -(-len(own) // FRAMES)]].T  # (images, frames)
        similarities[own] = 0
        medians.append(np.median(1 - similarities.max(axis=0)))
    return np.array(medians, np.float32)
