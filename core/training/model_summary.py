"""The classifier layer by layer, from its settings alone: no weights, no TensorFlow.

A test compares every row with the Keras model that `core.training.keras.model` builds.
"""

from dataclasses import dataclass

import numpy as np

from core.backbone.architecture import FEATURES, WEIGHT_SHAPES
from core.runs.settings import TrainingConfig

FLOAT_BYTES = 4
_BASE_WEIGHTS = sum(int(np.prod(shape)) for shape in WEIGHT_SHAPES.values())


@dataclass(frozen=True)
class Layer:
    """One layer. `kind` is Keras' class, `shape` the output shape for one image, `weights` the number of weights and
    `trained` how many of them training changes."""

    kind: str
    words: str
    shape: tuple[int, ...]
    weights: int = 0
    trained: int = 0


@dataclass(frozen=True)
class Cost:
    """The cost of one kind of pooling at an image size.

    `inputs` are the numbers that reach the hidden layer, `weights` those of its kernel, and `bytes` what they take
    while training: the kernel, Adam's two moments, and the copy of the best epoch.
    """

    inputs: int
    weights: int
    bytes: int


def layers_of(config: TrainingConfig, classes: int) -> tuple[Layer, ...]:
    """From the image to its probabilities.

    Args:
        classes: 2 for one sigmoid output; more for a softmax.
    """
    size, side, units = config.image_size, map_side(config.image_size), config.units
    inputs = vector_length(config)
    outputs = 1 if classes == 2 else classes
    flatten = config.pooling == "flatten"
    return (
        Layer("InputLayer", "Image: height, width, RGB values from 0 to 255", (size, size, 3)),
        Layer("Rescaling", "Preprocessing: scales the values to −1 to 1, as the base model expects", (size, size, 3)),
        Layer(
            "MobileNetV2",
            "Base model, pre-trained on ImageNet: 1,280 features at each position",
            (side, side, FEATURES),
            _BASE_WEIGHTS,
        ),
        Layer(
            "Flatten" if flatten else "GlobalAveragePooling2D",
            "Pooling: keeps every feature at every position"
            if flatten
            else "Pooling: averages each feature over all positions",
            (inputs,),
        ),
        Layer("Dense", "Hidden layer: ReLU, L2 penalty", (units,), *[(inputs + 1) * units] * 2),
        Layer(
            "BatchNormalization",
            "Normalizes each neuron; its moving mean and variance are not trained",
            (units,),
            4 * units,
            2 * units,
        ),
        Layer("Dropout", f"Switches off {config.dropout:.0%} of the neurons in each training step", (units,)),
        Layer(
            "Dense",
            "Prediction: sigmoid, the probability of the second class"
            if outputs == 1
            else "Prediction: softmax, a probability for each class",
            (outputs,),
            *[(units + 1) * outputs] * 2,
        ),
    )


def pooling_cost(config: TrainingConfig, pooling: str) -> Cost:
    """The cost of `pooling`, "flatten" or "average", with these settings otherwise."""
    inputs = vector_length(config.changed(pooling=pooling))
    weights = inputs * config.units
    return Cost(inputs, weights, 4 * weights * FLOAT_BYTES)


def vector_length(config: TrainingConfig) -> int:
    """Length of the pooled feature vector of one image."""
    return FEATURES * (map_side(config.image_size) ** 2 if config.pooling == "flatten" else 1)


def map_side(image_size: int) -> int:
    """Height and width of the base's feature map: five strides of 2, each rounding up."""
    return -(-image_size // 32)
