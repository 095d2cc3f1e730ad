"""Features without a base: a class is a direction, a burst a place near it, its frames near copies."""

import numpy as np
from numpy.typing import NDArray

from core.backbone.architecture import FEATURES
from core.backbone.neighbours import unit
from core.instant.model import Examples


def feature(label: int, burst: int, frame: int = 0, spread: float = 1.0, size: int = FEATURES) -> NDArray[np.float32]:
    """float32 (size,), of length 1, always the same."""
    parts = [
        np.random.default_rng([scale, *place]).gamma(0.3, size=size) * weight
        for scale, (place, weight) in enumerate(
            (((), 1.0), ((label,), 1.0), ((label, burst), spread), ((label, burst, frame), 0.1)), start=1
        )
    ]
    return np.asarray(unit(np.sum(parts, axis=0)[np.newaxis].astype(np.float32))[0], np.float32)


def examples(num_classes: int, bursts: int, frames: int, spread: float = 1.0, size: int = FEATURES) -> Examples:
    """So many bursts of each class, of so many frames."""
    rows = [
        (label, label * bursts + burst, feature(label, burst, frame, spread, size))
        for burst in range(bursts)
        for frame in range(frames)
        for label in range(num_classes)
    ]
    labels, groups, features = zip(*rows, strict=True)
    numbers = np.array(labels, np.int64), np.array(groups, np.int64)
    return Examples(np.stack(features), *numbers, num_classes, np.arange(len(labels)))
