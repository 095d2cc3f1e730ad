"""The classifier layer by layer, in words and numbers, as its settings make it: no weights, no TensorFlow.

A test compares every row with the Keras model that `core.training.keras_model` builds.
"""

from dataclasses import dataclass

import numpy as np

from core.backbone.architecture import FEATURES, WEIGHT_SHAPES
from core.training.recipe import TrainingConfig

FLOAT_BYTES = 4
_BASE_WEIGHTS = sum(int(np.prod(shape)) for shape in WEIGHT_SHAPES.values())


@dataclass(frozen=True)
class Layer:
    """One layer. `kind` is Keras' class, `shape` the output for one picture, `weights` all its numbers and `trained`
    those of them that training changes."""

    kind: str
    words: str
    shape: tuple[int, ...]
    weights: int = 0
    trained: int = 0


@dataclass(frozen=True)
class Cost:
    """What a way of pooling costs at an image size.

    `inputs` are the numbers that reach the hidden layer, `weights` those of its kernel, and `bytes` what they take
    while training: the kernel, Adam's two moments, and the copy of the best epoch.
    """

    inputs: int
    weights: int
    bytes: int


def layers_of(config: TrainingConfig, classes: int) -> tuple[Layer, ...]:
    """From the picture to its probabilities.

    Args:
        classes: 2 for one sigmoid output; more for a softmax.
    """
    size, side, units = config.image_size, map_side(config.image_size), config.units
    inputs = vector_length(config)
    outputs = 1 if classes == 2 else classes
    flatten = config.pooling == "flatten"
    return (
        Layer("InputLayer", "The picture: height, width, and red, green and blue from 0 to 255", (size, size, 3)),
        Layer("Rescaling", "Preprocessing: brings the values to -1 to 1, as the base knows them", (size, size, 3)),
        Layer(
            "MobileNetV2",
            "The base, trained on ImageNet: finds 1,280 features at each place",
            (side, side, FEATURES),
            _BASE_WEIGHTS,
        ),
        Layer(
            "Flatten" if flatten else "GlobalAveragePooling2D",
            "Pooling: keeps every feature of every place" if flatten else "Pooling: keeps each feature's mean",
            (inputs,),
        ),
        Layer("Dense", "Hidden layer: ReLU, L2 penalty", (units,), *[(inputs + 1) * units] * 2),
        Layer(
            "BatchNormalization",
            "Brings each neuron to a common scale; the mean and variance that it counts are not trained",
            (units,),
            4 * units,
            2 * units,
        ),
        Layer("Dropout", f"Switches off {config.dropout:.0%} of the neurons in each training step", (units,)),
        Layer(
            "Dense",
            "The answer: sigmoid, the probability of the second class"
            if outputs == 1
            else "The answer: softmax, a probability for each class",
            (outputs,),
            *[(units + 1) * outputs] * 2,
        ),
    )


def pooling_cost(config: TrainingConfig, pooling: str) -> Cost:
    """What `pooling`, "flatten" or "average", costs with these settings otherwise."""
    inputs = vector_length(config.changed(pooling=pooling))
    weights = inputs * config.units
    return Cost(inputs, weights, 4 * weights * FLOAT_BYTES)


def vector_length(config: TrainingConfig) -> int:
    """Numbers that pooling makes of one picture."""
    return FEATURES * (map_side(config.image_size) ** 2 if config.pooling == "flatten" else 1)


def map_side(image_size: int) -> int:
    """Height and width of the base's feature map: five strides of 2, each rounding up."""
    return -(-image_size // 32)
