"""Validates a stranger's model files as data: nothing in them is run or built here.

model.onnx must be a graph of the kind that Pawlab writes: its few operations, no subgraph, no function, no external
file. model.keras must consist of the layers that Pawlab uses, with its weights in the file itself.
"""

import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import onnx

from core.backbone import hdf5
from core.backbone.architecture import FEATURE_MAP, FEATURES, IMAGE
from core.backbone.graph import IR_VERSION, OPSET
from core.errors import PawlabError
from core.export.files import refused
from core.storage.archives import ArchiveLimits, extract_zip
from core.text.lines import error_line
from core.training.loop.onnx_model import PROBABILITIES

OPERATIONS = frozenset(
    ("Add", "Clip", "Conv", "MatMul", "Mul", "ReduceMean", "Relu", "Reshape", "Sigmoid", "Softmax", "Sub", "Transpose")
)
OLDEST_OPSET = 13
MAX_NODES = 1000  # ours have about 120
MAX_TENSORS = 2000
_PLAIN_ATTRIBUTES = {
    onnx.AttributeProto.FLOAT,
    onnx.AttributeProto.INT,
    onnx.AttributeProto.STRING,
    onnx.AttributeProto.FLOATS,
    onnx.AttributeProto.INTS,
}
_NUMBERS = {onnx.TensorProto.FLOAT, onnx.TensorProto.INT64}

_KERAS_MEMBERS = {"config.json", "metadata.json", "model.weights.h5"}
_KERAS_LIMITS = ArchiveLimits(members=len(_KERAS_MEMBERS), total_bytes=2 * 2**30, depth=1)
MAX_CONFIG = 4 * 2**20  # bytes; ours have 170 KB
_LAYERS = {
    "keras": {"Sequential", "DTypePolicy"},
    "keras.src.models.functional": {"Functional"},
    "keras.initializers": {"GlorotUniform", "Ones", "Zeros"},
    "keras.regularizers": {"L2"},
    "keras.layers": {
        *("Add", "BatchNormalization", "Conv2D", "Dense", "DepthwiseConv2D", "Dropout", "Flatten"),
        *("GlobalAveragePooling2D", "InputLayer", "ReLU", "Rescaling", "ZeroPadding2D"),
    },
    None: {"__keras_tensor__"},
}
_ACTIVATIONS = {"linear", "relu", "sigmoid", "softmax"}
MAX_VARIABLES = 2000


def check_onnx(path: Path, classes: int) -> None:
    """Raises ArchiveError unless `path` is a classifier graph for `classes` classes of the kind that Pawlab writes."""
    content = path.read_bytes()
    try:
        model = onnx.load_model_from_string(content)
    except Exception as error:  # protobuf's errors share no base with ours
        raise _bad_onnx("is not an ONNX model") from error
    _check_parts(model)
    _check_ends(model.graph, classes)
    try:
        onnx.checker.check_model(content)
    except Exception as error:
        raise _bad_onnx(f"fails ONNX's checker: {error_line(error, 160)}") from error


def _check_parts(model: onnx.ModelProto) -> None:
    graph = model.graph
    opsets = [(entry.domain, entry.version) for entry in model.opset_import]
    if len(opsets) != 1 or opsets[0][0] or not OLDEST_OPSET <= opsets[0][1] <= OPSET or model.ir_version > IR_VERSION:
        raise _bad_onnx(f"is written for {opsets} and IR {model.ir_version}")
    if model.functions or model.training_info or graph.sparse_initializer or graph.quantization_annotation:
        raise _bad_onnx("contains functions, training or sparse arrays")
    if len(graph.node) > MAX_NODES or len(graph.initializer) > MAX_TENSORS:
        raise _bad_onnx(f"has {len(graph.node)} operations and {len(graph.initializer)} arrays")
    for tensor in graph.initializer:
        if tensor.data_location != onnx.TensorProto.DEFAULT or tensor.external_data:
            raise _bad_onnx("reads arrays from another file")
        if tensor.data_type not in _NUMBERS:
            raise _bad_onnx("contains arrays that are neither float32 nor int64")
    for node in graph.node:
        if node.domain or node.op_type not in OPERATIONS:
            raise _bad_onnx(f"uses the operation {(node.domain + ' ' + node.op_type).strip()[:60]!r}")
        if any(attribute.type not in _PLAIN_ATTRIBUTES for attribute in node.attribute):
            raise _bad_onnx(f"has a graph or an array in an attribute of {node.op_type}")


