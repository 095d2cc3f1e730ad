"""Validates a stranger's model.onnx, and base.onnx, as data: nothing in it is run here.

It must be the graph that Pawlab itself builds for the settings of the bundle, operation by operation and shape by
shape; only the numbers are the stranger's. So what it costs to run is what our own models cost.
"""

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from core.backbone.architecture import WEIGHT_SHAPES
from core.backbone.graph import IR_VERSION, OPSET, base_nodes, to_model
from core.errors import PawlabError
from core.export.files import refused
from core.runs.feature_plan import feature_plan
from core.runs.settings import TrainingConfig
from core.text.lines import error_line
from core.training.loop.onnx_model import PLACES, classifier_nodes, results

Form = tuple[int, tuple[int, ...]]  # of an array: its ONNX type and its shape
Arrays = tuple[dict[str, Form], dict[str, NDArray[Any]]]  # the form of every array; the values of those that are fixed
Bad = Callable[[str], PawlabError]


def check_onnx(path: Path, settings: TrainingConfig, classes: int) -> None:
    """Raises ArchiveError unless `path` is the graph of a classifier for `classes` classes with these settings."""
    outputs = _outputs(classes)
    nodes = [*_base()[0], *classifier_nodes(settings.pooling, outputs)[0]]
    _check(path, to_model(nodes, [], results(outputs)).graph, _expected_arrays(settings, classes))


def check_base(path: Path) -> None:
    """Raises ArchiveError unless `path` is the graph of the base alone (`core.backbone.graph.base_graph`)."""
    nodes, arrays = _base()
    _check(path, to_model(nodes, [], results(1)[1:]).graph, _forms_and_constants(arrays))


def _check(path: Path, expected: onnx.GraphProto, arrays: Arrays) -> None:
    content = path.read_bytes()
    bad = partial(_bad, path.name)
    try:
        model = onnx.load_model_from_string(content)
    except Exception as error:  # protobuf's errors share no base with ours
        raise bad("is not an ONNX model") from error
    try:
        _check_version(model, bad)
        _check_operations(model, expected, bad)
        _check_arrays(model.graph, arrays, bad)
        onnx.checker.check_model(content)
    except PawlabError:
        raise
    except Exception as error:  # text that is no UTF-8 is found where it is read; onnx's errors share no base with ours
        raise bad(f"fails ONNX's checker: {error_line(error, 160)}") from error


def _check_version(model: onnx.ModelProto, bad: Bad) -> None:
    graph = model.graph
    opsets = [(entry.domain, entry.version) for entry in model.opset_import]
    if opsets != [("", OPSET)] or model.ir_version != IR_VERSION:
        raise bad(f"is written for {str(opsets)[:60]} and IR {model.ir_version}")
    if model.functions or model.training_info or graph.sparse_initializer or graph.quantization_annotation:
        raise bad("contains functions, training or sparse arrays")


def _check_operations(model: onnx.ModelProto, expected: onnx.GraphProto, bad: Bad) -> None:
    if list(model.graph.input) != list(expected.input) or list(model.graph.output) != list(expected.output):
        raise bad("takes or gives something other than its settings say")
    if len(model.graph.node) != len(expected.node):
        raise bad(f"has {len(model.graph.node)} operations, not {len(expected.node)}")
    for number, (node, ours) in enumerate(zip(model.graph.node, expected.node, strict=True), 1):
        if _described(node) != _described(ours):
            raise bad(f"has another operation than {ours.op_type} in place {number} of {len(expected.node)}")


def _described(node: onnx.NodeProto) -> tuple[object, ...]:
    attributes = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    return node.domain, node.op_type, list(node.input), list(node.output), attributes


def _check_arrays(graph: onnx.GraphProto, arrays: Arrays, bad: Bad) -> None:
    for tensor in graph.initializer:
        if tensor.data_location != onnx.TensorProto.DEFAULT or tensor.external_data:
            raise bad("reads arrays from another file")
    forms, values = arrays
    if len(graph.initializer) != len(forms):
        raise bad(f"has {len(graph.initializer)} arrays, not {len(forms)}")
    for tensor in graph.initializer:
        if (tensor.data_type, tuple(tensor.dims)) != forms.get(tensor.name):
            raise bad(f"has an array {tensor.name[:60]!r} of shape {tuple(tensor.dims)[:5]}, unlike its settings")
        if tensor.name in values and not np.array_equal(numpy_helper.to_array(tensor), values[tensor.name]):
            raise bad(f"has another constant {tensor.name}")


def _expected_arrays(settings: TrainingConfig, classes: int) -> Arrays:
    """Of a classifier."""
    forms, values = _forms_and_constants(_base()[1])
    width, units, outputs = feature_plan(settings, "train").width, settings.units, _outputs(classes)
    shapes = {"hidden_kernel": (width, units), "output_kernel": (units, outputs), "output_bias": (outputs,)}
    for constant, name in classifier_nodes(settings.pooling, outputs)[1].items():
        forms[name] = (onnx.TensorProto.FLOAT, shapes.get(constant, (units,)))
        if constant == "places":
            forms[name], values[name] = (onnx.TensorProto.INT64, PLACES.shape), PLACES
    return forms, values


def _forms_and_constants(base: list[onnx.TensorProto]) -> Arrays:
    """The form of every array, and the values of those that are no weights."""
    forms = {tensor.name: (tensor.data_type, tuple(tensor.dims)) for tensor in base}
    return forms, {tensor.name: numpy_helper.to_array(tensor) for tensor in base if not tensor.dims}


@cache
def _base() -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
    return base_nodes({name: np.zeros(shape, np.float32) for name, shape in WEIGHT_SHAPES.items()})


def _outputs(classes: int) -> int:
    return 1 if classes == 2 else classes


def _bad(name: str, problem: str) -> PawlabError:
    return refused(f"{name} {problem}", "a model as Pawlab writes it")
