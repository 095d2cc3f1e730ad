"""The classifier as one ONNX graph: the base, the pooling and the trained head, built straight from the arrays.

Input `image` is float32 (batch, image_size, image_size, 3), RGB, 0..255. Outputs are `probabilities`, float32
(batch, 1) for two classes (that of the second class) or (batch, classes), and `feature_map`, float32
(batch, side, side, 1280), the base's last activation.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from core.backbone.architecture import FEATURE_MAP, FEATURES
from core.backbone.graph import base_nodes, to_model
from core.backbone.weights import Arrays
from core.runs.settings import Pooling
from core.training.head.fused_step import Floats
from core.training.head.head import NORM_EPSILON

PROBABILITIES = "probabilities"
PLACES = np.array([0, -1], np.int64)  # of a Reshape: 0 keeps the batch, -1 takes rows, columns and channels


def classifier_nodes(pooling: Pooling, outputs: int) -> tuple[list[onnx.NodeProto], dict[str, str]]:
    """The operations from the base's feature map to the probabilities, and the initializer of each constant that they
    take: "places" (where the pooling is flatten), "hidden_kernel", "hidden_bias", "scale", "shift", "output_kernel",
    "output_bias"."""
    steps: list[tuple[str, str, dict[str, Any]]] = [
        ("Reshape", "places", {}) if pooling == "flatten" else ("ReduceMean", "", {"axes": [1, 2], "keepdims": 0}),
        ("MatMul", "hidden_kernel", {}),
        ("Add", "hidden_bias", {}),
        ("Relu", "", {}),
        ("Mul", "scale", {}),
        ("Add", "shift", {}),
        ("MatMul", "output_kernel", {}),
        ("Add", "output_bias", {}),
        ("Sigmoid", "", {}) if outputs == 1 else ("Softmax", "", {"axis": -1}),
    ]
    nodes, constants, tensor = [], {}, FEATURE_MAP
    for number, (operation, constant, attributes) in enumerate(steps):
        inputs = [tensor]
        if constant:
            constants[constant] = f"head/{number}_constant"
            inputs.append(constants[constant])
        tensor = PROBABILITIES if number == len(steps) - 1 else f"head/{number}"
        nodes.append(helper.make_node(operation, inputs, [tensor], **attributes))
    return nodes, constants


def classifier_graph(base: Arrays, head: Mapping[str, Floats], pooling: Pooling) -> onnx.ModelProto:
    """The whole classifier. Arguments are the base's canonical weights and what `Head.weights` gives."""
    nodes, initializers = base_nodes(base)
    outputs = head["output_bias"].size
    scale = head["gamma"] / np.sqrt(head["moving_variance"] + NORM_EPSILON)
    shift = head["beta"] - head["moving_mean"] * scale
    values = {**head, "places": PLACES, "scale": scale.astype(np.float32), "shift": shift.astype(np.float32)}
    head_nodes, constants = classifier_nodes(pooling, outputs)
    initializers += [
        numpy_helper.from_array(np.ascontiguousarray(values[constant]), name) for constant, name in constants.items()
    ]
    return to_model([*nodes, *head_nodes], initializers, results(outputs))


def results(outputs: int) -> list[tuple[str, list[int | str]]]:
    """Names and shapes of the graph's two results."""
    return [(PROBABILITIES, ["N", outputs]), (FEATURE_MAP, ["N", "h", "w", FEATURES])]
