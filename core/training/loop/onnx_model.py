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


def classifier_graph(base: Arrays, head: Mapping[str, Floats], pooling: Pooling) -> onnx.ModelProto:
    """The whole classifier. Arguments are the base's canonical weights and what `Head.weights` gives."""
    nodes, initializers = base_nodes(base)
    outputs = head["output_bias"].size
    scale = head["gamma"] / np.sqrt(head["moving_variance"] + NORM_EPSILON)
    shift = head["beta"] - head["moving_mean"] * scale
    pool: tuple[str, Any, dict[str, Any]] = ("ReduceMean", None, {"axes": [1, 2], "keepdims": 0})
    if pooling == "flatten":
        pool = ("Reshape", np.array([0, -1], np.int64), {})  # 0 keeps the batch, -1 takes rows, columns and channels
    steps: list[tuple[str, Any, dict[str, Any]]] = [
        pool,
        ("MatMul", head["hidden_kernel"], {}),
        ("Add", head["hidden_bias"], {}),
        ("Relu", None, {}),
        ("Mul", scale.astype(np.float32), {}),
        ("Add", shift.astype(np.float32), {}),
        ("MatMul", head["output_kernel"], {}),
        ("Add", head["output_bias"], {}),
        ("Sigmoid", None, {}) if outputs == 1 else ("Softmax", None, {"axis": -1}),
    ]
    tensor = FEATURE_MAP
    for number, (operation, constant, attributes) in enumerate(steps):
        inputs = [tensor]
        if constant is not None:
            inputs.append(f"head/{number}_constant")
            initializers.append(numpy_helper.from_array(np.ascontiguousarray(constant), inputs[1]))
        tensor = PROBABILITIES if number == len(steps) - 1 else f"head/{number}"
        nodes.append(helper.make_node(operation, inputs, [tensor], **attributes))
    return to_model(nodes, initializers, [(PROBABILITIES, ["N", outputs]), (FEATURE_MAP, ["N", "h", "w", FEATURES])])
