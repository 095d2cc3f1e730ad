"""The same classifier as a Keras model.

With `fine_tune_model` and `core.export.keras_side` the only module that imports TensorFlow; only the processes of a run
and of an export import them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from core.backbone.weights import Arrays
from core.errors import ExportError
from core.runs.settings import TrainingConfig
from core.training.head.fused_step import Floats

VERIFIED_AT_ONCE = 4  # images
TOLERANCE = 1e-4  # largest difference in a probability between model.keras and model.onnx
HEAD_WEIGHTS = {
    "hidden_kernel": ("hidden", 0),
    "hidden_bias": ("hidden", 1),
    "gamma": ("normalization", 0),
    "beta": ("normalization", 1),
    "moving_mean": ("normalization", 2),
    "moving_variance": ("normalization", 3),
    "output_kernel": ("probabilities", 0),
    "output_bias": ("probabilities", 1),
}
"""Where the arrays of `Head.weights` stand in the model: the layer, and the place among its weights."""


def untrained_base(image_size: int) -> Any:
    """MobileNetV2 without its top, for `build_classifier` to give it its weights."""
    return keras.applications.MobileNetV2(input_shape=(image_size, image_size, 3), include_top=False, weights=None)


def build_classifier(
    base: Arrays,
    head: Mapping[str, Floats],
    config: TrainingConfig,
    unfrozen_layers: int = 0,
    untrained: Any = None,
) -> Any:
    """A `keras.Model` from (batch, image_size, image_size, 3), RGB, 0..255, to probabilities.

    The preprocessing (x / 127.5 - 1) is a layer inside. The base is frozen, but for its last `unfrozen_layers`, as it
    was in training. The model is not compiled: it predicts as it is; compile it to train it
    further.

    Args:
        untrained: What `untrained_base` gave before, for the same size; it becomes part of the model.
    """
    layers = keras.layers
    side = config.image_size
    outputs = head["output_bias"].size
    pooling = layers.Flatten() if config.pooling == "flatten" else layers.GlobalAveragePooling2D()
    mobilenet = untrained or untrained_base(side)
    unfreeze(mobilenet, unfrozen_layers)
    for layer in mobilenet.layers:
        layer.set_weights([base[f"{layer.name}/{weight.name}"] for weight in layer.weights])
    model = keras.Sequential(
        [
            keras.Input((side, side, 3), name="image"),
            layers.Rescaling(1 / 127.5, offset=-1, name="preprocessing"),
            mobilenet,
            pooling,
            layers.Dense(
                config.units,
                activation="relu",
                kernel_regularizer=keras.regularizers.L2(config.l2),
                kernel_initializer="zeros",  # the trained values come below
                name="hidden",
            ),
            layers.BatchNormalization(name="normalization"),
            layers.Dropout(config.dropout, name="dropout"),
            layers.Dense(outputs, activation="sigmoid" if outputs == 1 else "softmax", name="probabilities"),
        ],
        name="pawlab",
    )
    for name, (layer, place) in HEAD_WEIGHTS.items():
        model.get_layer(layer).weights[place].assign(head[name])
    return model


def base_of(model: Any) -> Any:
    """The MobileNetV2 inside a model that `build_classifier` made. Raises ValueError where there is none."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            return layer
    raise ValueError("the model holds no base")


def unfreeze(base: Any, layers: int) -> None:
    """Makes the last `layers` layers of a MobileNetV2 trainable but for BatchNormalization, and all others not."""
    base.trainable = layers > 0
    first = len(base.layers) - layers
    for number, layer in enumerate(base.layers):
        layer.trainable = number >= first and not isinstance(layer, keras.layers.BatchNormalization)


def save_verified(model: Any, path: Path, images: NDArray[np.float32], expected: Floats) -> float:
    """Saves `model`, loads it again with plain `keras.models.load_model` and compares its predictions.

    Args:
        path: Where it goes, ending in .keras; appears only when the predictions agree.
        images: float32 (batch, size, size, 3), 0..255.
        expected: The ONNX model's probabilities for them, float32 (batch, outputs).

    Returns:
        The largest difference in a probability.

    Raises:
        ExportError: The difference is above `TOLERANCE`.
    """
    temporary = path.with_name(f".{path.stem}.tmp.keras")
    try:
        model.save(temporary)
        loaded = keras.models.load_model(temporary)
        # A few at a time: eager activations of more would be the run's peak of memory.
        starts = range(0, len(images), VERIFIED_AT_ONCE)
        predictions = np.concatenate([loaded(images[i : i + VERIFIED_AT_ONCE], training=False) for i in starts])
        difference = float(np.abs(predictions - expected).max())
        if not difference <= TOLERANCE:
            raise ExportError(
                f"model.keras and model.onnx differ by {difference:.2g} in a probability",
                f"at most {TOLERANCE:g}",
                "Report this with the run's folder: it is a bug in Pawlab",
            )
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return difference
