"""The head that learns: Dense (ReLU, L2) -> BatchNormalization -> Dropout -> Dense (sigmoid or softmax), with Adam.

The maths is Keras' own, step for step (a test trains Keras' layers beside it). It is written out here because the
hidden kernel is everything: at 160 pixels Flatten gives 32,000 inputs, so kernel and Adam's two moments are 65 MB each,
and a framework that makes a pass over memory for each operation spends its time waiting. Here one sweep over the kernel
does gradient, L2, Adam and the **next** batch's forward product (`core.training.head.fused_step`), and zeros cost
nothing. benchmarks/head.py has the figures. TensorFlow is not needed, nor imported.

Sources: Kingma and Ba 2015 (Adam), Ioffe and Szegedy 2015 (BatchNormalization), Glorot and Bengio 2010 (the initial
kernels); epsilon and momentum values are the defaults of Keras' classes.
"""

import itertools
import math
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from core.training.head.adam import BETA_1, BETA_2, adam, scaled
from core.training.head.fused_step import Columns, Floats, aligned, from_panels, product, sweep, to_panels

NORM_MOMENTUM, NORM_EPSILON = 0.99, 1e-3
PROBABILITY_EPSILON = 1e-7  # Keras' backend clips probabilities to this before the logarithm

TRAINED = ("hidden_kernel", "hidden_bias", "gamma", "beta", "output_kernel", "output_bias")
MOVING = ("moving_mean", "moving_variance")

Real = TypeVar("Real", np.float32, np.float64)


@dataclass(frozen=True)
class Batch:
    """What one step did: the mean cross-entropy, the L2 penalty before the step, and how many predictions were
    right."""

    crossentropy: float
    penalty: float
    correct: int
    size: int


