"""The base as an ONNX graph, built straight from the weights: no TensorFlow, no exporter.

Each BatchNormalization is folded into its convolution, so that ONNX Runtime has 52 convolutions, their clips and ten
sums to do. The graph takes any image size; on odd sizes it agrees with a Keras model that was built for that size.
"""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from core.backbone.architecture import BLOCKS, EPSILON, FEATURE_MAP, IMAGE, Convolution
from core.backbone.arrays import Arrays
from core.backbone.provenance import Weights
from core.storage.files import sha256_file, write_atomic
from core.storage.home import subfolder

OPSET = 17
IR_VERSION = 8
"""Both of 2022 (ONNX 1.12): older than any runtime that a student is likely to have."""

_LAYOUT_VERSION = 1
"""Part of the cached file's name: raise it when `base_nodes` builds another graph from the same weights."""


def base_nodes(arrays: Arrays, blocks: int = len(BLOCKS)) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
    """Nodes and initializers from `IMAGE` to `FEATURE_MAP`, for a caller that appends a head.

    Every name except these two begins with "base/", so that a head's names cannot clash. With fewer `blocks` than all,
    `FEATURE_MAP` is what the last of these gives.
    """
    nodes = [
        helper.make_node("Sub", [IMAGE, "base/centre"], ["base/centred"]),
        helper.make_node("Transpose", ["base/centred"], ["base/input"], perm=[0, 3, 1, 2]),
    ]
    initializers = [
        numpy_helper.from_array(np.float32(value), name)
        for name, value in (("base/centre", 127.5), ("base/zero", 0.0), ("base/six", 6.0))
    ]
    tensor = "base/input"
    for block in BLOCKS[:blocks]:
        entry = tensor
        for convolution in block.convolutions:
            tensor = _append_convolution(convolution, arrays, tensor, nodes, initializers)
        if block.residual:
            total = f"{tensor}_sum"
            nodes.append(helper.make_node("Add", [entry, tensor], [total]))
            tensor = total
    nodes.append(helper.make_node("Transpose", [tensor], [FEATURE_MAP], perm=[0, 2, 3, 1]))
    return nodes, initializers


def to_model(
    nodes: Sequence[onnx.NodeProto],
    initializers: Sequence[onnx.TensorProto],
    outputs: Sequence[tuple[str, Sequence[int | str]]],
) -> onnx.ModelProto:
    """A model from `IMAGE` to `outputs`, each a tensor's name and shape (a string is a free dimension), all float32."""
    image = helper.make_tensor_value_info(IMAGE, onnx.TensorProto.FLOAT, ["N", "H", "W", 3])
    results = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, list(shape)) for name, shape in outputs]
    graph = helper.make_graph(list(nodes), "pawlab", [image], results, list(initializers))
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="pawlab"
    )


def base_graph(arrays: Arrays, blocks: int = len(BLOCKS)) -> onnx.ModelProto:
    """The base alone, or its first `blocks` blocks: `IMAGE` to `FEATURE_MAP`, any number of images of any size."""
    nodes, initializers = base_nodes(arrays, blocks)
    channels = BLOCKS[blocks - 1].convolutions[-1].channels
    return to_model(nodes, initializers, [(FEATURE_MAP, ["N", "h", "w", channels])])


def cached_base(weights: Weights, blocks: int = len(BLOCKS)) -> Path:
    """The file of `base_graph`, written once per weights and `blocks` below `home()/cache/base`.

    Its name ends in the digest of its content: one that a disk has damaged is written again.
    """
    folder, key = subfolder("cache", "base"), f"{weights.provenance.digest[:20]}-{_LAYOUT_VERSION}-{blocks}"
    for path in folder.glob(f"{key}.*.onnx"):
        with suppress(OSError):  # another process may be renewing it
            if path.suffixes[0] == f".{sha256_file(path)[:20]}":
                return path
            path.unlink()
    content = base_graph(weights.arrays, blocks).SerializeToString(deterministic=True)
    path = folder / f"{key}.{hashlib.sha256(content).hexdigest()[:20]}.onnx"
    write_atomic(path, content)
    return path


def _append_convolution(
    convolution: Convolution,
    arrays: Arrays,
    tensor: str,
    nodes: list[onnx.NodeProto],
    initializers: list[onnx.TensorProto],
) -> str:
    """Appends the convolution of `tensor`, with its ReLU6 if it has one; the name of the result."""
    kernel, bias = folded(convolution, arrays)
    name = f"base/{convolution.name}"
    initializers += [numpy_helper.from_array(kernel, f"{name}/kernel"), numpy_helper.from_array(bias, f"{name}/bias")]
    size = convolution.kernel[0]
    # With stride 2 Keras pads an even side by (0, 1) and an odd one by (1, 1): SAME_UPPER does both.
    padding = {"auto_pad": "SAME_UPPER"} if convolution.stride == 2 else {"pads": [size // 2] * 4}
    nodes.append(
        helper.make_node(
            "Conv",
            [tensor, f"{name}/kernel", f"{name}/bias"],
            [name],
            kernel_shape=[size, size],
            strides=[convolution.stride] * 2,
            group=convolution.channels if convolution.depthwise else 1,
            **padding,
        )
    )
    if not convolution.relu6:
        return name
    nodes.append(helper.make_node("Clip", [name, "base/zero", "base/six"], [f"{name}/relu6"]))
    return f"{name}/relu6"


def folded(convolution: Convolution, arrays: Arrays) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Kernel (out, in / groups, height, width) and bias (out,) that do convolution and BatchNormalization in one.

    The first convolution's kernel also divides by 127.5. Its subtraction stays outside: Keras pads with zeros after
    scaling, and a bias would not reach the padding.
    """
    gamma, beta, mean, variance = (
        arrays[f"{convolution.normalisation}/{weight}"].astype(np.float64)
        for weight in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    scale = gamma / np.sqrt(variance + EPSILON)  # (out,)
    kernel = arrays[f"{convolution.name}/kernel"].astype(np.float64)
    kernel = kernel.transpose((2, 3, 0, 1) if convolution.depthwise else (3, 2, 0, 1)) * scale[:, None, None, None]
    if convolution.name == "Conv1":
        kernel = kernel / 127.5
    return np.ascontiguousarray(kernel, np.float32), np.ascontiguousarray(beta - mean * scale, np.float32)