def _check_ends(graph: onnx.GraphProto, classes: int) -> None:
    """One image in, probabilities and feature map out."""
    wanted = {PROBABILITIES: [None, 1 if classes == 2 else classes], FEATURE_MAP: [None, None, None, FEATURES]}
    if [entry.name for entry in graph.input] != [IMAGE] or _shape(graph.input[0]) != [None, None, None, 3]:
        raise _bad_onnx("takes an input other than images")
    if {entry.name: _shape(entry) for entry in graph.output} != wanted or len(graph.output) != len(wanted):
        raise _bad_onnx(f"has outputs other than the probabilities of {classes} classes")


def _shape(entry: onnx.ValueInfoProto) -> list[int | None] | None:
    """Its dimensions, None where dynamic; None altogether unless it is a float32 array."""
    tensor = entry.type.tensor_type
    if tensor.elem_type != onnx.TensorProto.FLOAT:
        return None
    return [side.dim_value if side.HasField("dim_value") else None for side in tensor.shape.dim]


def check_keras(path: Path, scratch: Path) -> None:
    """Raises ArchiveError where a `.keras` file contains anything but layers that Pawlab uses.

    Args:
        scratch: A folder to create and unpack into.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(archive.namelist())
        if set(names) != _KERAS_MEMBERS or len(names) != len(_KERAS_MEMBERS):
            raise _bad_keras(f"contains {', '.join(names)[:120]}")
        extract_zip(path, scratch, limits=_KERAS_LIMITS)
        if (scratch / "config.json").stat().st_size > MAX_CONFIG:
            raise _bad_keras("has a configuration of megabytes")
        config = json.loads((scratch / "config.json").read_bytes())
        json.loads((scratch / "metadata.json").read_bytes()[:MAX_CONFIG])
        _check_objects(config)
        _check_numbers(scratch / "model.weights.h5")
    except PawlabError as error:
        raise error if error.received.startswith("model.keras") else _bad_keras(error.received) from error
    except (zipfile.BadZipFile, RecursionError, *hdf5.READ_ERRORS) as error:
        raise _bad_keras(f"cannot be read: {error_line(error, 120)}") from error


def _check_objects(value: Any) -> None:
    """Checks every object that Keras would build, and every name that it would look up."""
    if isinstance(value, list):
        for item in value:
            _check_objects(item)
    elif isinstance(value, dict):
        if "class_name" in value or "module" in value or "registered_name" in value:
            name, module = value.get("class_name"), value.get("module")
            if not isinstance(name, str) or not isinstance(module, str | None) or name not in _LAYERS.get(module, ()):
                raise _bad_keras(f"contains {str(module)[:60]}.{str(name)[:60]}")
            if value.get("registered_name") not in (None, "Functional"):
                raise _bad_keras(f"contains {str(value['registered_name'])[:60]}")
        if (activation := value.get("activation", "linear")) not in _ACTIVATIONS:
            raise _bad_keras(f"uses the activation {str(activation)[:60]}")
        for item in value.values():
            _check_objects(item)


def _check_numbers(path: Path) -> None:
    """Checks that no link and no array leads out of the file."""
    with h5py.File(path, "r") as root:
        waiting, num_members = [root], 0
        while waiting:
            group = waiting.pop()
            for name in group:
                num_members += 1
                if num_members > MAX_VARIABLES:
                    raise _bad_keras(f"has more than {MAX_VARIABLES} arrays")
                member = hdf5.member(group, name)
                if isinstance(member, h5py.Group):
                    waiting.append(member)
                elif member.external or member.is_virtual or member.dtype.kind not in "fiu":
                    raise _bad_keras("reads weights from another file, or has none")


def _bad_onnx(problem: str) -> PawlabError:
    return refused(f"model.onnx {problem}", "a classifier as Pawlab writes it")


def _bad_keras(problem: str) -> PawlabError:
    return refused(f"model.keras {problem}", "a classifier as Pawlab writes it")
