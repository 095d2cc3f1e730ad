"""The table of layers says what Keras says of the model that a run saves."""

import numpy as np
import pytest

from core.backbone.architecture import WEIGHT_SHAPES
from core.backbone.features import FeaturePlan
from core.runs.settings import TrainingConfig, preset
from core.training.model_summary import layers_of, pooling_cost, vector_length


def head_arrays(config: TrainingConfig, classes: int) -> dict[str, np.ndarray]:
    from core.training.head.head import Head

    return Head(vector_length(config), classes, config.units, config.l2, config.dropout, 0).weights()


@pytest.mark.parametrize(
    ("config", "classes"),
    [
        (TrainingConfig(image_size=96, units=70), 2),
        (TrainingConfig(image_size=33, units=8), 5),
        (preset("fast").changed(image_size=160, units=512), 3),
    ],
)
def test_shapes_and_weights_are_those_of_keras(config: TrainingConfig, classes: int) -> None:
    from core.training.keras.model import build_classifier

    base = {name: np.zeros(shape, np.float32) for name, shape in WEIGHT_SHAPES.items()}
    model = build_classifier(base, head_arrays(config, classes), config)
    ours = layers_of(config, classes)
    assert ours[0].shape == model.input_shape[1:]
    for layer, theirs in zip(ours[1:], model.layers, strict=True):
        assert layer.kind in (type(theirs).__name__, "MobileNetV2")
        assert layer.shape == tuple(theirs.output.shape[1:])
        assert layer.weights == theirs.count_params()
        assert layer.trained == sum(int(np.prod(weight.shape)) for weight in theirs.trainable_weights)
    assert sum(layer.weights for layer in ours) == model.count_params()


def test_flatten_costs_as_many_times_more_as_the_map_has_places() -> None:
    config = TrainingConfig()
    flatten, average = pooling_cost(config, "flatten"), pooling_cost(preset("fast"), "average")
    assert (flatten.inputs, flatten.weights) == (32_000, 16_384_000)
    assert flatten.weights == 25 * average.weights
    head = head_arrays(config, 2)
    assert flatten.bytes == 4 * head["hidden_kernel"].nbytes


@pytest.mark.parametrize("size", [32, 33, 160, 224, 511, 512])
@pytest.mark.parametrize("pooling", ["flatten", "average"])
def test_the_vector_is_as_long_as_the_features_on_disk(size: int, pooling: str) -> None:
    config = TrainingConfig().changed(image_size=size, pooling=pooling)
    plan = FeaturePlan(size, config.pooling, 0, config.augmentation, 0)
    assert vector_length(config) == plan.width
