"""Grad-CAM against TensorFlow's own gradients through the saved Keras model, and what a user sees of it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import RunError
from core.images.decode import load_image
from core.inference.grad_cam import Explainer, Layers, overlay
from core.runs.run import Run
from tests.trained import SMALL


def theirs(model: Any, image: np.ndarray, label: int) -> np.ndarray:
    """Grad-CAM as Keras' documentation writes it: the gradient by a tape, layer after layer."""
    import tensorflow as tf

    preprocessing, base, *head = model.layers
    feature_map = base(preprocessing(image[np.newaxis].astype(np.float32)), training=False)
    with tf.GradientTape() as tape:
        tape.watch(feature_map)
        tensor = feature_map
        for layer in head:
            tensor = layer(tensor, training=False)
        probability = tensor[0, 0] if label else 1 - tensor[0, 0]
        score = tf.math.log(probability) - tf.math.log(1 - probability)
    weights = tf.reduce_mean(tape.gradient(score, feature_map), axis=(1, 2))[0]
    evidence = np.maximum(np.asarray(feature_map[0]) @ np.asarray(weights), 0)
    return np.asarray(evidence / max(evidence.max(), 1e-12))


@pytest.fixture(scope="module")
def images(drawn: Path) -> list[np.ndarray]:
    return [load_image(file, SMALL.image_size) for file in sorted((drawn / "validation").glob("*/*"))[::4]]


@pytest.mark.parametrize("label", [0, 1])
def test_it_is_the_gradient_that_tensorflow_finds(trained: Run, images: list[np.ndarray], label: int) -> None:
    import keras

    model = keras.models.load_model(trained.directory / "model.keras")
    explainer = Explainer.open(trained)
    shown = [explainer.explain(image, label) for image in images]
    assert any(one.max() > 0 for one in shown)
    for image, ours in zip(images, shown, strict=True):
        np.testing.assert_allclose(ours, theirs(model, image, label), atol=2e-3)


@pytest.mark.parametrize("side", [1, 3])
def test_a_flattened_map_has_the_gradient_of_finite_differences(side: int) -> None:
    random = np.random.default_rng(side)
    inputs, units = side * side * 1280, 16
    layers = Layers(
        random.normal(0, 0.02, (inputs, units)).astype(np.float32),
        random.normal(0, 0.02, units).astype(np.float32),
        random.uniform(0.5, 2, units).astype(np.float32),
        random.normal(0, 1, (units, 3)).astype(np.float32),
    )
    feature_map = random.uniform(0, 1, (side, side, 1280)).astype(np.float32)

    def score(values: np.ndarray) -> float:
        hidden = np.maximum(values.ravel().astype(np.float64) @ layers.hidden + layers.hidden_bias, 0)
        return float((hidden * layers.scale) @ layers.output[:, 2])

    gradient = layers.gradient(feature_map, 2)
    direction = random.normal(0, 1, feature_map.shape)
    step = 1e-5
    expected = (score(feature_map + step * direction) - score(feature_map - step * direction)) / (2 * step)
    assert float(np.vdot(gradient.astype(np.float64), direction)) == pytest.approx(expected, rel=1e-3)


def test_evidence_for_one_of_two_classes_is_not_that_for_the_other(trained: Run, images: list[np.ndarray]) -> None:
    explainer = Explainer.open(trained)
    assert any(not np.allclose(explainer.explain(image, 0), explainer.explain(image, 1)) for image in images)


def test_the_overlay_keeps_the_size_and_is_warm_where_the_evidence_is() -> None:
    evidence = np.zeros((4, 4), np.float32)
    evidence[0, 0] = 1
    image = overlay(np.full((80, 100, 3), 128, np.uint8), evidence)
    assert image.shape == (80, 100, 3)
    assert image[5, 5, 0] > image[5, 5, 2]  # red over blue
    assert image[75, 95, 2] > image[75, 95, 0]


def test_of_a_centred_square_the_overlay_is_where_the_model_looked_and_the_rest_is_dark() -> None:
    image, evidence = np.full((80, 101, 3), 128, np.uint8), np.eye(4, dtype=np.float32)
    shown = overlay(image, evidence, crop="center")
    assert (shown[:, 10:90] == overlay(image[:, 10:90], evidence)).all()
    assert max(shown[:, :10].max(), shown[:, 90:].max()) < 64


def test_without_strength_the_image_is_as_it_was() -> None:
    image = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    assert (overlay(image, np.ones((2, 2), np.float32), 0) == image).all()


@pytest.mark.parametrize("content", [b"", b"no model", bytes(1000)])
def test_a_model_that_is_none_is_refused_in_words(trained: Run, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.onnx").write_bytes(content)
    with pytest.raises(RunError, match="has no head that can be explained"):
        Explainer.open(Run(tmp_path, "x", "y", trained.config, 0.0))
