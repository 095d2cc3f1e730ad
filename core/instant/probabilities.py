"""From scores to probabilities that do not promise more than the looks behind them can keep.

Softmax of the scores over a temperature (Guo et al., "On calibration of modern neural networks", ICML 2017), and at no
time above Laplace's rule of succession: of a class of which it has seen G bursts, all right, the next one is right with
(G + 1) / (G + 2). The class that was shown least decides, so a model of one look at each is at most 67% sure, of four
looks 83%.

The temperature is fitted to the scores of bursts that were left out, once each class has `ENOUGH` of them. Before, a
fixed one is better: on photos of cats and dogs the log loss with 2, 5, 20 and 100 looks at each is 0.23, 0.15, 0.14 and
0.10 with it, and 0.42, 0.19, 0.12 and 0.08 with a fitted one. The limit costs log loss where classes are as different
as these (0.39, 0.24, 0.15 and 0.08), and is there for those that are not (`benchmarks.instant`).
"""

import numpy as np
from numpy.typing import NDArray

TEMPERATURE = 0.07
"""While looks are few."""
ENOUGH = 20
"""Looks at each class from which on temperature and penalty are chosen by what was left out."""
TEMPERATURES = np.geomspace(0.02, 1, 40)

Floats = NDArray[np.floating]
Doubles = NDArray[np.float64]


def most_sure(looks: NDArray[np.int64]) -> float:
    """The highest probability that a model may give, 0..1.

    Args:
        looks: int64 (classes,), bursts of each class that has any.
    """
    fewest = int(looks.min())
    return (fewest + 1) / (fewest + 2)


def probabilities(scores: Floats, temperature: float, most: float) -> Doubles:
    """float64 (..., classes), each row sums to 1, and none is above `most`; the order is that of the scores.

    Args:
        scores: (..., classes), of two classes or more.
        temperature: Above 0.
        most: From `most_sure`, above 1 / classes.
    """
    logits = scores.astype(np.float64) / temperature
    shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    even = 1 / scores.shape[-1]
    top = shares.max(axis=-1, keepdims=True)
    keep = np.minimum(1, (most - even) / np.maximum(top - even, 1e-12))
    return np.asarray(even + keep * (shares - even), np.float64)


def fitted_temperature(scores: Doubles, labels: NDArray[np.int64], weights: Doubles, most: float) -> float:
    """The temperature at which held-out scores have the least log loss.

    Args:
        scores: float64 (images, classes).
        labels: int64 (images,).
        weights: float64 (images,), of the images in the loss.
        most: From `most_sure`.
    """
    rows = np.arange(len(labels))
    losses = [
        -float(weights @ np.log(np.maximum(probabilities(scores, temperature, most)[rows, labels], 1e-12)))
        for temperature in TEMPERATURES
    ]
    return float(TEMPERATURES[int(np.argmin(losses))])