class Head:
    """Trainable head on feature vectors.

    Args:
        inputs: Length of a feature vector.
        classes: Number of classes; 2 gives one sigmoid output, more give a softmax.
        units, l2, dropout: As in `TrainingConfig`.
        seed: Of the initial kernels; dropout draws from the generator that each step is given.

    `arrays` holds every number of the head and of Adam, float32: the six arrays of `TRAINED`, the two of `MOVING`, and
    for each trained name `name.m` and `name.v`. The hidden kernel and its moments lie in panels, (panels, inputs, 64).
    `steps` counts updates. Together they are the whole state.
    """

    def __init__(self, inputs: int, classes: int, units: int, l2: float, dropout: float, seed: int) -> None:
        self.outputs = 1 if classes == 2 else classes
        self.units, self.l2, self.dropout, self.steps = units, l2, dropout, 0
        generator = np.random.default_rng([seed, 1])
        a: dict[str, Floats] = {
            "hidden_kernel": to_panels(_glorot(generator, inputs, units)),
            "hidden_bias": np.zeros(units, np.float32),
            "gamma": np.ones(units, np.float32),
            "beta": np.zeros(units, np.float32),
            "output_kernel": _glorot(generator, units, self.outputs),
            "output_bias": np.zeros(self.outputs, np.float32),
            "moving_mean": np.zeros(units, np.float32),
            "moving_variance": np.ones(units, np.float32),
        }
        for name in TRAINED:
            for moment in ("m", "v"):
                a[f"{name}.{moment}"] = np.zeros_like(a[name])
        for moment in ("m", "v"):
            a[f"hidden_kernel.{moment}"] = aligned(*a["hidden_kernel"].shape)
        self.arrays = a
        panels, cores = len(a["hidden_kernel"]), os.cpu_count() or 1
        ends = [panels * core // cores for core in range(cores + 1)]
        self._shares = [range(*share) for share in itertools.pairwise(ends)]
        self._threads = ThreadPoolExecutor(cores, "head")

    def weights(self) -> dict[str, Floats]:
        """Copies of the arrays that a saved model needs, without Adam's; the kernel is (inputs, units)."""
        weights = {name: self.arrays[name].copy() for name in (*TRAINED, *MOVING) if name != "hidden_kernel"}
        return {"hidden_kernel": from_panels(self.arrays["hidden_kernel"], self.units), **weights}

    def restore(self, arrays: Mapping[str, Floats], steps: int) -> None:
        """Takes over what `arrays` and `steps` were, in place: the kernel stays on its cache lines."""
        for name, values in self.arrays.items():
            values[...] = arrays[name]
        self.steps = steps

    def product(self, features: Columns) -> tuple[Floats, float]:
        """`features @ hidden_kernel`, float32 (batch, units), and the L2 penalty of the kernel."""

        def panel(number: int) -> tuple[Floats, float]:
            kernel = self.arrays["hidden_kernel"][number]
            return product(kernel, features), float(np.vdot(kernel, kernel))

        return self._joined(panel)

    def step(
        self,
        features: Columns,
        product: tuple[Floats, float],
        labels: NDArray[np.int64],
        learning_rate: float,
        generator: np.random.Generator,
        following: Columns,
    ) -> tuple[Batch, tuple[Floats, float]]:
        """One step of Adam on one batch.

        Args:
            features: The batch, by feature.
            product: What `product(features)` or the step before gave for this batch.
            labels: int (batch,), class numbers.
            following: The next batch, of any size: its product is made in the same sweep.

        Returns:
            What happened, and the product for `following`.
        """
        a, size = self.arrays, len(labels)
        # forward
        before = product[0] + a["hidden_bias"]  # (batch, units)
        hidden = np.maximum(before, 0)
        mean, variance = hidden.mean(axis=0), hidden.var(axis=0)
        scale = 1 / np.sqrt(variance + np.float32(NORM_EPSILON))
        normal = (hidden - mean) * scale
        keep = (generator.random(hidden.shape, np.float32) >= self.dropout) * np.float32(1 / (1 - self.dropout))
        dropped = (normal * a["gamma"] + a["beta"]) * keep
        probabilities = self._activate(dropped @ a["output_kernel"] + a["output_bias"])
        batch = score(probabilities, labels, product[1])
        for name, moment in (("moving_mean", mean), ("moving_variance", variance)):
            a[name] *= np.float32(NORM_MOMENTUM)
            a[name] += moment * np.float32(1 - NORM_MOMENTUM)
        # backward
        targets = labels[:, None] if self.outputs == 1 else np.eye(self.outputs, dtype=np.float32)[labels]
        d_logits = ((probabilities - targets) / size).astype(np.float32)  # of the cross-entropy by the logits
        d_normed = (d_logits @ a["output_kernel"].T) * keep
        d_normal = d_normed * a["gamma"]
        d_hidden = scale * (d_normal - d_normal.mean(axis=0) - normal * (d_normal * normal).mean(axis=0))
        d_before = (d_hidden * (before > 0)).astype(np.float32)
        gradients = {
            "hidden_bias": d_before.sum(axis=0),
            "gamma": (d_normed * normal).sum(axis=0),
            "beta": d_normed.sum(axis=0),
            "output_kernel": dropped.T @ d_logits,
            "output_bias": d_logits.sum(axis=0),
        }
        # update
        self.steps += 1
        rate = learning_rate * math.sqrt(1 - BETA_2**self.steps) / (1 - BETA_1**self.steps)
        for name, gradient in gradients.items():
            rows = [values.reshape(1, -1) for values in (a[name], a[f"{name}.m"], a[f"{name}.v"], gradient)]
            adam(rows[0], rows[1], rows[2], rows[3], rate)
        output_gradients = to_panels(d_before)

        def panel(number: int) -> tuple[Floats, float]:
            panels = (a["hidden_kernel"][number], a["hidden_kernel.m"][number], a["hidden_kernel.v"][number])
            return sweep(panels, features, output_gradients[number], self.l2, scaled(rate), following)

        return batch, self._joined(panel)

    def evaluate(self, features: Columns, labels: NDArray[np.int64]) -> tuple[Batch, NDArray[np.float64]]:
        """Scores a batch in inference mode: moving statistics, no dropout, nothing learned.

        Returns:
            The scores, and the probabilities, float64 (batch, outputs): a float32 next to 1 has lost its logit.
        """
        a = self.arrays
        product, penalty = self.product(features)
        hidden = np.maximum(product + a["hidden_bias"], 0)
        scale = a["gamma"] / np.sqrt(a["moving_variance"] + np.float32(NORM_EPSILON))
        normed = (hidden - a["moving_mean"]) * scale + a["beta"]
        logits = normed @ a["output_kernel"] + a["output_bias"]
        return score(self._activate(logits), labels, penalty), self._activate(logits.astype(np.float64))

    def _activate(self, logits: NDArray[Real]) -> NDArray[Real]:
        if self.outputs == 1:
            return np.asarray(1 / (1 + np.exp(-np.clip(logits, -80, 80))), logits.dtype)
        shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))

    def _joined(self, panel: Callable[[int], tuple[Floats, float]]) -> tuple[Floats, float]:
        """The products of all panels side by side, and the penalty from their squares.

        Each core has its share of the panels, this thread the first: a job for each panel would cost a small head more
        than the panels do.
        """

        def share(panels: range) -> list[tuple[Floats, float]]:
            return [panel(number) for number in panels]

        others = [self._threads.submit(share, panels) for panels in self._shares[1:]]
        parts = share(self._shares[0])
        for other in others:
            parts += other.result()
        joined = np.concatenate([part for part, _ in parts], axis=1)[:, : self.units]
        return joined, self.l2 * sum(squares for _, squares in parts)


def score(probabilities: Floats, labels: NDArray[np.int64], penalty: float) -> Batch:
    """What a batch's probabilities, float32 (batch, outputs), are worth. Clips them as Keras does."""
    if probabilities.shape[1] == 1:
        right = np.where(labels == 1, probabilities[:, 0], 1 - probabilities[:, 0])
        guesses = probabilities[:, 0] > 0.5
    else:
        right = probabilities[np.arange(len(labels)), labels]
        guesses = probabilities.argmax(axis=1)
    losses = -np.log(np.clip(right, PROBABILITY_EPSILON, 1 - PROBABILITY_EPSILON))
    return Batch(float(losses.mean()), penalty, int((guesses == labels).sum()), len(labels))


def _glorot(generator: np.random.Generator, rows: int, columns: int) -> Floats:
    """GlorotUniform: within sqrt(6 / (rows + columns)) of 0."""
    limit = math.sqrt(6 / (rows + columns))
    values = generator.random((rows, columns), np.float32)
    values *= 2 * limit
    values -= limit
    return values
