"""Temperature scaling: after training, all logits are divided by one number, T, so that the confidence of a prediction
matches how often such predictions are right (Guo et al., "On calibration of modern neural networks", ICML 2017, arXiv
1706.04599). T above 1 makes an overconfident model less sure. The order of the classes stays, so does the accuracy.

T is fitted on the validation images by their log loss, and divides kernel and bias of the last layer when a run is
saved: whoever opens the model has calibrated probabilities. Training itself, its curves and its losses know nothing of
it. Here probabilities stand for logits: their logarithms are logits but for a constant in each row, which softmax does
not see, and of two classes the log odds are the one logit of a sigmoid.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.runs.feature_plan import copies_of
from core.runs.settings import TrainingConfig

ENOUGH = 100
"""Validation images, without augmented copies, that T is fitted on at least."""
LOWEST, HIGHEST = 0.2, 5.0
HALVINGS = 45  # of the interval of 1 / T, which leave 1e-13
FLOOR = 2.0**-54  # of a probability: so little is left beside a float64 that rounds to 1
OUTPUT = ("output_kernel", "output_bias")  # of `core.training.head.head.Head.weights`


def fit_temperature(labels: NDArray[np.int64], probabilities: NDArray[np.floating]) -> float:
    """The T, `LOWEST` to `HIGHEST`, with the lowest log loss. 1 where every prediction is right: there the loss falls
    with T without end, and says nothing about how sure is too sure.

    The loss is convex in 1 / T, so its slope is halved in on.

    Args:
        labels: int64 (images,), the true classes.
        probabilities: (images, 1) of the second of two classes, or (images, classes), 0..1, at T = 1.
    """
    logits = _logits(probabilities)
    if (logits.argmax(axis=1) == labels).all():
        return 1.0
    logits -= logits[np.arange(len(labels)), labels][:, np.newaxis]  # of the true class: 0
    low, high = 1 / HIGHEST, 1 / LOWEST
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        slope = float((_softmax(logits * middle) * logits).sum())
        low, high = (middle, high) if slope < 0 else (low, middle)
    return 2 / (low + high)


def with_temperature(probabilities: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """Probabilities of the same shape, (images, 1) or (images, classes), as they are with the logits divided by
    `temperature`, above 0. That of `1 / temperature` takes it back."""
    table = _softmax(_logits(probabilities) / temperature)
    return table[:, 1:] if probabilities.shape[1] == 1 else table


def fold(weights: Mapping[str, NDArray[np.float32]], temperature: float) -> dict[str, NDArray[np.float32]]:
    """A head's weights with its logits divided by `temperature`."""
    return {name: values / np.float32(temperature) if name in OUTPUT else values for name, values in weights.items()}


def temperature_for(config: TrainingConfig, labels: NDArray[np.int64], probabilities: NDArray[np.floating]) -> float:
    """T of a run whose best epoch gave these on its validation rows, augmented copies included; 1 where its settings
    ask for none, or the images are too few."""
    own = slice(None, None, 1 + copies_of(config, "validation"))
    if not config.temperature_scaling or len(labels[own]) < ENOUGH:
        return 1.0
    return fit_temperature(labels[own], probabilities[own])


def temperature_of(summary: Mapping[str, Any]) -> float:
    """T of a run by its run.json; 1 for a run from before there was one."""
    return float(summary.get("temperature", 1))


def temperature_in_words(config: TrainingConfig, summary: Mapping[str, Any]) -> str:
    """What temperature scaling did to a run, in a sentence; "" where its settings ask for none."""
    images = sum(summary["counts"]["validation"].values())
    if not config.temperature_scaling or "temperature" not in summary:
        return ""
    if images < ENOUGH:
        return f"No temperature scaling: it takes {ENOUGH} validation images, and there are {images:,}."
    if (temperature := temperature_of(summary)) == 1:
        return "No temperature scaling: every validation image is classified correctly, so nothing says how sure to be."
    return f"Temperature scaling: all logits are divided by T = {temperature:.2f}, fitted on the validation images."


def _logits(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """(images, classes), of two classes for one column too."""
    table = probabilities.astype(np.float64)
    if table.shape[1] == 1:
        table = np.concatenate([1 - table, table], axis=1)
    logits: NDArray[np.float64] = np.log(np.maximum(table, FLOOR))
    return logits


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    table: NDArray[np.float64] = shifted / shifted.sum(axis=1, keepdims=True)
    return table
