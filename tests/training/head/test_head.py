"""The head against Keras' own layers, optimizer and losses."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.backbone.rows import SparseRows
from core.training.head.fused_step import Columns
from core.training.head.head import Head

INPUTS, UNITS, BATCH = 700, 88, 16  # 88 units: a panel and a part of one


def data(classes: int, rows: int, seed: int = 3) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    generator = np.random.default_rng(seed)
    features = np.maximum(generator.standard_normal((rows, INPUTS)), 0).astype(np.float32)
    return features, generator.integers(0, classes, rows)


def columns(dense: NDArray[np.float32]) -> Columns:
    return Columns.of(SparseRows.of(dense))


def keras_twin(keras: Any, head: Head, l2: float, learning_rate: float) -> Any:
    """The same head as Keras layers with the same weights, compiled as in the notebook; dropout 0."""
    outputs = head.outputs
    model = keras.Sequential(
        [
            keras.Input((INPUTS,)),
            keras.layers.Dense(UNITS, activation="relu", kernel_regularizer=keras.regularizers.L2(l2)),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.0),
            keras.layers.Dense(outputs, activation="sigmoid" if outputs == 1 else "softmax"),
        ]
    )
    weights = head.weights()
    model.layers[0].set_weights([weights["hidden_kernel"], weights["hidden_bias"]])
    model.layers[3].set_weights([weights["output_kernel"], weights["output_bias"]])
    loss = "binary_crossentropy" if outputs == 1 else "sparse_categorical_crossentropy"
    model.compile(keras.optimizers.Adam(learning_rate), loss, metrics=["accuracy"])
    return model


@pytest.mark.parametrize("classes", [2, 5])
def test_training_steps_are_those_of_keras(keras: Any, classes: int) -> None:
    l2, learning_rate, steps = 0.01, 3e-3, 30
    head = Head(INPUTS, classes, UNITS, l2, 0.0, seed=1)
    model = keras_twin(keras, head, l2, learning_rate)
    features, labels = data(classes, BATCH * (steps + 1))
    product = head.product(columns(features[:BATCH]))
    for start in range(0, BATCH * steps, BATCH):
        rows, after = slice(start, start + BATCH), slice(start + BATCH, start + 2 * BATCH)
        model.reset_metrics()
        loss, _ = model.train_on_batch(features[rows], labels[rows].astype(np.float32))
        batch, product = head.step(
            columns(features[rows]),
            product,
            labels[rows],
            learning_rate,
            np.random.default_rng(0),
            columns(features[after]),
        )
        assert batch.crossentropy + batch.penalty == pytest.approx(float(loss), rel=2e-4)
    ours, theirs = head.weights(), [weight.numpy() for weight in model.weights]
    names = ["hidden_kernel", "hidden_bias", "gamma", "beta", "moving_mean", "moving_variance"]
    names += ["output_kernel", "output_bias"]
    for name, expected in zip(names, theirs, strict=True):
        # Adam divides by the gradient's size: where a gradient is near zero, rounding decides a step's direction
        np.testing.assert_allclose(ours[name], expected, atol=0.05 * learning_rate * steps, err_msg=name)
        assert np.median(np.abs(ours[name] - expected)) < 1e-5, name


@pytest.mark.parametrize("classes", [2, 5])
def test_evaluation_is_that_of_keras(keras: Any, classes: int) -> None:
    head = Head(INPUTS, classes, UNITS, 0.01, 0.5, seed=2)
    generator = np.random.default_rng(5)
    for name in ("gamma", "beta", "moving_mean"):
        head.arrays[name] += generator.standard_normal(UNITS).astype(np.float32) / 5
    head.arrays["moving_variance"] *= 0.3
    model = keras_twin(keras, head, 0.01, 1e-3)
    model.layers[1].set_weights([head.arrays[n] for n in ("gamma", "beta", "moving_mean", "moving_variance")])
    features, labels = data(classes, 50)
    batch, probabilities = head.evaluate(columns(features), labels)
    loss, accuracy = model.evaluate(features, labels.astype(np.float32), batch_size=50, verbose=0)
    assert batch.crossentropy + batch.penalty == pytest.approx(loss, rel=1e-4)
    assert batch.correct / batch.size == pytest.approx(accuracy, abs=1e-6)
    np.testing.assert_allclose(probabilities, model.predict_on_batch(features), atol=1e-5)


def test_dropout_drops_the_stated_share_and_scales_the_rest() -> None:
    """With one image, the gradient of beta is the output kernel through the mask."""
    gradients = []
    for dropout in (0.0, 0.25):
        head = Head(INPUTS, 2, 4096, 0.0, dropout, seed=1)
        features, labels = data(2, 1)
        batch, nothing = columns(features), columns(features[:0])
        head.step(batch, head.product(batch), labels, 1e-9, np.random.default_rng(0), nothing)
        gradients.append(head.arrays["beta.m"])
    whole, masked = gradients
    assert np.mean(masked == 0) == pytest.approx(0.25, abs=0.03)
    kept = masked != 0
    np.testing.assert_allclose(masked[kept], whole[kept] / 0.75, rtol=1e-5)


def test_the_number_of_threads_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    results = []
    for cores in (1, 2, 7):
        monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
        head = Head(INPUTS, 2, UNITS, 0.01, 0.5, seed=1)
        dense, labels = data(2, BATCH)
        features = columns(dense)
        product = head.product(features)
        for _ in range(3):
            _, product = head.step(features, product, labels, 1e-3, np.random.default_rng(0), features)
        results.append(head.weights()["hidden_kernel"].tobytes())
    assert results[0] == results[1] == results[2]


def test_the_product_for_the_next_batch_is_that_of_the_updated_kernel() -> None:
    head = Head(INPUTS, 2, UNITS, 0.01, 0.5, seed=1)
    features, labels = data(2, 2 * BATCH)
    first, second = columns(features[:BATCH]), columns(features[BATCH:])
    _, product = head.step(first, head.product(first), labels[:BATCH], 0.01, np.random.default_rng(0), second)
    np.testing.assert_array_equal(product[0], head.product(second)[0])
    assert product[1] == pytest.approx(0.01 * float(np.square(head.weights()["hidden_kernel"], dtype=np.float64).sum()))
