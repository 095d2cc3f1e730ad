"""Keras as the oracle: names, shapes, file layouts and, above all, the feature map."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import onnxruntime
import pytest

from core.backbone.architecture import IMAGE, WEIGHT_SHAPES
from core.backbone.graph import base_graph
from core.backbone.layouts import read_arrays
from tests.backbone.weight_files import Float32Arrays, assert_same, random_weights, real_weights, write_legacy

# of Keras reading its own variables under NumPy 2
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def keras_base(height: int, width: int) -> Any:
    from keras.applications import MobileNetV2

    return MobileNetV2(input_shape=(height, width, 3), include_top=False, weights=None)


def set_arrays(model: Any, arrays: Float32Arrays) -> None:
    for layer in model.layers:
        layer.set_weights([arrays[f"{layer.name}/{weight.name}"] for weight in layer.weights])


def arrays_of(model: Any) -> Float32Arrays:
    return {f"{layer.name}/{weight.name}": np.asarray(weight) for layer in model.layers for weight in layer.weights}


@pytest.fixture(scope="module")
def model() -> Any:
    """With random weights; tests that change them put them back."""
    model = keras_base(96, 96)
    set_arrays(model, random_weights())
    return model


def test_names_and_shapes_are_keras(model: Any) -> None:
    shapes = {name: array.shape for name, array in arrays_of(model).items()}
    assert shapes == WEIGHT_SHAPES
    assert list(shapes) == list(WEIGHT_SHAPES)


def test_a_weights_file_that_keras_3_writes_is_read(model: Any, tmp_path: Path) -> None:
    model.save_weights(tmp_path / "base.weights.h5")
    assert_same(read_arrays(tmp_path / "base.weights.h5", "file"), random_weights())


def test_a_legacy_file_that_keras_writes_is_read(model: Any, tmp_path: Path) -> None:
    from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group

    with h5py.File(tmp_path / "base.h5", "w") as file:
        save_weights_to_hdf5_group(file, model)
    assert_same(read_arrays(tmp_path / "base.h5", "file"), random_weights())


def test_keras_reads_the_legacy_files_of_these_tests_as_we_do(model: Any, tmp_path: Path) -> None:
    write_legacy(tmp_path / "base.h5", random_weights(5), rename=lambda layer: f"mobl_{layer}")
    try:
        model.load_weights(tmp_path / "base.h5")
        assert_same(read_arrays(tmp_path / "base.h5", "file"), arrays_of(model))
    finally:
        set_arrays(model, random_weights())


@pytest.mark.parametrize(("height", "width"), [(96, 96), (150, 150), (160, 160), (97, 130)])
def test_feature_map_is_that_of_keras(model: Any, height: int, width: int) -> None:
    """Even and odd sides on every level, with random and with pre-trained weights."""
    keras_model = model if (height, width) == (96, 96) else keras_base(height, width)
    images = np.random.default_rng(height).uniform(0, 255, (2, height, width, 3)).astype(np.float32)
    for arrays in (dict(real_weights().arrays), random_weights()):
        set_arrays(keras_model, arrays)
        expected = np.asarray(keras_model(images / 127.5 - 1, training=False))
        session = onnxruntime.InferenceSession(base_graph(arrays).SerializeToString())
        (actual,) = session.run(None, {IMAGE: images})
        assert expected.max() > 1  # a dead network would agree with anything
        np.testing.assert_allclose(actual, expected, atol=1e-3)
